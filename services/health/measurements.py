"""What health counts about itself, for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

CHANGES = Counter("bellwether_health_changes", "Changed ranges rolled up")
ASSESSMENTS = Counter("bellwether_health_assessments", "Assessments of one customer", ["kind"])
FAILURES = Counter("bellwether_health_assessment_failures", "Assessments that a customer's own data made impossible")
SECONDS = Histogram(
    "bellwether_health_assessment_seconds", "Time that one customer's assessment took", buckets=(0.1, 0.3, 1, 3, 10, 30)
)
CYCLES = Counter("bellwether_health_cycles", "Cycles run")
IN_CHARGE = Gauge("bellwether_health_in_charge", "1 in the process that assesses, 0 in one that waits to take over")

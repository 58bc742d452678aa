"""What ingest counts, for Prometheus."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from services.ingest.decoding.mapped_json import UNDATED_PROTOCOL
from services.ingest.decoding.reason_kinds import ReasonKind
from services.ingest.messages.readings import Decoded
from services.ingest.monitoring.standing import Standing

_messages = Counter("bellwether_ingest_messages_total", "Messages committed", ["outcome"])
_samples = Counter("bellwether_ingest_samples_total", "Samples offered to the database", ["outcome"])
_batch_seconds = Histogram("bellwether_ingest_batch_seconds", "Time to store one batch")
_waiting_seconds = Histogram(
    "bellwether_ingest_commit_delay_seconds", "From the receipt of a batch's oldest message to its commit"
)
_connected = Gauge(
    "bellwether_ingest_connected", "1 while every plant is heard, Sparkplug's by us or by the lease's holder"
)

_batch_samples = Histogram(
    "bellwether_ingest_batch_samples",
    "Samples in one transaction",
    buckets=(1, 10, 100, 1_000, 10_000, 20_000, 200_000),
)
_conflicts = Counter("bellwether_ingest_conflicts_total", "Samples that came again with another value")
_late = Counter("bellwether_ingest_late_samples_total", "Samples older than what their source had told before")
_dead_letters = Counter("bellwether_ingest_dead_letters_total", "Messages refused", ["reason"])
_lost_letters = Counter("bellwether_ingest_dead_letters_lost_total", "Of those, the ones that nothing is stored of")
_watermark_lag = Gauge("bellwether_ingest_watermark_lag_seconds", "How far the last live source lags behind our time")
_stale = Gauge("bellwether_ingest_stale_sources", "Sources that ended their session, as a node does by its NDEATH")
_clock_skew = Gauge("bellwether_ingest_clock_skew_seconds", "The clock that is furthest from ours", ["direction"])
_clocks = Gauge("bellwether_ingest_clocks", "Live sources by how right their clock is", ["clock"])

_undated = Counter(
    "bellwether_ingest_undated_samples_total",
    "Samples offered with the time of receipt, which are outside the promise of exactly one row a sample",
)


def count_batch(batch: Sequence[Decoded], *, seconds: float, committed_us: int) -> None:
    """Note one committed batch."""
    refused = sum(decoded.reason is not None for decoded in batch)
    ignored = sum(decoded.is_ignored for decoded in batch)
    _messages.labels("stored").inc(len(batch) - refused - ignored)
    _messages.labels("dead_letter").inc(refused)
    _messages.labels("ignored").inc(ignored)
    _undated.inc(sum(d.samples for d in batch if d.readings and d.readings[0].protocol == UNDATED_PROTOCOL))
    _batch_seconds.observe(seconds)
    _waiting_seconds.observe((committed_us - batch[0].envelope.received_us) / 1e6)


def note_connected(*, connected: bool) -> None:
    """Note whether every plant is heard, Sparkplug's by us or by the lease's holder."""
    _connected.set(connected)


def count_committed(
    *, stored: int, repeated: int, conflicts: int, late: int, kinds: Sequence[ReasonKind], lost: int
) -> None:
    """Note what became of one transaction's samples and refused messages."""
    _batch_samples.observe(stored + repeated)
    _samples.labels("stored").inc(stored)
    _samples.labels("repeated").inc(repeated)
    _conflicts.inc(conflicts)
    _late.inc(late)
    for kind in kinds:
        _dead_letters.labels(kind.value).inc()
    _lost_letters.inc(lost)


def note_sources(standing: Standing) -> None:
    """Note how the live sources stand."""
    _watermark_lag.set(standing.lag_s)
    _stale.set(standing.stale)
    _clock_skew.labels("ahead").set(standing.ahead_s)
    _clock_skew.labels("behind").set(standing.behind_s)
    for state, count in standing.states.items():
        _clocks.labels(state.value).set(count)

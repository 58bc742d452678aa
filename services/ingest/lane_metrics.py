"""What the lanes count, for Prometheus: what came, what waits, and what this process is to the plants."""

from prometheus_client import Counter, Gauge

_received = Counter("bellwether_ingest_received_total", "Messages that came from the broker", ["lane"])
_rebirths = Counter("bellwether_ingest_rebirths_asked_total", "Requests to Sparkplug nodes for their births")
_refused = Counter("bellwether_ingest_spool_refused_total", "Sparkplug messages lost because the spool was full")
_spool_messages = Gauge("bellwether_ingest_spool_messages", "Sparkplug messages that wait on disk for the database")
_spool_bytes = Gauge("bellwether_ingest_spool_bytes", "Bytes of them")
_online = Gauge("bellwether_ingest_host_online", "1 while plants are told that this Sparkplug host is online")
_lease = Gauge("bellwether_ingest_lease_held", "1 while this process is the one that hears Sparkplug")


def count_received(lane: str, messages: int) -> None:
    """Note messages that came from the broker."""
    _received.labels(lane).inc(messages)


def count_rebirth() -> None:
    """Note one request for births."""
    _rebirths.inc()


def count_refused(messages: int) -> None:
    """Note messages that found no room in the spool."""
    _refused.inc(messages)


def note_sparkplug(*, online: bool, lease_held: bool, spooled_messages: int, spooled_bytes: int) -> None:
    """Note how the Sparkplug lane stands."""
    _online.set(online)
    _lease.set(lease_held)
    _spool_messages.set(spooled_messages)
    _spool_bytes.set(spooled_bytes)

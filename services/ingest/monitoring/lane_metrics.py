"""What the lanes count, for Prometheus: what came, what waits, and what this process is to the plants."""

from dataclasses import asdict

from prometheus_client import Counter, Gauge

from services.ingest.sparkplug import Counts, SparkplugHost

_received = Counter("bellwether_ingest_received_total", "Messages that came from the broker", ["lane"])
_rebirths = Counter("bellwether_ingest_rebirths_asked_total", "Requests to Sparkplug nodes for their births")
_refused = Counter("bellwether_ingest_spool_refused_total", "Sparkplug messages lost because the spool was full")
_spool_messages = Gauge("bellwether_ingest_spool_messages", "Sparkplug messages that wait on disk for the database")
_spool_bytes = Gauge("bellwether_ingest_spool_bytes", "Bytes of them")
_online = Gauge("bellwether_ingest_host_online", "1 while plants are told that this Sparkplug host is online")
_met = Counter("bellwether_ingest_sparkplug_met_total", "What disturbed the order of Sparkplug messages", ["what"])
_nodes = Gauge("bellwether_ingest_sparkplug_nodes_born", "Sparkplug nodes whose births are in force")
_held = Gauge("bellwether_ingest_sparkplug_messages_held", "Sparkplug messages that wait for those before them")
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


def note_host(host: SparkplugHost, counted: Counts) -> None:
    """Note what the host knows, and what it has met beyond what is `counted`, which then is counted too."""
    _nodes.set(host.nodes_born)
    _held.set(host.messages_held)
    for what, count in asdict(host.counts).items():
        _met.labels(what).inc(count - getattr(counted, what))
        setattr(counted, what, count)

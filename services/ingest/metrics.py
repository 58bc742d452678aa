"""What ingest counts, for Prometheus."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from services.ingest.readings import Decoded

_messages = Counter("bellwether_ingest_messages_total", "Messages committed", ["outcome"])
_samples = Counter("bellwether_ingest_samples_total", "Samples offered to the database", ["outcome"])
_batch_seconds = Histogram("bellwether_ingest_batch_seconds", "Time to store one batch")
_waiting_seconds = Histogram("bellwether_ingest_commit_delay_seconds", "From the receipt of a message to its commit")
_connected = Gauge("bellwether_ingest_connected", "1 while both connections to the broker stand")

_NOTHING = tuple(Decoded._field_defaults.values())


def count_batch(batch: Sequence[Decoded], *, stored: int, repeated: int, seconds: float, committed_us: int) -> None:
    """Note one committed batch."""
    refused = sum(decoded.reason is not None for decoded in batch)
    ignored = sum(decoded[1:] == _NOTHING for decoded in batch)
    _messages.labels("stored").inc(len(batch) - refused - ignored)
    _messages.labels("dead_letter").inc(refused)
    _messages.labels("ignored").inc(ignored)
    _samples.labels("stored").inc(stored)
    _samples.labels("repeated").inc(repeated)
    _batch_seconds.observe(seconds)
    _waiting_seconds.observe((committed_us - batch[0].envelope.received_us) / 1e6)


def note_connected(*, connected: bool) -> None:
    """Note whether the broker is there."""
    _connected.set(connected)

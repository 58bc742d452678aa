"""What one node says to a host, message by message, and what is told of it."""

from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug import DataType, Metric, node_birth, payload, topic
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_MS, envelope

D = DataType
TEMPERATURE = Metric(name="t", alias=1, datatype=D.DOUBLE, value=20.0, unit="degC")


def unordered():
    """A host that waits for nothing."""
    return SparkplugHost(reorder_timeout_us=0)


def receive(host, kind, raw, device=None, **of_the_envelope):
    if isinstance(raw, Payload):
        raw = raw.SerializeToString()
    (decoded,) = host.receive(envelope(topic("g", kind, "edge", device), raw, **of_the_envelope))
    return decoded


def node_born(host, *metrics):
    return receive(host, "NBIRTH", node_birth(metrics, bd_seq=0, timestamp_ms=NOW_MS))


def say(host, kind, *metrics, seq, device=None):
    return receive(host, kind, payload(metrics, timestamp_ms=NOW_MS, seq=seq), device)


def values(decoded):
    assert decoded.reason is None
    return {m: v for r in decoded.readings for m, v in zip(r.metrics, r.values.tolist(), strict=True)}


def texts(decoded):
    assert decoded.reason is None
    return dict(text for r in decoded.readings for text in r.texts)

"""What a host makes of an edge node's messages."""

from services.ingest.messages.readings import Decoded
from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.sparkplug_edge import EdgeNode, Message
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

SECOND_US = 1_000_000
SOURCE = "spBv1.0/g/edge"


def edge_node() -> EdgeNode:
    """An edge node whose clock began a second ago."""
    return EdgeNode(clock_ms=NOW_MS - 1000)


def hear(host: SparkplugHost, messages: list[Message], *, at_us: int = NOW_US) -> list[Decoded]:
    """Everything that comes out, in order."""
    return [decoded for each in messages for decoded in host.receive(envelope(each.topic, each.payload, at_us=at_us))]


def samples(decoded: list[Decoded]) -> list[tuple[str, str, int, float]]:
    """Device, metric, instant and value of every number."""
    return [
        (reading.device, metric, reading.observed_us, value)
        for each in decoded
        for reading in each.readings
        for metric, value in zip(reading.metrics, reading.values.tolist(), strict=True)
    ]


def values(decoded: list[Decoded]) -> list[float]:
    """The numbers alone."""
    return [value for *_, value in samples(decoded)]


def reasons(decoded: list[Decoded]) -> list[str]:
    """Why messages were refused."""
    return [each.reason for each in decoded if each.reason is not None]


def asked(decoded: list[Decoded]) -> int:
    """How often the node is to be asked for its births."""
    return sum(each.rebirth is not None for each in decoded)


def silences(decoded: list[Decoded]) -> list[tuple[str | None, int | None]]:
    """Whose silence begins, and when."""
    return [(silence.device, silence.observed_us) for each in decoded for silence in each.silences]


def in_session(**settings: int) -> tuple[SparkplugHost, EdgeNode]:
    """A host that has heard the births of an edge node, and the node."""
    host, edge = SparkplugHost(**settings), edge_node()
    hear(host, edge.birth())
    return host, edge


def without(message: Message, field: str) -> Message:
    """The message with one field of its payload left out."""
    raw = Payload.FromString(message.payload)
    raw.ClearField(field)
    return message._replace(payload=raw.SerializeToString())

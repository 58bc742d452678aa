"""What births and deaths say has ended, and when."""

from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded, Silence, check_instant
from services.ingest.sparkplug.edge_nodes import Node, Session
from services.ingest.sparkplug.seq import Message
from services.ingest.sparkplug.topics import parse_topic
from shared.errors import DecodeError
from shared.sparkplug import topic

_LEAST_US = 1


def device_death(death: Message) -> Decoded:
    """Silence of one device right after the payload's time: what it said in that same millisecond still stands."""
    envelope, address = death.envelope, death.address
    if not death.sent_ms:
        return Decoded(envelope, reason="the death of a device has no time")
    try:
        at = check_instant(envelope.topic, death.sent_ms * 1000 + _LEAST_US, envelope.received_us)
    except DecodeError as exc:
        return Decoded(envelope, reason=exc.reason)
    return Decoded(envelope, silences=(Silence(address.source, address.device, at),))


def presumed_death(group: str, edge: str, received_us: int) -> Decoded:
    """The end of all that a node had said that answers no more, as its NDEATH would have told it."""
    envelope = Envelope(topic(group, "NDEATH", edge), b"", 0, False, received_us, 0, 0)
    silence = Silence(parse_topic(envelope.topic).source, None, None)
    return Decoded(envelope, silences=(silence,), alive=False)


def silence_before(birth: Message, device: str | None) -> Silence:
    """Silence until the birth, at an instant that nobody else can name: devices tell whole milliseconds."""
    envelope = birth.envelope
    try:
        at = check_instant(envelope.topic, birth.sent_ms * 1000 - _LEAST_US, envelope.received_us)
    except DecodeError:
        return Silence(birth.address.source, device, None)
    return Silence(birth.address.source, device, at)


def implied_death(node: Node, last: Session, born: Session) -> bool:
    """Whether all that the node and its devices had said ended before the birth, and nobody has said so yet.

    Of a node whose last birth was not heard nobody knows which of its devices died meanwhile: those that live are
    born again.
    """
    if last.birth is None:
        return not node.ended
    return None not in (last.bd_seq, born.bd_seq) and last.bd_seq != born.bd_seq

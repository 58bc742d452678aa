"""One message in its session: what it changes there, and what it says."""

from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded
from services.ingest.sparkplug.births import Births, UnknownMetricError, learn
from services.ingest.sparkplug.deaths import device_death
from services.ingest.sparkplug.edge_nodes import Node, Session
from services.ingest.sparkplug.seq import Message
from services.ingest.sparkplug.telemetry import readings_of
from shared.errors import DecodeError
from shared.sparkplug.decode import parse_payload
from shared.sparkplug.sparkplug_b_pb2 import Payload

DATA = frozenset({"NDATA", "DDATA"})
"""Kinds of messages that change nothing in a session's births."""


_RETAINED = "a retained Sparkplug message tells the past: the specification forbids it"


def payload_of(envelope: Envelope) -> Payload:
    """What the message carries; raise DecodeError where it is nothing that a node may say."""
    if envelope.retained:
        raise DecodeError(envelope.topic, _RETAINED)
    try:
        return parse_payload(envelope.payload)
    except ValueError as exc:
        raise DecodeError(envelope.topic, str(exc)) from exc


def told_in(node: Node, session: Session, message: Message, payload: Payload) -> Decoded:
    """The message with what its session's births say, after those have learnt from it."""
    envelope, address = message.envelope, message.address
    node.ended = False
    if address.kind == "DDEATH":
        session.forget_births(address.device)
        return device_death(message)
    if address.kind not in DATA:
        session.learn_births(address.device, learn(payload))
    births = session.births.get(address.device)
    unknown = births is None
    try:
        decoded = Decoded(envelope, readings_of(envelope, address, payload, births or Births()), alive=True)
    except UnknownMetricError as exc:
        unknown = True
        decoded = Decoded(envelope, reason=exc.reason)
    except DecodeError as exc:
        decoded = Decoded(envelope, reason=exc.reason)
    node.births_wanted |= unknown and session is node.session
    return decoded

"""The documented JSON: topic `bellwether/v1/{plant}/{device}`, one object or an array of objects

{"timestamp": <Unix ms>, "values": {<metric>: number | string | true | false | null}, "historical": false}
"""

import msgspec
import numpy as np

from services.ingest.decoding.bounded_caches import StorableNames, kept_by_topic
from services.ingest.decoding.values import Scalar, sort_values
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import (
    EXACT_IN_FLOAT64,
    MALFORMED,
    Reading,
    check_count,
    check_instant,
    check_name,
)
from shared.errors import DecodeError

PROTOCOL = "json"
SUBSCRIPTION = "bellwether/v1/#"

_SHAPE = (
    'a message is {"timestamp": whole Unix ms, "values": {name: number, text, true, false or null}}, or a list of these'
)


class _Numbers(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    timestamp: int
    values: dict[str, float]
    historical: bool = False


class _Mixed(msgspec.Struct, forbid_unknown_fields=True):
    timestamp: int
    values: dict[str, Scalar]
    historical: bool = False


_numbers = msgspec.json.Decoder(_Numbers | list[_Numbers])
_mixed = msgspec.json.Decoder(_Mixed | list[_Mixed])
_storable = StorableNames()


def decode_json(envelope: Envelope) -> tuple[Reading, ...]:
    """Readings of one message, all of them or none; raise DecodeError with the reason.

    Nearly every message has numbers only, which a decoder for just that reads several times faster; what it
    refuses is read again by the general one.
    """
    source, device = _address(envelope.topic)
    try:
        body = _numbers.decode(envelope.payload)
    except MALFORMED:
        return _decode_mixed(envelope, source, device)
    messages = body if isinstance(body, list) else [body]
    check_count(envelope.topic, len(messages))
    readings = []
    for message in messages:
        numbers, metrics = message.values.values(), tuple(message.values)
        least, greatest = min(numbers, default=0.0), max(numbers, default=0.0)
        if not (least > -EXACT_IN_FLOAT64 and greatest < EXACT_IN_FLOAT64 and _storable.include(metrics)):
            return _decode_mixed(envelope, source, device)
        values = np.fromiter(numbers, np.float64, len(numbers))
        observed_us = check_instant(envelope.topic, message.timestamp * 1000, envelope.received_us)
        readings.append(Reading(source, PROTOCOL, device, observed_us, message.historical, metrics, values))
    return tuple(readings)


def _decode_mixed(envelope: Envelope, source: str, device: str) -> tuple[Reading, ...]:
    try:
        body = _mixed.decode(envelope.payload)
    except msgspec.ValidationError as exc:
        raise DecodeError(envelope.topic, f"{exc}; {_SHAPE}") from exc
    except MALFORMED as exc:
        raise DecodeError(envelope.topic, str(exc) or type(exc).__name__) from exc
    messages = body if isinstance(body, list) else [body]
    check_count(envelope.topic, len(messages))
    readings = []
    for message in messages:
        observed_us = check_instant(envelope.topic, message.timestamp * 1000, envelope.received_us)
        found = sort_values(envelope.topic, message.values.items())
        readings.append(
            Reading(
                source=source,
                protocol=PROTOCOL,
                device=device,
                observed_us=observed_us,
                historical=message.historical,
                metrics=found.metrics,
                values=found.values,
                texts=found.texts,
            )
        )
    return tuple(readings)


@kept_by_topic
def _address(topic: str) -> tuple[str, str]:
    match topic.split("/"):
        case ["bellwether", "v1", plant, device] if plant and device:
            return f"bellwether/v1/{check_name(topic, plant)}", check_name(topic, device)
        case _:
            raise DecodeError(topic, "the topic is not bellwether/v1/{plant}/{device}")

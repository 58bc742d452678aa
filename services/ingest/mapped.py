"""Telemetry of plants that speak their own JSON, decoded by a declared mapping."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from services.ingest.envelope import Envelope
from services.ingest.readings import Reading, check_instant, check_name
from services.ingest.values import TOO_LONG, Scalar, sort_values
from shared.errors import DecodeError
from shared.mappings import MappingSpecification, ValueField
from shared.units import conversion

PROTOCOL = "mapped_json"

_ABSENT = object()
_MICROSECONDS = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0, "epoch_ns": 1e-3}
_NUMBER = re.compile(r"[+-]?[0-9]+(?P<fraction>\.[0-9]*)?(?P<exponent>[eE][+-]?[0-9]+)?")
_LONGEST_NUMBER = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Address(NamedTuple):
    """What a topic says under a mapping's pattern."""

    source: str
    device: str
    metric: str | None


def match_topic(pattern: str, topic: str) -> Address | None:
    """What `topic` says under `pattern`; None where it does not fit."""
    wanted, parts = pattern.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        parts = parts[: len(wanted)] if len(parts) >= len(wanted) else parts
    if len(wanted) != len(parts):
        return None
    named: dict[str, str] = {}
    for place, (want, part) in enumerate(zip(wanted, parts, strict=True)):
        if want.startswith("{"):
            if not part:
                return None
            named[want] = "/".join(parts[: place + 1]) if want == "{source}" else part
        elif want not in ("+", part):
            return None
    source = named["{source}"]
    return Address(source, named.get("{device}", source.rsplit("/", 1)[-1]), named.get("{metric}"))


def decode_mapped(mapping: MappingSpecification, address: Address, envelope: Envelope) -> tuple[Reading, ...]:
    """Readings of one message, all of them or none; raise DecodeError with the reason.

    A path that leads nowhere is no sample; null is "no value". A value that is no number, text, truth or null is
    refused. A retained message gives nothing unless the mapping takes those.
    """
    if envelope.retained and mapping.retained == "ignore":
        return ()
    topic = envelope.topic
    check_name(topic, address.device)
    check_name(topic, address.source)
    try:
        body = msgspec.json.decode(envelope.payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise DecodeError(topic, str(exc) or type(exc).__name__) from exc
    readings = []
    for element in _elements(topic, mapping, body):
        observed_us = check_instant(topic, _time(topic, mapping, element, envelope), envelope.received_us)
        found = sort_values(topic, _values(topic, mapping, address, element))
        readings.append(
            Reading(
                source=address.source,
                protocol=PROTOCOL,
                device=address.device,
                observed_us=observed_us,
                historical=False,
                metrics=found.metrics,
                values=found.values,
                texts=found.texts,
            )
        )
    return tuple(readings)


def _elements(topic: str, mapping: MappingSpecification, body: object) -> Sequence[object]:
    if mapping.readings is None:
        return [body]
    elements = _at(body, mapping.readings)
    if not isinstance(elements, list):
        raise DecodeError(topic, f"there is no array at {mapping.readings!r}")
    return elements


def _time(topic: str, mapping: MappingSpecification, element: object, envelope: Envelope) -> int:
    if mapping.time.path is None:
        return envelope.received_us
    written = _at(element, mapping.time.path)
    if mapping.time.format == "rfc3339":
        return _rfc3339(topic, written)
    if isinstance(written, str):
        written = _number(topic, mapping.time.path, written)
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise DecodeError(topic, f"there is no time at {mapping.time.path!r}")
    if not abs(written) < 2**63:
        raise DecodeError(topic, f"the number at {mapping.time.path!r} is not a time")
    return round(written * _MICROSECONDS[mapping.time.format])


def _rfc3339(topic: str, written: object) -> int:
    if not isinstance(written, str):
        raise DecodeError(topic, "the time is not a text in RFC 3339")
    try:
        at = datetime.fromisoformat(written)
    except ValueError as exc:
        raise DecodeError(topic, f"{written[:40]!r} is not a time in RFC 3339") from exc
    if at.tzinfo is None:
        raise DecodeError(topic, f"{written!r} has no offset from UTC")
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _values(
    topic: str, mapping: MappingSpecification, address: Address, element: object
) -> Iterator[tuple[str, Scalar]]:
    if mapping.all_values is not None:
        found = _at(element, mapping.all_values)
        if not isinstance(found, dict):
            raise DecodeError(topic, f"there is no object at {mapping.all_values!r}")
        for name, value in found.items():
            yield name, _scalar(topic, name, value, strings=mapping.strings)
        return
    for field in mapping.values:
        value = _at(element, field.path)
        if value is not _ABSENT:
            scalar = _scalar(topic, field.path, value, strings=field.strings)
            yield field.metric or address.metric or "", _converted(field, scalar)


def _converted(field: ValueField, value: Scalar) -> Scalar:
    if field.unit is None or field.to is None or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    scale, offset = conversion(field.unit, field.to)
    return value * scale + offset


def _scalar(topic: str, where: str, value: object, *, strings: bool) -> Scalar:
    if isinstance(value, str) and strings:
        value = _number(topic, where, value)
    if isinstance(value, int) and abs(value) >= TOO_LONG:
        raise DecodeError(topic, f"{where!r} is an integer of more than 30 digits")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise DecodeError(topic, f"{where!r} is a {type(value).__name__}, not a number or a text")


def _number(topic: str, where: str, text: str) -> float | int:
    """The number written in `text`, an integer exactly where it is one."""
    written = _NUMBER.fullmatch(text.strip())
    if written is None or len(text) > _LONGEST_NUMBER:
        raise DecodeError(topic, f"{where!r} is {text[:40]!r}, not a number")
    return float(text) if written["fraction"] or written["exponent"] else int(text)


def _at(body: object, path: str) -> object:
    """What is at `path`, or `_ABSENT`."""
    for key in path.split(".") if path else ():
        if isinstance(body, dict):
            body = body.get(key, _ABSENT)
        elif isinstance(body, list) and key.isdecimal() and int(key) < len(body):
            body = body[int(key)]
        else:
            return _ABSENT
    return body

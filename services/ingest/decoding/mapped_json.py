"""Telemetry of plants that speak their own JSON, decoded by a declared mapping."""

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from services.ingest.decoding.bounded_caches import kept_by_topic
from services.ingest.decoding.literals import read_number, read_time
from services.ingest.decoding.values import TOO_LONG, Scalar, once_each, sort_values
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import MALFORMED, Reading, check_count, check_instant, check_name
from shared.errors import DecodeError
from shared.mappings import METRIC_AND_REST, MappingSpecification, ValueField
from shared.units import conversion

PROTOCOL = "mapped_json"
UNDATED_PROTOCOL = "mapped_json_undated"
"""Of a mapping with `time: received`: what is delivered twice is stored twice."""

_ABSENT = object()
_CLOCK_SET_BACK_US = 60_000_000
_PARTS = {
    "{source}": "[^/]+)",
    "{device}": "(?P<device>[^/]+)",
    "{metric}": "(?P<metric>[^/]+)",
    METRIC_AND_REST: "(?P<metric>.+)",
    "+": "[^/]*",
}


class Address(NamedTuple):
    """What a topic says under a mapping's pattern."""

    source: str
    device: str
    metric: str | None


class Arrivals:
    """Instants of receipt, each another one: two readings of one microsecond must not take each other's place."""

    def __init__(self) -> None:
        self._last = 0

    def instant(self, received_us: int) -> int:
        """`received_us`, or the next microsecond that is free; a clock that was set back is followed."""
        free = self._last + 1
        self._last = free if received_us < free < received_us + _CLOCK_SET_BACK_US else received_us
        return self._last


@kept_by_topic
def match_topic(topic: str, pattern: str) -> Address | None:
    """What `topic` says under `pattern`; None where it does not fit. The source is always how the topic begins."""
    found = _expression(pattern).fullmatch(topic)
    if found is None:
        return None
    named = found.groupdict()
    source = named["source"]
    return Address(source, named.get("device", source.rsplit("/", 1)[-1]), named.get("metric"))


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    """The topics that fit a pattern; its group `source` reaches from their beginning."""
    parts = [_PARTS.get(part, re.escape(part)) for part in pattern.removesuffix("/#").split("/")]
    rest = "(?:/.*)?" if pattern.endswith("/#") else ""
    return re.compile("(?P<source>" + "/".join(parts) + rest, re.DOTALL)


def decode_mapped(
    mapping: MappingSpecification, address: Address, envelope: Envelope, arrivals: Arrivals
) -> tuple[Reading, ...]:
    """Readings of one message, all of them or none; raise DecodeError with the reason.

    A path that leads nowhere is no sample; null is "no value". A value that is no number, text, truth or null is
    refused. A retained message gives nothing unless the mapping takes those.
    """
    if envelope.retained and mapping.retained == "ignore":
        return ()
    topic = envelope.topic
    check_name(topic, address.device)
    check_name(topic, address.source)
    body = _body(topic, mapping, envelope.payload)
    elements = _elements(topic, mapping, body)
    check_count(topic, len(elements))
    return tuple(_reading(mapping, address, envelope, arrivals, _Places(body, element)) for element in elements)


def _reading(
    mapping: MappingSpecification, address: Address, envelope: Envelope, arrivals: Arrivals, places: "_Places"
) -> Reading:
    topic = envelope.topic
    if mapping.time.path is None:
        observed_us, protocol = arrivals.instant(envelope.received_us), UNDATED_PROTOCOL
    else:
        written = places.at(mapping.time.path)
        observed_us, protocol = read_time(topic, mapping.time, written, within=mapping.readings), PROTOCOL
    found = sort_values(topic, once_each(topic, _values(topic, mapping, address, places)))
    return Reading(
        source=address.source,
        protocol=protocol,
        device=address.device,
        observed_us=check_instant(topic, observed_us, envelope.received_us),
        historical=False,
        metrics=found.metrics,
        values=found.values,
        texts=found.texts,
    )


class _Places(NamedTuple):
    """Where paths start: `$` at the payload, all others at one of its readings."""

    body: object
    element: object

    def at(self, path: str) -> object:
        """What is at `path`, or `_ABSENT`."""
        keys = _keys(path)
        here = self.element
        if keys and keys[0] == "$":
            here, keys = self.body, keys[1:]
        for key in keys:
            if isinstance(here, dict):
                here = here.get(key, _ABSENT)
            elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
                here = here[int(key)]
            else:
                return _ABSENT
        return here


@lru_cache(maxsize=4096)
def _keys(path: str) -> tuple[str, ...]:
    return tuple(key.replace("\\.", ".") for key in re.split(r"(?<!\\)\.", path)) if path else ()


def _body(topic: str, mapping: MappingSpecification, payload: bytes) -> object:
    try:
        return payload.decode() if mapping.payload == "text" else msgspec.json.decode(payload)
    except MALFORMED as exc:
        raise DecodeError(topic, str(exc) or type(exc).__name__) from exc


def _elements(topic: str, mapping: MappingSpecification, body: object) -> Sequence[object]:
    if mapping.readings is None:
        return [body]
    elements = _Places(body, body).at(mapping.readings)
    if not isinstance(elements, list):
        raise DecodeError(topic, f"there is no array at {mapping.readings!r}")
    return elements


def _values(
    topic: str, mapping: MappingSpecification, address: Address, places: _Places
) -> Iterator[tuple[str, Scalar]]:
    if mapping.all_values is not None:
        found = places.at(mapping.all_values)
        if not isinstance(found, dict):
            raise DecodeError(topic, f"there is no object at {mapping.all_values!r}")
        for name, value in found.items():
            yield name, _scalar(topic, name, value, mapping)
        return
    for field in mapping.values:
        value = places.at(field.path)
        if value is not _ABSENT:
            scalar = _scalar(topic, field.path, value, field)
            yield _metric(topic, field, address, places), _converted(topic, field, scalar)


def _metric(topic: str, field: ValueField, address: Address, places: _Places) -> str:
    if field.metric_path is None:
        return field.metric or address.metric or ""
    name = places.at(field.metric_path)
    if not isinstance(name, str):
        raise DecodeError(topic, f"there is no name of a metric at {field.metric_path!r}")
    return name


def _converted(topic: str, field: ValueField, value: Scalar) -> Scalar:
    if field.unit is None or field.to is None or value is None:
        return value
    if isinstance(value, bool | str):
        raise DecodeError(topic, f"{field.path!r} has a unit, but is no number")
    scale, offset = conversion(field.unit, field.to)
    converted = value * scale + offset
    if not math.isfinite(converted):
        raise DecodeError(topic, f"{field.path!r} is too large for {field.to}")
    return converted


def _scalar(topic: str, where: str, value: object, written: MappingSpecification | ValueField) -> Scalar:
    if isinstance(value, str) and written.strings:
        value = read_number(topic, where, value, written.decimal)
    if isinstance(value, int) and abs(value) >= TOO_LONG:
        raise DecodeError(topic, f"{where!r} is an integer of more than 30 digits")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise DecodeError(topic, f"{where!r} is a {type(value).__name__}, not a number or a text")

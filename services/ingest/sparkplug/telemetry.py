"""The readings in a Sparkplug payload."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from services.ingest.decoding.values import Scalar, sort_values
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import GOOD, UNCERTAIN, Reading, check_instant, check_name, check_text
from services.ingest.sparkplug.births import Births
from services.ingest.sparkplug.shapes import Fields, Shape, fields_of, shape_of, values_of
from services.ingest.sparkplug.stencils import Said
from services.ingest.sparkplug.topics import Address
from shared.errors import DecodeError
from shared.sparkplug.datatypes import BAD_QUALITY, STALE_QUALITY
from shared.sparkplug.decode import is_text, metric_properties, metric_value
from shared.sparkplug.names import BD_SEQ
from shared.sparkplug.sparkplug_b_pb2 import Payload

PROTOCOL = "sparkplug_b"

_NOT_TELEMETRY = ("Node Control/", "Device Control/")
_NO_VALUE = frozenset({BAD_QUALITY, STALE_QUALITY})
_SHAPES_KEPT = 2


class _Value(NamedTuple):
    name: str
    value: Scalar
    text: bool
    observed_us: int
    historical: bool
    quality: int
    unit: str | None


def readings_of(envelope: Envelope, address: Address, payload: Payload, births: Births) -> tuple[Reading, ...]:
    """Everything the payload says, or DecodeError with the reason why none of it can be taken.

    Left out: bdSeq, the control metrics, and what the node marks as transient. A metric's time is the payload's where
    it has none of its own (0 counts as none). What a birth says is in force when it says so: a value that it dates
    back is stored at its own time and at the birth's, or a node that died in between would have lost it.
    """
    birth = address.kind.endswith("BIRTH")
    if not birth:
        said = births.stencils.read(envelope.payload, payload.seq)
        if said is not None:
            return _readings(envelope, address, payload, said)
    metrics = list(payload.metrics)
    if not metrics:
        return ()
    if not birth:
        said = _said(envelope, births, metrics)
        if said is not None:
            if len(metrics) <= len(births.by_name):
                births.stencils.learn(envelope.payload, payload.seq, said)
            return _readings(envelope, address, payload, said)
    values = _values(envelope, address, payload, births, metrics)
    return tuple(_grouped(envelope, address, values))


def _said(envelope: Envelope, births: Births, metrics: Sequence[Payload.Metric]) -> Said | None:
    """What the message says if it is a usual one."""
    fields = fields_of(metrics)
    if any(fields.is_transient) or any(fields.is_null) or any(fields.properties):
        return None
    if any(fields.is_historical) and not all(fields.is_historical):
        return None
    shape = _shape(envelope, births, metrics, fields)
    values = None if shape is None else values_of(metrics, shape)
    if shape is None or values is None:
        return None
    return Said(shape, fields.is_historical[0], fields.timestamp, values)


def _readings(envelope: Envelope, address: Address, payload: Payload, said: Said) -> tuple[Reading, ...]:
    """One reading for each instant."""
    first, count = said.timestamps[0], len(said.timestamps)
    source, device = address.source, address.device or address.edge
    if said.timestamps.count(first) == count:
        at = _instant(envelope, first or payload.timestamp)
        return (Reading(source, PROTOCOL, device, at, said.historical, said.shape.metrics, said.values),)
    places: dict[int, list[int]] = {}
    for place, milliseconds in enumerate(said.timestamps):
        places.setdefault(milliseconds or payload.timestamp, []).append(place)
    return tuple(
        Reading(
            source,
            PROTOCOL,
            device,
            _instant(envelope, milliseconds),
            said.historical,
            tuple([said.shape.metrics[place] for place in members]),
            said.values[members],
        )
        for milliseconds, members in places.items()
    )


def _shape(envelope: Envelope, births: Births, metrics: Sequence[Payload.Metric], fields: Fields) -> Shape | None:
    """The message's shape, from those that the device has had. One tuple of names for all of them: its ids are kept."""
    key = (fields.name, fields.alias, fields.datatype)
    shape = births.shapes.get(key)
    if shape is None:
        known = [births.identify(envelope.topic, metric) for metric in metrics]
        names = [check_name(envelope.topic, each.name) for each in known]
        if any(_is_control(name) for name in names):
            return None
        shape = shape_of(metrics, names, [each.datatype for each in known])
        if shape is not None and len(metrics) <= len(births.by_name):
            if sum(len(each.metrics) for each in births.shapes.values()) >= _SHAPES_KEPT * len(births.by_name):
                births.shapes.clear()
            births.shapes[key] = shape
    return shape


def _is_control(name: str) -> bool:
    return name == BD_SEQ or name.startswith(_NOT_TELEMETRY)


def _instant(envelope: Envelope, milliseconds: int) -> int:
    if not milliseconds:
        raise DecodeError(envelope.topic, "neither the metric nor the payload has a time")
    return check_instant(envelope.topic, milliseconds * 1000, envelope.received_us)


def _values(
    envelope: Envelope, address: Address, payload: Payload, births: Births, metrics: Iterable[Payload.Metric]
) -> Iterator[_Value]:
    birth = address.kind.endswith("BIRTH")
    for metric in metrics:
        known = births.identify(envelope.topic, metric)
        if metric.is_transient or _is_control(known.name):
            continue
        try:
            value = metric_value(metric, known.datatype, known.members)
            quality, unit = metric_properties(metric.properties)
        except ValueError as exc:
            raise DecodeError(envelope.topic, f"{known.name}: {exc}") from exc
        said = _Value(
            name=known.name,
            value=None if quality in _NO_VALUE else value,
            text=is_text(known.datatype),
            observed_us=_instant(envelope, metric.timestamp or payload.timestamp),
            historical=metric.is_historical,
            quality=GOOD if quality is None or quality == GOOD else UNCERTAIN,
            unit=unit if birth else None,
        )
        yield said
        if birth and not said.historical and 0 < metric.timestamp < payload.timestamp:
            yield said._replace(observed_us=_instant(envelope, payload.timestamp), unit=None)


def _grouped(envelope: Envelope, address: Address, values: Iterable[_Value]) -> Iterator[Reading]:
    """One reading for each instant, flag and quality, in the order in which they first occur."""
    groups: dict[tuple[int, bool, int], list[_Value]] = {}
    for value in values:
        groups.setdefault((value.observed_us, value.historical, value.quality), []).append(value)
    for (observed_us, historical, quality), members in groups.items():
        found = sort_values(envelope.topic, ((m.name, m.value) for m in members if m.value is not None or not m.text))
        missing = tuple((check_name(envelope.topic, m.name), None) for m in members if m.value is None and m.text)
        yield Reading(
            address.source,
            PROTOCOL,
            address.device or address.edge,
            observed_us,
            historical,
            found.metrics,
            found.values,
            found.texts + missing,
            quality,
            tuple((m.name, check_text(envelope.topic, m.unit)) for m in members if m.unit is not None),
        )

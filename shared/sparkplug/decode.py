"""Sparkplug B payloads as a host reads them."""

from collections.abc import Mapping
from typing import NamedTuple

from google.protobuf.message import DecodeError as ProtobufError

from shared.sparkplug.datatypes import KNOWN_TYPES, QUALITY_PROPERTY, STRUCTURES, TEXTS, UNIT_PROPERTY, DataType
from shared.sparkplug.scalars import described, scalar_value
from shared.sparkplug.sparkplug_b_pb2 import Payload
from shared.sparkplug.structures import Member, structure_text

MOST_METRICS = 120_000
_MOST_METRIC_TAGS = 400_000
_METRIC_TAG = b"\x12"
# A convention beside the specification: the payload proper is then in `body`, deflated or gzipped.
_COMPRESSED = "SPBV1.0_COMPRESSED"
_UNFIT = frozenset({DataType.PROPERTY_SET, DataType.PROPERTY_SET_LIST})


class Properties(NamedTuple):
    """What Sparkplug itself defines of a metric's properties: quality 0 bad, 192 good, 500 stale; None: not said."""

    quality: int | None = None
    unit: str | None = None


def parse_payload(raw: bytes) -> Payload:
    """The payload in `raw`; raise ValueError where it is none, or has more metrics than fit into memory.

    Two bytes can be a metric, and take a hundred times as many once they are read: so the bytes that begin one are
    counted first, wherever they stand.
    """
    if raw.count(_METRIC_TAG) > _MOST_METRIC_TAGS:
        raise ValueError(f"it has more than {_MOST_METRIC_TAGS} bytes that may each begin a metric")
    try:
        payload = Payload.FromString(raw)
    except ProtobufError as exc:
        raise ValueError("the payload is not Sparkplug B") from exc
    if payload.uuid == _COMPRESSED:
        raise ValueError("the payload is compressed, which this host does not read")
    if len(payload.metrics) > MOST_METRICS:
        raise ValueError(f"it has more than {MOST_METRICS} metrics")
    return payload


def metric_value(
    metric: Payload.Metric, datatype: int | None, members: Mapping[str, Member]
) -> float | int | str | bool | None:
    """The metric's value, of many parts as JSON text; None for "no value". Raises ValueError with the reason.

    datatype: the birth's or the metric's own; None where neither gives one. members: see `structure_text`.
    """
    if datatype is not None and (datatype not in KNOWN_TYPES or datatype in _UNFIT):
        raise ValueError(f"{described(datatype)} is nothing that a metric can have")
    if metric.is_null:
        return None
    if datatype in STRUCTURES:
        return structure_text(metric, datatype, members)
    return scalar_value(metric, datatype)


def is_text(datatype: int | None) -> bool:
    """Whether a metric of that data type holds text."""
    return datatype in TEXTS or datatype in STRUCTURES


def metric_properties(raw: bytes) -> Properties:
    """What the bytes of a metric's property set say; raise ValueError where they are none."""
    if not raw:
        return Properties()
    try:
        properties = Payload.PropertySet.FromString(raw)
    except ProtobufError as exc:
        raise ValueError("its properties are malformed") from exc
    found = Properties()
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key == QUALITY_PROPERTY and not value.is_null:
            quality = value.int_value if value.HasField("int_value") else value.long_value
            found = found._replace(quality=quality)
        elif key == UNIT_PROPERTY and value.string_value:
            found = found._replace(unit=value.string_value)
    return found

"""Sparkplug B payloads as a host reads them."""

from google.protobuf.message import DecodeError as ProtobufError

from shared.sparkplug.datatypes import QUALITY_PROPERTY, SIGNED_BITS, TEXTS, UNIT_PROPERTY, UNSIGNED_BITS, DataType
from shared.sparkplug.sparkplug_b_pb2 import Payload

_FIELD_OF_TYPE = {"float_value": DataType.FLOAT, "double_value": DataType.DOUBLE, "boolean_value": DataType.BOOLEAN}


def parse_payload(raw: bytes) -> Payload:
    """The payload in `raw`; raise ValueError where it is none."""
    try:
        return Payload.FromString(raw)
    except ProtobufError as exc:
        raise ValueError("the payload is not Sparkplug B") from exc


def metric_value(metric: Payload.Metric, datatype: int | None) -> float | int | str | bool | None:
    """The metric's value; None for "no value". `datatype` None: the wire's field has to tell.

    Integers keep their full range; negative ones are recovered from their two's complement. Raises ValueError with
    the reason for what is neither a number nor a text, and for an integer whose sign the birth would have told.
    """
    if metric.is_null:
        return None
    field = metric.WhichOneof("value")
    match field:
        case None:
            raise ValueError("it has no value and is not marked as null")
        case "string_value":
            return metric.string_value
        case "float_value" | "double_value" | "boolean_value":
            number: float | bool = getattr(metric, field)
            return _checked(number, datatype, _FIELD_OF_TYPE[field])
        case "int_value" | "long_value":
            return _integer(getattr(metric, field), datatype)
        case _:
            raise ValueError(f"a {field.removesuffix('_value')} is neither a number nor a text")


def is_text(datatype: int | None) -> bool:
    """Whether a metric of that data type holds text."""
    return datatype in TEXTS


def metric_quality(metric: Payload.Metric) -> int | None:
    """The metric's property Quality (0 bad, 192 good, 500 stale); None where it has none."""
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        if key == QUALITY_PROPERTY and not value.is_null:
            return value.int_value if value.HasField("int_value") else value.long_value
    return None


def metric_unit(metric: Payload.Metric) -> str | None:
    """The metric's property engUnit; None where it has none."""
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        if key == UNIT_PROPERTY and value.string_value:
            return value.string_value
    return None


def _checked(number: float | bool, datatype: int | None, carried: DataType) -> float | bool:
    if datatype in TEXTS:
        raise ValueError(f"a {carried.name} was sent for a metric whose birth says text")
    return number


def _integer(raw: int, datatype: int | None) -> int | bool:
    if datatype is None:
        raise ValueError("an integer without its data type: the birth that names it is unknown")
    if datatype in SIGNED_BITS:
        bits = SIGNED_BITS[DataType(datatype)]
        low = raw & ((1 << bits) - 1)
        return low - (1 << bits) if low >> (bits - 1) else low
    if datatype in UNSIGNED_BITS or datatype in {DataType.DATETIME, DataType.FLOAT, DataType.DOUBLE}:
        return raw
    if datatype == DataType.BOOLEAN:
        return bool(raw)
    raise ValueError(f"an integer was sent for data type {datatype}")

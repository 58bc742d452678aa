"""Sparkplug B payloads as an edge node writes them, and the one command a host sends.

A plant keeps the order: NBIRTH first with seq 0, then DBIRTH, NDATA, DDATA and DDEATH of the node and all its
devices share one counter, `next_seq`. Its NDEATH is the MQTT will and carries the bdSeq of its NBIRTH.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.sparkplug.datatypes import (
    QUALITY_PROPERTY,
    SIGNED_BITS,
    TEXTS,
    UNIT_PROPERTY,
    UNSIGNED_BITS,
    DataType,
)
from shared.sparkplug.names import BD_SEQ, REBIRTH
from shared.sparkplug.sparkplug_b_pb2 import Payload


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of a payload: a birth gives name, datatype and perhaps an alias, data may give the alias alone.

    value None is "no value". timestamp_ms (Unix) None means: the payload's. quality None means good; else 0 bad
    or 500 stale as Sparkplug has it.
    """

    datatype: DataType
    value: float | int | str | bool | None
    name: str | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    historical: bool = False
    unit: str | None = None
    quality: int | None = None


def next_seq(seq: int) -> int:
    """Sequence number that follows `seq`: 0 after 255."""
    return (seq + 1) % 256


def node_birth(metrics: Iterable[Metric], *, bd_seq: int, timestamp_ms: int, seq: int = 0) -> bytes:
    """NBIRTH: the node's metrics with name, alias and value, beside bdSeq and the rebirth control."""
    own = (
        Metric(name=BD_SEQ, datatype=DataType.INT64, value=bd_seq),
        Metric(name=REBIRTH, datatype=DataType.BOOLEAN, value=False),
    )
    return payload((*own, *metrics), timestamp_ms=timestamp_ms, seq=seq)


def node_death(*, bd_seq: int, timestamp_ms: int) -> bytes:
    """NDEATH, the will of the connection that the NBIRTH with the same bdSeq opens."""
    return payload((Metric(name=BD_SEQ, datatype=DataType.INT64, value=bd_seq),), timestamp_ms=timestamp_ms, seq=None)


def rebirth_command(*, timestamp_ms: int) -> bytes:
    """NCMD that asks a node to send its births again."""
    metric = Metric(name=REBIRTH, datatype=DataType.BOOLEAN, value=True)
    return payload((metric,), timestamp_ms=timestamp_ms, seq=None)


def payload(metrics: Iterable[Metric], *, timestamp_ms: int, seq: int | None) -> bytes:
    """Payload of DBIRTH, NDATA, DDATA and (without metrics) DDEATH; times in Unix ms, seq 0..255.

    Raises ValueError for a value that its datatype cannot hold, and for datatypes without one number or text.
    """
    message = Payload(timestamp=timestamp_ms)
    if seq is not None:
        message.seq = seq
    for metric in metrics:
        _add(message, metric)
    return message.SerializeToString()


def _add(message: Payload, metric: Metric) -> None:
    wire = message.metrics.add(datatype=metric.datatype)
    if metric.name is not None:
        wire.name = metric.name
    if metric.alias is not None:
        wire.alias = metric.alias
    if metric.timestamp_ms is not None:
        wire.timestamp = metric.timestamp_ms
    if metric.historical:
        wire.is_historical = True
    if metric.unit is not None or metric.quality is not None:
        wire.properties = _properties(metric)
    if metric.value is None:
        wire.is_null = True
    else:
        _set_value(wire, metric.datatype, metric.value)


def _properties(metric: Metric) -> bytes:
    properties = Payload.PropertySet()
    if metric.unit is not None:
        properties.keys.append(UNIT_PROPERTY)
        properties.values.add(type=DataType.STRING, string_value=metric.unit)
    if metric.quality is not None:
        properties.keys.append(QUALITY_PROPERTY)
        properties.values.add(type=DataType.INT32, int_value=metric.quality)
    return properties.SerializeToString()


def _set_value(wire: Payload.Metric, datatype: DataType, value: float | int | str | bool) -> None:
    if datatype in TEXTS:
        wire.string_value = str(value)
    elif datatype == DataType.BOOLEAN:
        wire.boolean_value = bool(value)
    elif datatype == DataType.FLOAT:
        wire.float_value = float(value)
    elif datatype == DataType.DOUBLE:
        wire.double_value = float(value)
    elif datatype == DataType.DATETIME:
        wire.long_value = int(value)
    else:
        _set_integer(wire, datatype, int(value))


def _set_integer(wire: Payload.Metric, datatype: DataType, value: int) -> None:
    if datatype in SIGNED_BITS:
        bits = SIGNED_BITS[datatype]
        low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    elif datatype in UNSIGNED_BITS:
        bits = UNSIGNED_BITS[datatype]
        low, high = 0, (1 << bits) - 1
    else:
        raise ValueError(f"{datatype.name} is not a number or a text")
    if not low <= value <= high:
        raise ValueError(f"{value} does not fit {datatype.name}")
    if bits == 64:
        wire.long_value = value & 0xFFFF_FFFF_FFFF_FFFF
    else:
        wire.int_value = value & 0xFFFF_FFFF

"""Values of many parts as canonical JSON text: sorted keys, no spaces, integers with all their digits.

| type | text |
| --- | --- |
| arrays | `[1,2]`; times are Unix ms |
| Bytes, File | `{"base64":…}` with what the metadata say, such as `file_name` |
| DataSet | `{"columns":[…],"rows":[[…]],"types":[…]}` |
| Template | `{"definition":…,"metrics":[{"name":…,"type":…,"value":…}],"parameters":[…]}` and what it refers to |

null is "no value"; so are NaN and infinities, which JSON does not have.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
from google.protobuf.message import DecodeError as ProtobufError

from shared.sparkplug.datatypes import NUMBER_ARRAYS, STRUCTURES, DataType
from shared.sparkplug.scalars import described, scalar_value
from shared.sparkplug.sparkplug_b_pb2 import Payload

LONGEST_TEXT = 65_536
_LONGEST_RAW = 2 * LONGEST_TEXT
_SHORTEST_MEMBER = len('{"name":"","type":"INT8","value":null},')
_DEEPEST = 16

_json = msgspec.json.Encoder(order="deterministic")


class Member(NamedTuple):
    """What a birth says of a template's member: its data type and, of a template, its members by name."""

    datatype: int | None
    members: Mapping[str, "Member"]


def structure_text(metric: Payload.Metric, datatype: int, members: Mapping[str, Member]) -> str:
    """The metric's value as text; raise ValueError with the reason for what is malformed or longer than 64 KiB.

    members: a template's, from its birth, for data that leave the data types out.
    """
    field = _carrier(metric, datatype)
    raw: bytes = getattr(metric, field)
    if len(raw) > _LONGEST_RAW:
        raise ValueError(_too_long(len(raw), "bytes"))
    text = _json.encode(_body(metric, datatype, members, depth=0))
    if len(text) > LONGEST_TEXT:
        raise ValueError(_too_long(len(text), "bytes of text"))
    return text.decode()


def template_members(raw: bytes, depth: int = 0) -> dict[str, Member]:
    """What a template's bytes say about its members; empty where they are malformed or nested too deep."""
    if depth >= _DEEPEST or len(raw) > _LONGEST_RAW:
        return {}
    try:
        template = Payload.Template.FromString(raw)
    except ProtobufError:
        return {}
    return {
        metric.name: Member(metric.datatype or None, template_members(metric.template_value, depth + 1))
        for metric in template.metrics
    }


def _too_long(length: int, what: str) -> str:
    return f"{length} {what} are more than a value may have, which is 64 KiB of text"


def _carrier(metric: Payload.Metric, datatype: int) -> str:
    wanted = {DataType.DATASET: "dataset_value", DataType.TEMPLATE: "template_value"}.get(
        DataType(datatype), "bytes_value"
    )
    field = metric.WhichOneof("value")
    if field != wanted:
        raise ValueError(f"{'nothing' if field is None else field} was sent for {described(datatype)}")
    return wanted


def _body(metric: Payload.Metric, datatype: int, members: Mapping[str, Member], depth: int) -> object:
    if depth >= _DEEPEST:
        raise ValueError(f"templates are nested more than {_DEEPEST} deep")
    _carrier(metric, datatype)
    try:
        match datatype:
            case DataType.DATASET:
                return _data_set(Payload.DataSet.FromString(metric.dataset_value))
            case DataType.TEMPLATE:
                return _template(Payload.Template.FromString(metric.template_value), members, depth)
            case DataType.BYTES | DataType.FILE:
                return _bytes(metric.bytes_value, Payload.MetaData.FromString(metric.metadata))
            case _:
                return _array(metric.bytes_value, DataType(datatype))
    except ProtobufError as exc:
        raise ValueError(f"it is no {DataType(datatype).name}") from exc


def _data_set(table: Payload.DataSet) -> dict[str, object]:
    width = len(table.columns)
    if len(table.types) != width or any(len(row.elements) != width for row in table.rows):
        raise ValueError("a data set whose columns, types and rows do not have the same length")
    return {
        "columns": list(table.columns),
        "types": [described(datatype) for datatype in table.types],
        "rows": [
            [_cell(cell, datatype) for cell, datatype in zip(row.elements, table.types, strict=True)]
            for row in table.rows
        ],
    }


def _cell(cell: Payload.DataSet.Value | Payload.Template.Parameter, datatype: int) -> object:
    return None if cell.WhichOneof("value") is None else scalar_value(cell, datatype or None)


def _template(template: Payload.Template, members: Mapping[str, Member], depth: int) -> dict[str, object]:
    if len(template.metrics) * _SHORTEST_MEMBER > LONGEST_TEXT:
        raise ValueError(_too_long(len(template.metrics), "members"))
    said = {
        "definition": template.is_definition,
        "template_ref": template.template_ref,
        "version": template.version,
        "metrics": [_member(metric, members, depth) for metric in template.metrics],
        "parameters": [
            {"name": p.name, "type": described(p.type or None), "value": _cell(p, p.type)} for p in template.parameters
        ],
    }
    return {key: value for key, value in said.items() if value not in ("", [])}


def _member(metric: Payload.Metric, members: Mapping[str, Member], depth: int) -> dict[str, object]:
    known = members.get(metric.name, Member(None, {}))
    datatype = metric.datatype or known.datatype
    said: dict[str, object] = {"name": metric.name, "type": described(datatype)}
    if metric.timestamp:
        said["timestamp"] = metric.timestamp
    if metric.is_null or metric.WhichOneof("value") is None:
        said["value"] = None
    elif datatype in STRUCTURES:
        said["value"] = _body(metric, datatype, known.members, depth + 1)
    else:
        said["value"] = scalar_value(metric, datatype)
    return said


def _bytes(raw: bytes, metadata: Payload.MetaData) -> dict[str, Any]:
    return {"base64": b64encode(raw).decode(), **{field.name: value for field, value in metadata.ListFields()}}


def _array(raw: bytes, datatype: DataType) -> list[Any]:
    if datatype == DataType.BOOLEAN_ARRAY:
        return _booleans(raw)
    if datatype == DataType.STRING_ARRAY:
        return _strings(raw)
    try:
        numbers: list[Any] = np.frombuffer(raw, NUMBER_ARRAYS[datatype]).tolist()
    except ValueError as exc:
        raise ValueError(f"{len(raw)} bytes are no {datatype.name}") from exc
    return numbers


def _booleans(raw: bytes) -> list[bool]:
    """A count in four bytes, then one bit each, the highest first."""
    count = int.from_bytes(raw[:4], "little")
    if len(raw) < 4 or len(raw) - 4 != (count + 7) // 8:
        raise ValueError(f"{len(raw)} bytes are no BOOLEAN_ARRAY")
    if count * len("true,") > LONGEST_TEXT:
        raise ValueError(_too_long(count, "truth values"))
    bits: list[bool] = np.unpackbits(np.frombuffer(raw, np.uint8, offset=4), count=count).astype(bool).tolist()
    return bits


def _strings(raw: bytes) -> list[str]:
    """Each ends with a NUL; some nodes leave out the last."""
    try:
        return raw.removesuffix(b"\x00").decode().split("\x00") if raw else []
    except UnicodeDecodeError as exc:
        raise ValueError("a STRING_ARRAY is not UTF-8") from exc

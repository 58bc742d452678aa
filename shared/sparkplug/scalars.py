"""One value on the wire: metrics, a data set's cells and a template's parameters say theirs in the same fields."""

from shared.sparkplug.datatypes import KNOWN_TYPES, SIGNED_BITS, STRUCTURES, TEXTS, DataType
from shared.sparkplug.sparkplug_b_pb2 import Payload

Wire = Payload.Metric | Payload.DataSet.Value | Payload.Template.Parameter
Number = float | int | bool

WIDTH_BITS = {"int_value": 32, "long_value": 64}
"""Of the fields that hold integers."""
_NUMBERS = frozenset({"float_value", "double_value", "boolean_value"})


def scalar_value(wire: Wire, datatype: int | None) -> Number | str:
    """The number, truth or text; raise ValueError with the reason where there is none.

    `datatype` None: the wire's field has to tell. Integers keep their full range, negative ones are recovered from
    their two's complement. A whole number in another type's field is taken: some nodes send a double as an integer.
    """
    field = wire.WhichOneof("value")
    if field is None:
        raise ValueError("it has no value and is not marked as null")
    if field == "string_value":
        return wire.string_value
    if field in WIDTH_BITS:
        return _integer(getattr(wire, field), datatype, WIDTH_BITS[field])
    if field not in _NUMBERS or datatype in TEXTS or datatype in STRUCTURES:
        raise ValueError(f"a {field.removesuffix('_value')} was sent for {described(datatype)}")
    number: Number = getattr(wire, field)
    return number


def described(datatype: int | None) -> str:
    """A data type in words."""
    if datatype is None:
        return "a metric without a data type"
    return DataType(datatype).name if datatype in KNOWN_TYPES else f"the unknown data type {datatype}"


def signed(raw: int, bits: int, width: int) -> int:
    """The signed integer of `bits` that an unsigned field of `width` bits carries; raise ValueError for what is none.

    Nodes fill the field to its width or to the type's: both are understood. A type wider than its field is not
    where the field's highest bit is set, since nothing tells whether that is a sign.
    """
    if bits > width:
        if raw >> (width - 1):
            raise ValueError(f"an integer of {bits} bits was sent in {width}, so that its sign is unknown")
        return raw
    own = raw - (1 << bits) if raw >> (bits - 1) == 1 else raw
    filled = raw - (1 << width) if raw >> (width - 1) else raw
    for value in (own, filled):
        if -(1 << bits - 1) <= value < 1 << bits - 1:
            return value
    raise ValueError(f"{raw} does not fit an integer of {bits} bits")


def _integer(raw: int, datatype: int | None, width: int) -> int | bool:
    if datatype is None:
        raise ValueError("an integer without its data type: the birth that names it is unknown")
    if datatype in SIGNED_BITS:
        return signed(raw, SIGNED_BITS[DataType(datatype)], width)
    if datatype in TEXTS or datatype in STRUCTURES:
        raise ValueError(f"an integer was sent for {described(datatype)}")
    return bool(raw) if datatype == DataType.BOOLEAN else raw

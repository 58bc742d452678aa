"""Sparkplug B data types, and the one wire field that each of them travels in."""

from enum import IntEnum


class DataType(IntEnum):
    """Data types of a metric by their number in the specification; arrays (22 and above) are not listed."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19


# Bits of the integer types; a negative number travels as its two's complement in an unsigned field.
SIGNED_BITS = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
UNSIGNED_BITS = {DataType.UINT8: 8, DataType.UINT16: 16, DataType.UINT32: 32, DataType.UINT64: 64}
TEXTS = frozenset({DataType.STRING, DataType.TEXT, DataType.UUID})

# Keys of a metric's property set that Sparkplug defines.
QUALITY_PROPERTY = "Quality"
UNIT_PROPERTY = "engUnit"

"""Sparkplug B data types, and how the numbers of each of them travel."""

from enum import IntEnum


class DataType(IntEnum):
    """Data types by their number in the specification; 0 is its "unknown" and counts as none given.

    20 and 21 are those of properties: no metric can carry them.
    """

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
    PROPERTY_SET = 20
    PROPERTY_SET_LIST = 21
    INT8_ARRAY = 22
    INT16_ARRAY = 23
    INT32_ARRAY = 24
    INT64_ARRAY = 25
    UINT8_ARRAY = 26
    UINT16_ARRAY = 27
    UINT32_ARRAY = 28
    UINT64_ARRAY = 29
    FLOAT_ARRAY = 30
    DOUBLE_ARRAY = 31
    BOOLEAN_ARRAY = 32
    STRING_ARRAY = 33
    DATETIME_ARRAY = 34


KNOWN_TYPES = frozenset(DataType)

# Bits of the integer types; a negative number travels as its two's complement in an unsigned field.
SIGNED_BITS = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
UNSIGNED_BITS = {DataType.UINT8: 8, DataType.UINT16: 16, DataType.UINT32: 32, DataType.UINT64: 64}
TEXTS = frozenset({DataType.STRING, DataType.TEXT, DataType.UUID})

# Arrays are packed little-endian; these are numpy's names of their elements.
NUMBER_ARRAYS = {
    DataType.INT8_ARRAY: "<i1",
    DataType.INT16_ARRAY: "<i2",
    DataType.INT32_ARRAY: "<i4",
    DataType.INT64_ARRAY: "<i8",
    DataType.UINT8_ARRAY: "<u1",
    DataType.UINT16_ARRAY: "<u2",
    DataType.UINT32_ARRAY: "<u4",
    DataType.UINT64_ARRAY: "<u8",
    DataType.FLOAT_ARRAY: "<f4",
    DataType.DOUBLE_ARRAY: "<f8",
    DataType.DATETIME_ARRAY: "<u8",
}

STRUCTURES = frozenset(
    {
        DataType.DATASET,
        DataType.BYTES,
        DataType.FILE,
        DataType.TEMPLATE,
        DataType.BOOLEAN_ARRAY,
        DataType.STRING_ARRAY,
        *NUMBER_ARRAYS,
    }
)

# Keys of a metric's property set that Sparkplug defines.
QUALITY_PROPERTY = "Quality"
UNIT_PROPERTY = "engUnit"

BAD_QUALITY, STALE_QUALITY = 0, 500

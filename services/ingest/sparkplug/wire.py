"""The wire form of protocol buffers, where a message has to be known by its bytes."""

from collections.abc import Iterator
from typing import NamedTuple

VARINT, EIGHT_BYTES, COUNTED, FOUR_BYTES = 0, 1, 2, 5
_WIDTHS = {EIGHT_BYTES: 8, FOUR_BYTES: 4}
_MORE = 0x80


class Field(NamedTuple):
    """One field of a message: its number, its wire type, and where its value stands."""

    number: int
    kind: int
    start: int
    end: int


def fields_in(raw: bytes, start: int, end: int) -> Iterator[Field]:
    """The fields of a message that is known to be one; raises ValueError for a group, which nobody writes any more."""
    while start < end:
        tag, start = varint(raw, start)
        kind = tag & 7
        if kind == COUNTED:
            size, start = varint(raw, start)
        elif kind == VARINT:
            size = varint(raw, start)[1] - start
        elif kind in _WIDTHS:
            size = _WIDTHS[kind]
        else:
            raise ValueError(f"wire type {kind} is not usual")
        yield Field(tag >> 3, kind, start, start + size)
        start += size


def varint(raw: bytes, start: int) -> tuple[int, int]:
    """The integer that begins there, and where it ends."""
    value = shift = 0
    while raw[start] >= _MORE:
        value |= (raw[start] & 0x7F) << shift
        start, shift = start + 1, shift + 7
    return value | raw[start] << shift, start + 1


def varint_of(value: int) -> bytes:
    """The bytes of an integer that is not negative."""
    out = bytearray()
    while value >= _MORE:
        out.append(value & 0x7F | _MORE)
        value >>= 7
    out.append(value)
    return bytes(out)

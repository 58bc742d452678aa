"""numpy arrays to and from PostgreSQL's binary arrays, without a Python object for each element."""

from typing import ClassVar, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = np.dtype([("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">i4"), ("size", ">i4"), ("first", ">i4")])


class _Element(NamedTuple):
    type_oid: int
    array_oid: int
    dtype: str


class ArrayParameter:
    """A query parameter: a one-dimensional array without nulls (NaN where there is none: use NULLIF)."""

    element: ClassVar[_Element]

    def __init__(self, values: NDArray[np.generic]) -> None:
        self.values = values

    def sent(self) -> bytes:
        """PostgreSQL's binary form."""
        if self.values.size == 0:
            return np.array([(0, 0, self.element.type_oid, 0, 0)], _HEADER).tobytes()[:12]
        body = np.empty(self.values.size, [("length", ">i4"), ("value", self.element.dtype)])
        body["length"] = body.dtype["value"].itemsize
        body["value"] = self.values
        return np.array([(1, 0, self.element.type_oid, self.values.size, 1)], _HEADER).tobytes() + body.tobytes()


class Int4s(ArrayParameter):
    """`int4[]`."""

    element = _Element(23, 1007, ">i4")


class Float8s(ArrayParameter):
    """`float8[]`."""

    element = _Element(701, 1022, ">f8")


class Instants(ArrayParameter):
    """`timestamptz[]`, from microseconds since 2000-01-01 UTC."""

    element = _Element(1184, 1185, ">i8")


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: ArrayParameter) -> bytes:
        return obj.sent()


def cursor(conn: psycopg.Connection) -> psycopg.Cursor:
    """A cursor that takes array parameters and gives binary results; its users need SQL of their own for both."""
    cur = conn.cursor(binary=True)
    for parameter in (Int4s, Float8s, Instants):
        dumper = type(f"{parameter.__name__}Dumper", (_ArrayDumper,), {"oid": parameter.element.array_oid})
        cur.adapters.register_dumper(parameter, dumper)
    return cur


def received(sent: bytes | None, dtype: str) -> NDArray[np.generic]:
    """Elements of `array_send(…)` of a one-dimensional array without nulls; `dtype` like '>f8'. None is empty."""
    if sent is None:
        return np.empty(0, dtype)
    return np.frombuffer(sent, [("length", ">i4"), ("value", dtype)], offset=_HEADER.itemsize)["value"]

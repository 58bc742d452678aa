"""Hourly rollups of many series, read as arrays.

PostgreSQL sends each column of a series as one binary array, so that a million hours cost a second and no loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from services.health.block import Floats

_ARRAY_HEADER_BYTES = 20
_POSTGRES_EPOCH_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()

_ROLLUPS = """
SELECT series_id, array_send(array_agg(bucket)), array_send(array_agg(coalesce(mean, 'NaN'))),
       array_send(array_agg(covered_s)), array_send(array_agg(coalesce(increase, 'NaN'))),
       array_send(array_agg(sample_count))
FROM rollups_1h WHERE series_id = ANY(%(series)s) AND bucket >= %(start)s AND bucket < %(end)s
GROUP BY series_id
"""


@dataclass(frozen=True, kw_only=True)
class Hourly:
    """Rollups of one series in the hours of a block, in no order; shape (n,) each.

    hour: hours since the block's start. mean and increase are NaN where unknown. covered_s: 0..3600.
    """

    hour: NDArray[np.int64]
    mean: Floats
    covered_s: Floats
    increase: Floats
    sample_count: NDArray[np.int64]


def _array(sent: bytes, element: str) -> NDArray[Any]:
    """Elements of PostgreSQL's binary form of a one-dimensional array without nulls."""
    layout = np.dtype([("length", ">i4"), ("value", element)])
    return np.frombuffer(sent, layout, offset=_ARRAY_HEADER_BYTES)["value"]


def _floats(sent: bytes) -> Floats:
    return np.asarray(_array(sent, ">f8"), dtype=np.float64)


def _seconds(sent: bytes) -> Floats:
    return np.asarray(_array(sent, ">i8") / 1e6 + _POSTGRES_EPOCH_S, dtype=np.float64)


def read_hourly(
    conn: psycopg.Connection, series_ids: Sequence[int], start: datetime, end: datetime
) -> dict[int, Hourly]:
    """Rollups of each series in [start, end); a series without any is absent."""
    with conn.cursor(binary=True) as cur:
        rows = cur.execute(_ROLLUPS, {"series": list(series_ids), "start": start, "end": end})
        return {
            series_id: Hourly(
                hour=((_seconds(buckets) - start.timestamp()) // 3600).astype(np.int64),
                mean=_floats(mean),
                covered_s=_floats(covered),
                increase=_floats(increase),
                sample_count=_array(count, ">i4").astype(np.int64),
            )
            for series_id, buckets, mean, covered, increase, count in rows
        }

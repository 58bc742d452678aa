"""Hourly rollups of many series, read as arrays.

PostgreSQL sends each column of all series as one binary array, so that a million hours cost a second and no loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import psycopg
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.data_acquisition.array_parameters import received

_POSTGRES_EPOCH_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()

_ROLLUPS = """
SELECT array_send(array_agg(series_id)), array_send(array_agg(bucket)), array_send(array_agg(coalesce(mean, 'NaN'))),
       array_send(array_agg(covered_s)), array_send(array_agg(coalesce(increase, 'NaN'))),
       array_send(array_agg(sample_count))
FROM rollups_1h WHERE series_id = ANY(%(series)s) AND bucket >= %(start)s AND bucket < %(end)s
"""


@dataclass(frozen=True, kw_only=True)
class Hourly:
    """Rollups of hours of some series, in no order; shape (n,) each.

    hour: hours since the start of what was asked for. mean and increase are NaN where unknown. covered_s: 0..3600.
    """

    series_id: NDArray[np.int64]
    hour: NDArray[np.int64]
    mean: Floats
    covered_s: Floats
    increase: Floats
    sample_count: NDArray[np.int64]

    @property
    def told(self) -> Bools:
        """Hours in which something came, or rightly still held."""
        return (self.covered_s > 0) | (self.sample_count > 0)


def read_hourly(conn: psycopg.Connection, series_ids: Sequence[int], start: datetime, end: datetime) -> Hourly:
    """Rollups of the series in [start, end)."""
    with conn.cursor(binary=True) as cur:
        asked = {"series": list(series_ids), "start": start, "end": end}
        series, bucket, mean, covered, increase, count = cur.execute(_ROLLUPS, asked).fetchone() or (None,) * 6
    at = received(bucket, ">i8").astype(np.int64) / 1e6 + _POSTGRES_EPOCH_S
    return Hourly(
        series_id=received(series, ">i4").astype(np.int64),
        hour=((at - start.timestamp()) // 3600).astype(np.int64),
        mean=received(mean, ">f8").astype(np.float64),
        covered_s=received(covered, ">f8").astype(np.float64),
        increase=received(increase, ">f8").astype(np.float64),
        sample_count=received(count, ">i4").astype(np.int64),
    )

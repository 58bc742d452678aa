"""Five-minute means of many series, from their rollups a minute."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import psycopg
from numpy.typing import NDArray

from services.health.block import FAST_S, Floats
from services.health.data_acquisition.array_parameters import received

_POSTGRES_EPOCH_S = 946_684_800
_MINUTES_A_DAY, _MINUTES_AT_ONCE = 1440, 2_000_000

_MINUTES = """
SELECT series_id, array_send(array_agg(bucket ORDER BY bucket)), array_send(array_agg(mean ORDER BY bucket)),
       array_send(array_agg(covered_s ORDER BY bucket))
FROM rollups_1m
WHERE series_id = ANY(%(series)s) AND bucket >= %(start)s AND bucket < %(end)s AND mean IS NOT NULL
GROUP BY series_id
"""


@dataclass(frozen=True, kw_only=True)
class Fast:
    """What a series said in the five-minute buckets of a block, ascending; shape (n,) each.

    bucket: five minutes since the block's start. covered_s: above 0, of those minutes in which a sample fell.
    """

    bucket: NDArray[np.int64]
    mean: Floats
    covered_s: Floats


def read_fast(conn: psycopg.Connection, series_ids: Sequence[int], start: datetime, end: datetime) -> dict[int, Fast]:
    """Time-weighted means of each series in [start, end), both on five minutes; a series without any is absent.

    It reads whole days of about two million minutes at a time, so that years of them fit into memory.
    """
    days = timedelta(days=max(1, _MINUTES_AT_ONCE // (_MINUTES_A_DAY * max(1, len(series_ids)))))
    first_us = round((start.timestamp() - _POSTGRES_EPOCH_S) * 1e6)
    found: dict[int, list[Fast]] = defaultdict(list)
    with conn.cursor(binary=True) as cur:
        while series_ids and start < end:
            asked = {"series": list(series_ids), "start": start, "end": min(start + days, end)}
            for series_id, *columns in cur.execute(_MINUTES, asked):
                found[series_id].append(_by_bucket(first_us, *columns))
            start += days
    return {series_id: _together(parts) for series_id, parts in found.items()}


def _by_bucket(first_us: int, bucket: bytes, mean: bytes, covered: bytes) -> Fast:
    number = (received(bucket, ">i8").astype(np.int64) - first_us) // (FAST_S * 1_000_000)
    weight = received(covered, ">f8").astype(np.float64)
    firsts = np.flatnonzero(np.diff(number, prepend=-1))
    covered_s = np.add.reduceat(weight, firsts)
    weighted = np.add.reduceat(received(mean, ">f8").astype(np.float64) * weight, firsts)
    return Fast(bucket=number[firsts], mean=weighted / covered_s, covered_s=covered_s)


def _together(parts: Sequence[Fast]) -> Fast:
    return Fast(
        bucket=np.concatenate([part.bucket for part in parts]),
        mean=np.concatenate([part.mean for part in parts]),
        covered_s=np.concatenate([part.covered_s for part in parts]),
    )

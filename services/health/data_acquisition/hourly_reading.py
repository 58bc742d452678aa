"""Hourly rollups and state samples of many series, read as arrays.

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
from services.health.data_acquisition.state_history import RawStates

_ARRAY_HEADER_BYTES = 20
_POSTGRES_EPOCH_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()

_ROLLUPS = """
SELECT series_id, array_send(array_agg(bucket)), array_send(array_agg(coalesce(mean, 'NaN'))),
       array_send(array_agg(covered_s)), array_send(array_agg(coalesce(increase, 'NaN'))),
       array_send(array_agg(sample_count))
FROM rollups_1h WHERE series_id = ANY(%(series)s) AND bucket >= %(start)s AND bucket < %(end)s
GROUP BY series_id
"""

# From the sample in force at the start on, whatever its age.
_NUMBERS = """
SELECT array_send(array_agg(observed_at)),
       array_send(array_agg(CASE WHEN quality = 0 THEN 'NaN' ELSE coalesce(value, 'NaN') END))
FROM samples WHERE series_id = %(series)s AND observed_at < %(end)s AND observed_at >= coalesce(
    (SELECT max(observed_at) FROM samples WHERE series_id = %(series)s AND observed_at <= %(start)s), %(start)s)
"""

_TEXTS = """
SELECT array_send(array_agg(observed_at)),
       array_agg(CASE WHEN quality <> 0 THEN coalesce(text_value, integer_value::text) END)
FROM samples_text WHERE series_id = %(series)s AND observed_at < %(end)s AND observed_at >= coalesce(
    (SELECT max(observed_at) FROM samples_text WHERE series_id = %(series)s AND observed_at <= %(start)s), %(start)s)
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


def read_states(conn: psycopg.Connection, series_id: int, start: datetime, end: datetime) -> RawStates:
    """Samples of one state series before `end`, from the one in force at `start` on; codes as integer text."""
    asked = {"series": series_id, "start": start, "end": end}
    with conn.cursor(binary=True) as cur:
        numbers_at, numbers = cur.execute(_NUMBERS, asked).fetchone() or (None, None)
        texts_at, texts = cur.execute(_TEXTS, asked).fetchone() or (None, None)
    found = []
    if numbers_at is not None:
        found.append((_seconds(numbers_at), _code_texts(_floats(numbers))))
    if texts_at is not None:
        found.append((_seconds(texts_at), np.array(texts, dtype=object)))
    at = np.concatenate([np.empty(0), *(at for at, _ in found)])
    state = np.concatenate([np.empty(0, dtype=object), *(state for _, state in found)])
    order = np.argsort(at, kind="stable")
    return RawStates(at=at[order], state=state[order])


def read_values(conn: psycopg.Connection, series_id: int, start: datetime, end: datetime) -> tuple[Floats, Floats]:
    """Samples of one series before `end`, from the one in force at `start` on: when, and the number, NaN for none."""
    with conn.cursor(binary=True) as cur:
        at, values = cur.execute(_NUMBERS, {"series": series_id, "start": start, "end": end}).fetchone() or (None, None)
    return (np.empty(0), np.empty(0)) if at is None else (_seconds(at), _floats(values))


def _code_texts(numbers: Floats) -> NDArray[np.object_]:
    """Numbers as text, whole ones without a point; NaN as None."""
    distinct, which = np.unique(numbers, return_inverse=True)
    texts = [None if np.isnan(n) else str(int(n)) if n.is_integer() else repr(float(n)) for n in distinct]
    return np.array(texts, dtype=object)[which]

"""What the state-like series of a customer said, and the state intervals kept for life: read for all assets at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from services.health.block import Floats
from services.health.data_acquisition.array_parameters import received
from services.health.data_acquisition.state_history import Known, RawStates
from services.health.state_detection.states import Kept, kept_raw

_POSTGRES_EPOCH_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_TOLD = {
    "samples": "array_send(array_agg(CASE WHEN quality = 0 THEN 'NaN' ELSE coalesce(value, 'NaN') END"
    " ORDER BY observed_at))",
    "samples_text": "array_agg(CASE WHEN quality <> 0 THEN coalesce(text_value, integer_value::text) END"
    " ORDER BY observed_at)",
}

# From the sample in force at the start on, whatever its age.
_FROM_IN_FORCE = """
SELECT wanted.series_id, array_send(array_agg(observed_at ORDER BY observed_at)), {told}
FROM unnest(%(series)s::int[]) AS wanted (series_id)
CROSS JOIN LATERAL (
    SELECT max(observed_at) AS at FROM {table} AS t
    WHERE t.series_id = wanted.series_id AND observed_at <= %(start)s
) AS in_force
CROSS JOIN LATERAL (
    SELECT * FROM {table} AS t WHERE t.series_id = wanted.series_id AND observed_at < %(end)s
        AND observed_at >= coalesce(in_force.at, %(start)s)
    OFFSET 0
) AS inside
GROUP BY wanted.series_id
"""
_SINCE = """
SELECT series_id, array_send(array_agg(observed_at ORDER BY observed_at)), {told} FROM {table}
WHERE series_id = ANY(%(series)s) AND observed_at >= %(start)s AND observed_at < %(end)s GROUP BY series_id
"""

# An open interval is known as far as its customer was assessed.
_INTERVALS = """
SELECT i.asset_id, i.started_at, coalesce(i.ended_at, m.assessed_through), i.state, i.cause,
       i.cause_basis, i.cause_why FROM state_intervals i
LEFT JOIN model_states m ON m.customer_id = %(customer)s
WHERE i.asset_id = ANY(%(assets)s) AND i.started_at < %(until)s
  AND coalesce(i.ended_at, m.assessed_through) > %(since)s AND i.state <> 'unknown' ORDER BY i.asset_id, i.started_at
"""

_Told = tuple[Floats, NDArray[Any]]
_NO_NUMBERS: _Told = (np.empty(0), np.empty(0))
_NO_TEXTS: _Told = (np.empty(0), np.empty(0, dtype=object))


@dataclass(frozen=True, kw_only=True)
class Said:
    """Samples from the one in force at a span's start on, ascending, and the intervals that reach into the span.

    numbers, texts: by series, instants in Unix seconds and what was said then, NaN or None for no value. known: by
    asset.
    """

    numbers: Mapping[int, _Told]
    texts: Mapping[int, _Told]
    known: Mapping[int, list[Known]] = field(default_factory=dict)

    def states(self, series_id: int) -> RawStates:
        """Samples of one state series; codes as integer text."""
        numbers_at, numbers = self.numbers.get(series_id, _NO_NUMBERS)
        texts_at, texts = self.texts.get(series_id, _NO_TEXTS)
        if not len(numbers_at):
            return RawStates(at=texts_at, state=texts)
        at, state = np.concatenate([numbers_at, texts_at]), np.concatenate([_code_texts(numbers), texts])
        order = np.argsort(at, kind="stable")
        return RawStates(at=at[order], state=state[order])

    def values(self, series_id: int) -> tuple[Floats, Floats]:
        """Samples of one series: when, and the number, NaN for none."""
        return self.numbers.get(series_id, _NO_NUMBERS)

    def followed_by(self, newer: "Said", since: float) -> "Said":
        """All that was said, where `newer` has everything from `since` on."""
        return Said(
            numbers=_followed(self.numbers, newer.numbers, since),
            texts=_followed(self.texts, newer.texts, since),
            known=self.known,
        )


def read_said(
    conn: psycopg.Connection,
    customer_id: int,
    series_ids: Sequence[int],
    asset_ids: Sequence[int],
    start: datetime,
    end: datetime,
) -> Said:
    """What the series said before `end`, from the sample in force at `start` on, and what is known of the assets."""
    known: dict[int, list[Known]] = defaultdict(list)
    asked = {"customer": customer_id, "assets": list(asset_ids), "since": start, "until": end}
    for asset_id, started, ended, state, cause, basis, why in conn.execute(_INTERVALS, asked):
        kept = kept_raw(Kept(state=state, cause=cause, basis=basis, why=why))
        known[asset_id].append(Known(started=started.timestamp(), ended=ended.timestamp(), state=kept))
    return Said(
        numbers=_numbers(conn, _FROM_IN_FORCE, series_ids, start, end),
        texts=_texts(conn, _FROM_IN_FORCE, series_ids, start, end),
        known=known,
    )


def read_said_since(conn: psycopg.Connection, series_ids: Sequence[int], since: datetime, end: datetime) -> Said:
    """What the series said in [since, end)."""
    return Said(
        numbers=_numbers(conn, _SINCE, series_ids, since, end), texts=_texts(conn, _SINCE, series_ids, since, end)
    )


def _numbers(
    conn: psycopg.Connection, query: str, series_ids: Sequence[int], start: datetime, end: datetime
) -> dict[int, _Told]:
    rows = _rows(conn, query, "samples", series_ids, start, end)
    return {series: (_seconds(at), received(said, ">f8").astype(np.float64)) for series, at, said in rows}


def _texts(
    conn: psycopg.Connection, query: str, series_ids: Sequence[int], start: datetime, end: datetime
) -> dict[int, _Told]:
    rows = _rows(conn, query, "samples_text", series_ids, start, end)
    return {series: (_seconds(at), np.array(said, dtype=object)) for series, at, said in rows}


def _rows(
    conn: psycopg.Connection, query: str, table: str, series_ids: Sequence[int], start: datetime, end: datetime
) -> list[tuple[Any, ...]]:
    with conn.cursor(binary=True) as cur:
        asked = {"series": list(series_ids), "start": start, "end": end}
        return cur.execute(query.format(table=table, told=_TOLD[table]), asked).fetchall()


def _seconds(sent: bytes) -> Floats:
    return np.asarray(received(sent, ">i8").astype(np.int64) / 1e6 + _POSTGRES_EPOCH_S, dtype=np.float64)


def _followed(before: Mapping[int, _Told], newer: Mapping[int, _Told], since: float) -> dict[int, _Told]:
    found = {}
    for series in before.keys() | newer.keys():
        parts = []
        if series in before:
            at, said = before[series]
            kept = int(np.searchsorted(at, since))
            parts.append((at[:kept], said[:kept]))
        if series in newer:
            parts.append(newer[series])
        found[series] = (np.concatenate([at for at, _ in parts]), np.concatenate([said for _, said in parts]))
    return found


def _code_texts(numbers: Floats) -> NDArray[np.object_]:
    """Numbers as text, whole ones without a point; NaN as None."""
    distinct, which = np.unique(numbers, return_inverse=True)
    texts = [None if np.isnan(n) else str(int(n)) if n.is_integer() else repr(float(n)) for n in distinct]
    return np.array(texts, dtype=object)[which]

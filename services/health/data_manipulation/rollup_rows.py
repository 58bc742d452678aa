"""Samples and rollups between the database and the arrays of `time_weighting`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from services.health.data_acquisition.array_parameters import ArrayParameter, Float8s, Instants, Int4s, received
from services.health.data_manipulation import rollup_queries as queries
from services.health.data_manipulation.time_weighting import (
    Bools,
    Buckets,
    Floats,
    Ints,
    Meanings,
    Runs,
    RunSamples,
    StoredHours,
)
from shared.migrations.engines import ensure_partitions_for

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# More in one statement makes PostgreSQL spill the arrays to disk: 77,000 rows/s at 500,000, 249,000 at 50,000.
_ROWS_AT_ONCE = 50_000
_ALWAYS = np.iinfo(np.int64).min


def to_us(at: datetime) -> int:
    """Microseconds since 2000-01-01 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def to_datetime(at: int) -> datetime:
    """The instant of so many microseconds since 2000-01-01 UTC."""
    return _EPOCH + at * _MICROSECOND


@dataclass(frozen=True)
class Said:
    """What records say of a few series.

    From `since[series_id][i]` on its samples mean `meanings` at `first[series_id] + i`.
    """

    meanings: Meanings
    first: dict[int, int]
    since: dict[int, Ints]

    def of(self, series_id: int, at: Ints) -> Ints:
        """Index into `meanings` for the series' samples at these instants."""
        found: Ints = self.first[series_id] + np.searchsorted(self.since[series_id], at, side="right") - 1
        return found

    def longest_hold(self, series_id: int) -> int:
        """The longest that any sample of the series holds; microseconds."""
        first = self.first[series_id]
        return int(self.meanings.hold[first : first + self.since[series_id].size].max())


def read_said(cur: psycopg.Cursor, series_ids: Ints, unassigned_hold_s: float) -> Said:
    """What records say of each series; `unassigned_hold_s` where and while they say nothing."""
    asked = {"series": Int4s(series_ids), "unassigned_hold_s": unassigned_hold_s}
    said: dict[int, tuple[Ints, Floats]] = {}
    for series_id, since, *columns in cur.execute(queries.MEANINGS, asked):
        said[series_id] = _instants(since), np.array([received(column, ">f8") for column in columns])
    unknown = np.array([[unassigned_hold_s], [np.nan], [np.inf]])
    nothing = _ints([]), unknown[:, :0]
    parts = [said.get(int(series_id), nothing) for series_id in series_ids]
    hold_s, rollover_at, per_hour = np.concatenate([p for _, part in parts for p in (unknown, part)], axis=1)
    sizes = [1 + since.size for since, _ in parts]
    return Said(
        meanings=Meanings(hold=(hold_s * 1e6).astype(np.int64), rollover_at=rollover_at, per_hour=per_hour),
        first=dict(zip(series_ids.tolist(), (np.cumsum(sizes) - sizes).tolist(), strict=True)),
        since={
            int(series_id): np.concatenate([[_ALWAYS], since])
            for series_id, (since, _) in zip(series_ids, parts, strict=True)
        },
    )


def read_after(cur: psycopg.Cursor, series_ids: Ints, through: Ints) -> tuple[Ints, Ints]:
    """For each changed range: the next sample (largest int64 for none), the last hour held so far (least for none)."""
    asked = {"series": Int4s(series_ids), "through": Instants(through)}
    following, held = cur.execute(queries.AFTER_CHANGES, asked).fetchone() or (None, None)
    return _instants(following), _instants(held)


def read_samples(cur: psycopg.Cursor, runs: Runs, said: Said) -> RunSamples:
    """Raw samples inside the runs."""
    run, at, value = _read(cur, queries.SAMPLES, _asked(runs), ">i4", ">i8", ">f8")
    return _run_samples(runs, said, run - 1, at, value, counted=True)


def read_standing(cur: psycopg.Cursor, runs: Runs, since: Ints, said: Said) -> RunSamples:
    """What was in force when each run starts, not counted. `since`: the first change to the run's series."""
    asked = _asked(runs) | {"since": Instants(since), "least_since": to_datetime(int(since.min()))}
    run, at, value = _read(cur, queries.STANDING, asked, ">i4", ">i8", ">f8")
    return _run_samples(runs, said, run - 1, at, value, counted=False)


def standing_for(runs: Runs, said: Said, stored: StoredHours, which: Bools) -> RunSamples:
    """The last samples of stored hours, in the place of raw rows that are gone."""
    return _run_samples(runs, said, stored.run[which], stored.last_at[which], stored.last_value[which], counted=False)


def together(*parts: RunSamples) -> RunSamples:
    """All samples of the parts, sorted by run and time."""
    run, at = np.concatenate([part.run for part in parts]), np.concatenate([part.at for part in parts])
    order = np.lexsort((at, run))
    return RunSamples(
        run=run[order],
        at=at[order],
        value=np.concatenate([part.value for part in parts])[order],
        meaning=np.concatenate([part.meaning for part in parts])[order],
        counted=np.concatenate([part.counted for part in parts])[order],
    )


def read_stored(cur: psycopg.Cursor, runs: Runs) -> StoredHours:
    """Rollups of the runs' hours as they are stored."""
    run, start, count, last_at, last_value = _read(cur, queries.STORED, _asked(runs), ">i4", ">i8", ">i4", ">i8", ">f8")
    return StoredHours(run=run - 1, start=start, sample_count=count, last_at=last_at, last_value=last_value)


def write_buckets(cur: psycopg.Cursor, table: str, runs: Runs, buckets: Buckets, *, new: Bools, known: Bools) -> None:
    """Insert the `new` rollups and insert or replace the `known`; make the partitions they need."""
    for query, which in ((queries.INSERT, np.flatnonzero(new)), (queries.UPSERT, np.flatnonzero(known))):
        statement = sql.SQL(query).format(table=sql.Identifier(table))
        make_room(cur.connection, table, buckets.start[which])
        for first in range(0, which.size, _ROWS_AT_ONCE):
            cur.execute(statement, _columns(runs, buckets, which[first : first + _ROWS_AT_ONCE]))


def _columns(runs: Runs, buckets: Buckets, which: Ints) -> dict[str, ArrayParameter]:
    return {
        "series_id": Int4s(runs.series_id[buckets.run[which]]),
        "bucket": Instants(buckets.start[which]),
        "mean": Float8s(buckets.mean[which]),
        "minimum": Float8s(buckets.minimum[which]),
        "maximum": Float8s(buckets.maximum[which]),
        "last_value": Float8s(buckets.last_value[which]),
        "last_observed_at": Instants(buckets.last_at[which]),
        "increase": Float8s(buckets.increase[which]),
        "sample_count": Int4s(buckets.sample_count[which]),
        "covered_s": Float8s(buckets.covered_s[which]),
    }


def delete_hours(cur: psycopg.Cursor, series_ids: Ints, starts: Ints) -> None:
    """Delete hours that nothing covers any more."""
    cur.execute(queries.DELETE_HOURS, {"series": Int4s(series_ids), "bucket": Instants(starts)})


def read_hours(cur: psycopg.Cursor, runs: Runs) -> Buckets:
    """Stored rollups of the runs' hours, all columns."""
    types = (">i4", ">i8", *[">f8"] * 4, ">i8", ">f8", ">i4", ">f8")
    run, start, mean, minimum, maximum, last_value, last_at, increase, count, covered = _read(
        cur, queries.BUCKETS, _asked(runs), *types
    )
    return Buckets(
        run=run - 1,
        start=start,
        mean=mean,
        minimum=minimum,
        maximum=maximum,
        last_value=last_value,
        last_at=last_at,
        increase=increase,
        sample_count=count,
        covered_s=covered,
    )


def read_stored_days(cur: psycopg.Cursor, runs: Runs) -> tuple[Ints, Ints, Ints]:
    """Run, start and sample_count of each stored day in the runs."""
    run, start, count = _read(cur, queries.STORED_DAYS, _asked(runs), ">i4", ">i8", ">i4")
    return run - 1, start, count


def _read(cur: psycopg.Cursor, query: str, asked: dict[str, object], *types: str) -> list[NDArray[Any]]:
    """Columns of a query of one row, as int64 or float64, in the order of the first and then the second."""
    row = cur.execute(query, asked).fetchone() or (None,) * len(types)
    columns = [
        received(sent, dtype).astype(np.float64 if dtype == ">f8" else np.int64)
        for sent, dtype in zip(row, types, strict=True)
    ]
    order = np.lexsort((columns[1], columns[0]))
    return [column[order] for column in columns]


def delete_days(cur: psycopg.Cursor, series_ids: Ints, starts: Ints) -> None:
    """Delete days that lost their last hour."""
    cur.execute(queries.DELETE_DAYS, {"series": Int4s(series_ids), "bucket": Instants(starts)})


def make_room(conn: psycopg.Connection, table: str, starts: Ints) -> None:
    """Make the partitions for buckets at these instants, and none for what lies between them."""
    months = np.unique((np.datetime64("2000-01-01", "us") + starts.astype("m8[us]")).astype("M8[M]"))
    firsts = [datetime.combine(month, time(), UTC) for month in months.tolist()]
    ensure_partitions_for(conn, table, [(first, first) for first in firsts])


def _run_samples(runs: Runs, said: Said, run: Ints, at: Ints, value: Floats, *, counted: bool) -> RunSamples:
    meaning = np.empty(at.size, dtype=np.int64)
    edges = np.searchsorted(run, np.arange(runs.series_id.size + 1))
    for series_id, start, end in zip(runs.series_id.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        meaning[start:end] = said.of(series_id, at[start:end])
    return RunSamples(run=run, at=at, value=value, meaning=meaning, counted=np.full(at.size, counted))


def _asked(runs: Runs) -> dict[str, object]:
    return {
        "series": Int4s(runs.series_id),
        "start": Instants(runs.start),
        "end": Instants(runs.end),
        "least": to_datetime(int(runs.start.min())),
        "greatest": to_datetime(int(runs.end.max())),
    }


def _instants(sent: bytes | None) -> Ints:
    return received(sent, ">i8").astype(np.int64)


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)

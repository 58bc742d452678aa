"""Samples and rollups between the database and the arrays of `time_weighting`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from services.health import rollup_queries as queries
from services.health.array_parameters import Float8s, Instants, Int4s, received
from services.health.time_weighting import DAY_US, Bools, Buckets, Floats, Ints, Runs, RunSamples, StoredHours
from shared.migrations.engines import ensure_partitions_for

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ALWAYS = np.iinfo(np.int64).min
_Number = TypeVar("_Number", np.int64, np.float64)


def to_us(at: datetime) -> int:
    """Microseconds since 2000-01-01 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def to_datetime(at: int) -> datetime:
    """The instant of so many microseconds since 2000-01-01 UTC."""
    return _EPOCH + int(at) * _MICROSECOND


@dataclass(frozen=True, kw_only=True)
class Holds:
    """How long samples of one series hold: `hold[i]` microseconds from `since[i]` on, shape (n,) each."""

    since: Ints
    hold: Ints

    def of(self, at: Ints) -> Ints:
        """Hold of samples at these instants."""
        return self.hold[np.searchsorted(self.since, at, side="right") - 1]


def read_holds(cur: psycopg.Cursor, series_ids: Ints, unassigned_hold_s: float) -> dict[int, Holds]:
    """What records say of each series; `unassigned_hold_s` where and while they say nothing."""
    asked = {"series": Int4s(series_ids), "unassigned_hold_s": unassigned_hold_s}
    unknown = int(unassigned_hold_s * 1e6)
    holds = {int(series_id): Holds(since=_ints([_ALWAYS]), hold=_ints([unknown])) for series_id in series_ids}
    for series_id, since, seconds in cur.execute(queries.HOLDS, asked):
        hold = (received(seconds, ">f8").astype(np.float64) * 1e6).astype(np.int64)
        holds[series_id] = Holds(
            since=np.concatenate([[_ALWAYS], _instants(since)]),
            hold=np.concatenate([[unknown], hold]),
        )
    return holds


def read_after(cur: psycopg.Cursor, series_ids: Ints, through: Ints) -> tuple[Ints, Ints, Ints]:
    """For each changed range: next sample, next good sample (largest int64 for none), last hour held so far (least)."""
    asked = {"series": Int4s(series_ids), "through": Instants(through)}
    following, good, held = cur.execute(queries.AFTER_CHANGES, asked).fetchone() or (None, None, None)
    return _instants(following), _instants(good), _instants(held)


def read_samples(cur: psycopg.Cursor, runs: Runs, holds: dict[int, Holds]) -> RunSamples:
    """Raw samples inside the runs."""
    found = cur.execute(queries.SAMPLES, _asked(runs)).fetchall()
    at = _joined([received(row[1], ">i8") for row in found], np.int64)
    value = _joined([received(row[2], ">f8") for row in found], np.float64)
    sizes = [len(received(row[1], ">i8")) for row in found]
    run = np.repeat(_ints([row[0] - 1 for row in found]), sizes)
    return _run_samples(runs, holds, run, at, value, counted=True)


def read_standing(cur: psycopg.Cursor, runs: Runs, holds: dict[int, Holds]) -> RunSamples:
    """What was in force when each run starts, not counted."""
    run, at, value = cur.execute(queries.STANDING, _asked(runs)).fetchone() or (None, None, None)
    return _run_samples(
        runs,
        holds,
        received(run, ">i4").astype(np.int64) - 1,
        _instants(at),
        received(value, ">f8").astype(np.float64),
        counted=False,
    )


def standing_for(runs: Runs, holds: dict[int, Holds], stored: StoredHours, which: Bools) -> RunSamples:
    """The last samples of stored hours, in the place of raw rows that are gone."""
    return _run_samples(runs, holds, stored.run[which], stored.last_at[which], stored.last_value[which], counted=False)


def together(*parts: RunSamples) -> RunSamples:
    """All samples of the parts, sorted by run and time."""
    run, at = np.concatenate([part.run for part in parts]), np.concatenate([part.at for part in parts])
    order = np.lexsort((at, run))
    return RunSamples(
        run=run[order],
        at=at[order],
        value=np.concatenate([part.value for part in parts])[order],
        hold=np.concatenate([part.hold for part in parts])[order],
        counted=np.concatenate([part.counted for part in parts])[order],
    )


def read_stored(cur: psycopg.Cursor, runs: Runs) -> StoredHours:
    """Rollups of the runs' hours as they are stored."""
    found = cur.execute(queries.STORED, _asked(runs)).fetchall()
    sizes = [len(received(row[1], ">i8")) for row in found]
    return StoredHours(
        run=np.repeat(_ints([row[0] - 1 for row in found]), sizes),
        start=_joined([received(row[1], ">i8") for row in found], np.int64),
        sample_count=_joined([received(row[2], ">i4") for row in found], np.int64),
        last_at=_joined([received(row[3], ">i8") for row in found], np.int64),
        last_value=_joined([received(row[4], ">f8") for row in found], np.float64),
    )


def write_buckets(cur: psycopg.Cursor, table: str, runs: Runs, buckets: Buckets, which: Bools) -> None:
    """Insert or replace rollups; make the partitions they need."""
    if not which.any():
        return
    start = buckets.start[which]
    make_room(cur.connection, table, start)
    cur.execute(
        sql.SQL(queries.UPSERT).format(table=sql.Identifier(table)),
        {
            "series_id": Int4s(runs.series_id[buckets.run[which]]),
            "bucket": Instants(start),
            "mean": Float8s(buckets.mean[which]),
            "minimum": Float8s(buckets.minimum[which]),
            "maximum": Float8s(buckets.maximum[which]),
            "last_value": Float8s(buckets.last_value[which]),
            "last_observed_at": Instants(buckets.last_at[which]),
            "increase": Float8s(buckets.increase[which]),
            "sample_count": Int4s(buckets.sample_count[which]),
            "covered_s": Float8s(buckets.covered_s[which]),
        },
    )


def delete_hours(cur: psycopg.Cursor, series_ids: Ints, starts: Ints) -> None:
    """Delete hours that nothing covers any more."""
    cur.execute(queries.DELETE_HOURS, {"series": Int4s(series_ids), "bucket": Instants(starts)})


def write_days(cur: psycopg.Cursor, runs: Runs) -> None:
    """Compute the days of disjoint runs anew from their hours."""
    days = [np.arange(start, end, DAY_US) for start, end in zip(runs.start, runs.end, strict=True)]
    make_room(cur.connection, "rollups_1d", np.unique(np.concatenate(days)))
    cur.execute(queries.UPSERT_DAYS, _asked(runs))


def delete_empty_days(cur: psycopg.Cursor, series_ids: Ints, days: Ints) -> None:
    """Delete those of the days that have no hours."""
    cur.execute(queries.DELETE_DAYS, {"series": Int4s(series_ids), "bucket": Instants(days)})


def make_room(conn: psycopg.Connection, table: str, starts: Ints) -> None:
    """Make the partitions for buckets at these instants, and none for what lies between them."""
    months = np.unique((np.datetime64("2000-01-01", "us") + starts.astype("m8[us]")).astype("M8[M]"))
    firsts = [datetime.combine(month, time(), UTC) for month in months.tolist()]
    ensure_partitions_for(conn, table, [(first, first) for first in firsts])


def _run_samples(
    runs: Runs, holds: dict[int, Holds], run: Ints, at: Ints, value: Floats, *, counted: bool
) -> RunSamples:
    order = np.argsort(run, kind="stable")
    run, at, value = run[order], at[order], value[order]
    hold = np.empty(at.size, dtype=np.int64)
    edges = np.searchsorted(run, np.arange(runs.series_id.size + 1))
    for series_id, start, end in zip(runs.series_id.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        hold[start:end] = holds[series_id].of(at[start:end])
    return RunSamples(run=run, at=at, value=value, hold=hold, counted=np.full(at.size, counted))


def _asked(runs: Runs) -> dict[str, object]:
    return {"series": Int4s(runs.series_id), "start": Instants(runs.start), "end": Instants(runs.end)}


def _instants(sent: bytes | None) -> Ints:
    return received(sent, ">i8").astype(np.int64)


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _joined(parts: Sequence[NDArray[np.generic]], dtype: type[_Number]) -> NDArray[_Number]:
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)

"""Samples → rollups of the minutes, hours and days that changed (ISO 13374 data manipulation).

`time_weighting` computes, `rollup_rows` reads and writes; this module decides which buckets a change touches. The
order in which samples arrive makes no difference: each touched bucket is computed anew from all its samples. Only
where its raw rows are gone it stays as it is: a refresh never reaches back past the raw horizon.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import psycopg

from services.health.data_acquisition.array_parameters import cursor
from services.health.data_manipulation import rollup_rows as rows
from services.health.data_manipulation.time_weighting import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    Bools,
    Buckets,
    Ints,
    Runs,
    days_of,
    gone,
    weigh,
)
from shared.locks import AdvisoryLock

UNASSIGNED_HOLD_S = 7200.0
"""How long a sample holds of which no record says what it means."""

_RUN_US = 7 * DAY_US
_SAMPLES_AT_ONCE = 1_000_000
_FIRST_RUNS, _MOST_RUNS = 2, 4096
_TIME_BEGINS = rows.to_us(datetime(1, 1, 2, tzinfo=UTC))
_TIME_ENDS = rows.to_us(datetime(9999, 12, 30, tzinfo=UTC))


@dataclass(frozen=True, kw_only=True)
class ChangedRange:
    """Samples of a series were stored somewhere in [range_from, range_through]."""

    series_id: int
    range_from: datetime
    range_through: datetime


@dataclass(frozen=True, kw_only=True)
class ChangedBuckets:
    """Hours [start, end) of a series whose rollups were computed anew, and with them their days."""

    series_id: int
    start: datetime
    end: datetime


def roll_up(conn: psycopg.Connection, changes: Sequence[ChangedRange]) -> list[ChangedBuckets]:
    """Recompute what the changes touch, in the caller's transaction; return it by series and time.

    A change reaches to the next sample, or as far as its own samples hold or were held so far.
    """
    if not changes:
        return []
    cur = cursor(conn)
    cur.execute("SELECT pg_advisory_xact_lock(%s)", [AdvisoryLock.ROLLUPS])
    said = rows.read_said(cur, np.unique([change.series_id for change in changes]), UNASSIGNED_HOLD_S)
    reached = _reached(cur, changes, said)
    touched = _aligned(reached, HOUR_US)
    _roll_up_hours(cur, touched, _aligned(reached, MINUTE_US), said)
    _roll_up_days(cur, _aligned(touched, DAY_US))
    return [
        ChangedBuckets(series_id=series_id, start=rows.to_datetime(start), end=rows.to_datetime(end))
        for series_id, start, end in _triples(touched)
    ]


def _reached(cur: psycopg.Cursor, changes: Sequence[ChangedRange], said: rows.Said) -> Runs:
    """Time that the changes reach, disjoint, sorted by series and time."""
    merged = _merged(
        (change.series_id, rows.to_us(change.range_from), rows.to_us(change.range_through)) for change in changes
    )
    following, held = rows.read_after(cur, merged.series_id, merged.end)
    longest = np.array([said.longest_hold(series_id) for series_id in merged.series_id.tolist()])
    reach = np.maximum(merged.end + longest, held + HOUR_US)
    cut = following <= reach
    end = np.where(cut, following, np.maximum(reach - 1, merged.end))
    return Runs(series_id=merged.series_id, start=merged.start, end=end + 1)


def _roll_up_hours(cur: psycopg.Cursor, touched: Runs, minutes: Runs, said: rows.Said) -> None:
    """Write hours, and those of their minutes that the changes reach.

    It takes so many runs at a time that about a million samples are in memory.
    """
    runs = _cut(touched)
    since = touched.start[np.searchsorted(touched.series_id, runs.series_id)]
    done, size = 0, _FIRST_RUNS
    while done < runs.start.size:
        count = _roll_up_runs(cur, _part(runs, done, size), since[done : done + size], minutes, said)
        done += size
        size = min(4 * size, _MOST_RUNS, max(1, size * _SAMPLES_AT_ONCE // max(count, 1)))


def _roll_up_runs(cur: psycopg.Cursor, runs: Runs, since: Ints, changed_minutes: Runs, said: rows.Said) -> int:
    """Write hours and minutes of these runs; return how many samples they have."""
    raw, stored = rows.read_samples(cur, runs, said), rows.read_stored(cur, runs)
    kept = gone(runs, raw, stored)
    samples = rows.together(
        rows.read_standing(cur, runs, since, said), rows.standing_for(runs, said, stored, kept), raw
    )
    known_hours = _hour_key(stored.run, stored.start)
    hours = weigh(runs, samples, said.meanings, HOUR_US, held=True)
    minutes = weigh(runs, samples, said.meanings, MINUTE_US, held=False)
    for table, buckets in (("rollups_1h", hours), ("rollups_1m", minutes)):
        hour = _hour_key(buckets.run, buckets.start)
        known = np.isin(hour, known_hours)
        other = np.ones(len(hour), dtype=np.bool_) if table == "rollups_1h" else _within(runs, buckets, changed_minutes)
        still = np.isin(hour, known_hours[kept])
        rows.write_buckets(cur, table, runs, buckets, new=~known & other, known=known & other & ~still)
    uncovered = ~kept & ~np.isin(known_hours, _hour_key(hours.run, hours.start))
    if uncovered.any():
        rows.delete_hours(cur, runs.series_id[stored.run[uncovered]], stored.start[uncovered])
    return raw.at.size


def _within(runs: Runs, buckets: Buckets, minutes: Runs) -> Bools:
    """Which minutes lie in the disjoint, sorted runs of minutes; the others say what they said."""
    series, at = runs.series_id[buckets.run], buckets.start // MINUTE_US
    started = _minute_key(minutes.series_id, minutes.start // MINUTE_US)
    place = np.searchsorted(started, _minute_key(series, at), side="right") - 1
    found: Bools = (place >= 0) & (minutes.series_id[place] == series) & (at < minutes.end[place] // MINUTE_US)
    return found


def _minute_key(series: Ints, minute: Ints) -> Ints:
    """Ascending by series and minute: there are fewer than 2^33 minutes between the years 1 and 9999."""
    return (series << 33) + minute + (1 << 31)


def _roll_up_days(cur: psycopg.Cursor, touched: Runs) -> None:
    """Write days from their hours: right whatever has become of the raw rows.

    A day whose hours are gone too, where a deployment keeps hours for a time only, stays as it is.
    """
    runs = _cut(touched)
    for done in range(0, runs.start.size, _MOST_RUNS):
        few = _part(runs, done, _MOST_RUNS)
        days = days_of(rows.read_hours(cur, few))
        run, start, count = rows.read_stored_days(cur, few)
        stored, computed = _hour_key(run, start), _hour_key(days.run, days.start)
        place = np.searchsorted(computed, stored)
        left = np.append(days.sample_count, 0)[place] * (np.append(computed, -1)[place] == stored)
        gone_days = stored[left < count]
        known = np.isin(computed, stored)
        rows.write_buckets(cur, "rollups_1d", few, days, new=~known, known=known & ~np.isin(computed, gone_days))
        empty = ~np.isin(stored, computed) & (count == 0)
        if empty.any():
            rows.delete_days(cur, few.series_id[run[empty]], start[empty])


def _hour_key(run: Ints, at: Ints) -> Ints:
    """One number for an hour of a run: there are fewer than 2^28 hours between the years 1 and 9999."""
    return (run << 28) + at // HOUR_US + (1 << 27)


def _merged(ranges: Iterable[tuple[int, int, int]]) -> Runs:
    """Disjoint ranges, sorted by series and time; those that meet or overlap become one."""
    merged: list[list[int]] = []
    for series_id, start, end in sorted(ranges):
        if merged and merged[-1][0] == series_id and start <= merged[-1][2]:
            merged[-1][2] = max(merged[-1][2], end)
        else:
            merged.append([series_id, start, end])
    columns = np.array(merged, dtype=np.int64).reshape(-1, 3)
    return Runs(series_id=columns[:, 0], start=columns[:, 1], end=columns[:, 2])


def _aligned(runs: Runs, width: int) -> Runs:
    """The whole buckets that the runs touch, disjoint."""
    start = np.maximum(runs.start, _TIME_BEGINS) // width * width
    end = -(-np.minimum(runs.end, _TIME_ENDS) // width) * width
    some = start < end
    return _merged(_triples(Runs(series_id=runs.series_id[some], start=start[some], end=end[some])))


def _cut(runs: Runs) -> Runs:
    """The same hours in runs of at most a week, so that one reads a bounded number of samples."""
    pieces = [
        (series_id, max(start, week * _RUN_US), min(end, (week + 1) * _RUN_US))
        for series_id, start, end in _triples(runs)
        for week in range(start // _RUN_US, (end - 1) // _RUN_US + 1)
    ]
    columns = np.array(pieces, dtype=np.int64).reshape(-1, 3)
    return Runs(series_id=columns[:, 0], start=columns[:, 1], end=columns[:, 2])


def _part(runs: Runs, first: int, size: int) -> Runs:
    part = slice(first, first + size)
    return Runs(series_id=runs.series_id[part], start=runs.start[part], end=runs.end[part])


def _triples(runs: Runs) -> list[tuple[int, int, int]]:
    return list(zip(runs.series_id.tolist(), runs.start.tolist(), runs.end.tolist(), strict=True))

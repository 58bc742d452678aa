"""When a simulated site works: shifts in its own time zone, and planned stops."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from deploy.local.plants.noise import Ints

Bools = NDArray[np.bool_]

_DAY_S = 86_400
_HOUR_S = 3_600


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Working hours on some weekdays (0 Monday), local; `ends_at` at or before `starts_at` is the next day."""

    weekdays: tuple[int, ...]
    starts_at: str
    ends_at: str


@dataclass(frozen=True, kw_only=True)
class PlannedStop:
    """The whole site stands still in [starts_s, ends_s), Unix seconds, as agreed beforehand."""

    starts_s: int
    ends_s: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """A site's time zone (IANA), shifts, and planned stops in order of time, none overlapping.

    later_shifts: what takes the place of `shifts`, one for one, from `later_from` on, a local day; None for never.
    """

    timezone: str
    shifts: tuple[Shift, ...]
    planned_stops: tuple[PlannedStop, ...]
    later_shifts: tuple[Shift, ...] = ()
    later_from: date | None = None


def _offset_s(zone: ZoneInfo, at_s: int) -> int:
    offset = datetime.fromtimestamp(at_s, UTC).astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always knows its offset
    return int(offset.total_seconds())


@lru_cache(maxsize=256)
def _offsets_of_year(timezone: str, year: int) -> tuple[Ints, Ints]:
    """Instants from which a UTC offset holds, and the offsets, in one UTC year. Offsets change on whole hours."""
    zone = ZoneInfo(timezone)
    start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    since, offsets = [start], [_offset_s(zone, start)]
    for day in range(start, end, _DAY_S):
        if _offset_s(zone, day + _DAY_S - 1) == offsets[-1]:
            continue
        changed = next(at for at in range(day, day + _DAY_S, _HOUR_S) if _offset_s(zone, at) != offsets[-1])
        since.append(changed)
        offsets.append(_offset_s(zone, changed))
    return np.array(since, dtype=np.int64), np.array(offsets, dtype=np.int64)


def local_seconds(timezone: str, at: Ints) -> Ints:
    """Local wall time as seconds since 1970-01-01 00:00 local; `at` is Unix seconds, any shape."""
    if at.size == 0:
        return at
    years = range(datetime.fromtimestamp(int(at.min()), UTC).year, datetime.fromtimestamp(int(at.max()), UTC).year + 1)
    parts = [_offsets_of_year(timezone, year) for year in years]
    since = np.concatenate([part[0] for part in parts])
    offsets = np.concatenate([part[1] for part in parts])
    local: Ints = at + offsets[np.searchsorted(since, at, side="right") - 1]
    return local


def weekday(local: Ints) -> Ints:
    """Weekday (0 Monday) of local seconds."""
    return (local // _DAY_S + 3) % 7


def _clock_s(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * _HOUR_S + int(minutes) * 60


def in_shift(calendar: Calendar, at: Ints) -> Bools:
    """Whether a shift is on at each Unix second; planned stops are not looked at."""
    local = local_seconds(calendar.timezone, at)
    first = _on(calendar.shifts, local)
    if calendar.later_from is None:
        return first
    later_from = (calendar.later_from - date(1970, 1, 1)).days * _DAY_S
    return np.where(local >= later_from, _on(calendar.later_shifts, local), first)


def _on(shifts: tuple[Shift, ...], local: Ints) -> Bools:
    """Whether one of the shifts is on at each local second."""
    day, second = weekday(local), local % _DAY_S
    on = np.zeros(local.shape, dtype=np.bool_)
    for shift in shifts:
        works = np.isin(np.arange(7), shift.weekdays)
        start, end = _clock_s(shift.starts_at), _clock_s(shift.ends_at)
        if start < end:
            on |= works[day] & (second >= start) & (second < end)
        else:
            on |= (works[day] & (second >= start)) | (works[(day - 1) % 7] & (second < end))
    return on


def in_planned_stop(calendar: Calendar, at: Ints) -> Bools:
    """Whether the site is in a planned stop at each Unix second."""
    starts = np.array([stop.starts_s for stop in calendar.planned_stops], dtype=np.int64)
    ends = np.array([stop.ends_s for stop in calendar.planned_stops], dtype=np.int64)
    newest = np.searchsorted(starts, at, side="right") - 1
    return (newest >= 0) & (at < ends[newest]) if starts.size else np.zeros(at.shape, dtype=np.bool_)


def works(calendar: Calendar, at: Ints) -> Bools:
    """Whether the site is meant to produce at each Unix second."""
    return in_shift(calendar, at) & ~in_planned_stop(calendar, at)


def local_instant(timezone: str, day: date, hour: int) -> int:
    """Unix seconds of a whole local hour on a day."""
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(timezone))
    return int(moment.timestamp())


def planned_stops(timezone: str, started_s: int, first_revision_days: int) -> tuple[PlannedStop, ...]:
    """Stops from four years before the demo's start until two years after, in order of time.

    A revision of six days every 364 days, the newest `first_revision_days` before the start, so that a demo begun at
    Christmas does not show a fleet at rest; and four hours of cleaning every fourth Wednesday, but not in a revision.
    """
    today = datetime.fromtimestamp(started_s, UTC).date()
    revisions = [today - timedelta(days=first_revision_days + 364 * year) for year in range(-2, 4)]
    wednesday = today - timedelta(days=(today.weekday() - 2) % 7 + 14)
    cleanings = [wednesday + timedelta(days=28 * count) for count in range(-52, 27)]
    stops = [_stop(timezone, day, 6, timedelta(days=6), "annual revision") for day in revisions]
    stops += [
        _stop(timezone, day, 6, timedelta(hours=4), "cleaning")
        for day in cleanings
        if not any(revision <= day <= revision + timedelta(days=6) for revision in revisions)
    ]
    return tuple(sorted(stops, key=lambda stop: stop.starts_s))


def _stop(timezone: str, day: date, hour: int, length: timedelta, reason: str) -> PlannedStop:
    starts_s = local_instant(timezone, day, hour)
    return PlannedStop(starts_s=starts_s, ends_s=starts_s + int(length.total_seconds()), reason=reason)

"""When machines are meant to run: shifts in the site's time zone less planned stops, as sorted intervals. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

import numpy as np

from services.health.block import Floats, Shift, Site
from services.health.state_detection.spans import union


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Scheduled time and planned stops as disjoint, ascending intervals in Unix seconds, each shape (n, 2).

    given_from: Unix seconds of the site's first shift, infinite where it gave none: before it all time counts as
    scheduled, which is assumed, and no guarantee is claimed on that.
    """

    scheduled: Floats
    planned: Floats
    given_from: float


def calendar(site: Site, line_id: int | None, *, start: float, end: float) -> Calendar:
    """The calendar of a line, or of machines on no line, over [start, end).

    Shift times are wall time: where clocks change, a shift from 22:00 to 06:00 lasts seven or nine hours. Days before
    the first version of any shift are scheduled whole.
    """
    stops = [
        (stop.starts_at.timestamp(), stop.ends_at.timestamp())
        for stop in site.planned_stops
        if stop.line_id is None or stop.line_id == line_id
    ]
    given_from = _given_from(site)
    scheduled = [(start, min(given_from, end)), *_shift_times(site, start, end)]
    return Calendar(scheduled=union(scheduled, start, end), planned=union(stops, start, end), given_from=given_from)


def _given_from(site: Site) -> float:
    first = min((shift.valid_from for shift in site.shifts), default=None)
    return inf if first is None else datetime.combine(first, time(), ZoneInfo(site.timezone)).timestamp()


def limited(when: Calendar, windows: Sequence[tuple[float, float]]) -> Calendar:
    """The calendar without scheduled time outside disjoint, ascending windows [from, until)."""
    spans = when.scheduled
    if not len(spans) or any(since <= spans[0, 0] and until >= spans[-1, 1] for since, until in windows):
        return when
    parts = [union([(since, until) for since, until in when.scheduled.tolist()], *window) for window in windows]
    return replace(when, scheduled=np.concatenate([np.empty((0, 2)), *parts]))


def _shift_times(site: Site, start: float, end: float) -> list[tuple[float, float]]:
    zone = ZoneInfo(site.timezone)
    versions: dict[str, list[Shift]] = {}
    for number, shift in enumerate(site.shifts):
        versions.setdefault(shift.external_id or str(number), []).append(shift)
    first = datetime.fromtimestamp(start, zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(end, zone).date()
    found: list[tuple[float, float]] = []
    for rows in versions.values():
        rows.sort(key=lambda shift: shift.valid_from)
        until = [row.valid_from for row in rows[1:]] + [date.max]
        for shift, ends_before in zip(rows, until, strict=True):
            day = max(first, shift.valid_from)
            found += _occurrences(shift, zone, day, min(last, ends_before - timedelta(days=1)))
    return found


def _occurrences(shift: Shift, zone: ZoneInfo, first: date, last: date) -> list[tuple[float, float]]:
    """Every turn of a shift that begins on a day from `first` to `last`."""
    starts_at, ends_at = time.fromisoformat(shift.starts_at), time.fromisoformat(shift.ends_at)
    overnight = timedelta(days=1 if ends_at <= starts_at else 0)
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if day.weekday() in shift.weekdays:
            begins = datetime.combine(day, starts_at, zone)
            closes = datetime.combine(day + overnight, ends_at, zone)
            found.append((begins.astimezone(UTC).timestamp(), closes.astimezone(UTC).timestamp()))
    return found

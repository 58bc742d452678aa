"""Figures of an account by calendar month, and over some of them. Pure.

A month counts where at least half of its planned time is known; months without are None and never filled in.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt

import numpy as np

from services.health.account_assessment.account import Account
from services.health.account_assessment.calendar_months import first_of_month, months_after, months_between
from services.health.block import Floats
from shared.kpis import Totals, coverage, kpi, summed

LEAST_COVERAGE = 0.5
YEAR = 12
Z90 = 1.645


def standing_here(account: Account, day: date) -> dict[int, str]:
    """Machines that stand with the customer on a day, with their names."""
    return {a.asset_id: a.name for a in account.assets if a.since <= day and (a.until is None or day < a.until)}


def months_before(day: date, count: int, back: int = 0) -> list[date]:
    """The last `count` whole months before a day, oldest first; `back` months earlier where that is given."""
    end = months_after(first_of_month(day), -back)
    return [months_after(end, n) for n in range(-count, 0)]


def all_months(account: Account, day: date) -> list[date]:
    """Every whole month before the day, from the first with planned time on."""
    first = min(account.by_month, default=None)
    end = first_of_month(day)
    return [] if first is None else [months_after(first, n) for n in range(max(0, months_between(first, end)))]


def totals(account: Account, months: Iterable[date], assets: Collection[int] | None = None) -> list[Totals]:
    """Times of some machines, of all where none are named, in some months."""
    if assets is None:
        return [own for month in months for own in account.plant.get(month, ())]
    rows = (row for month in months for row in account.by_month.get(month, ()))
    return [row.totals for row in rows if row.asset_id in assets]


def monthly(
    account: Account,
    months: Sequence[date],
    figure: Callable[[Sequence[Totals]], float | None],
) -> Floats:
    """A figure of all machines by month, shape (months,); NaN where it is not known."""
    found = np.full(len(months), np.nan)
    for n, month in enumerate(months):
        own = totals(account, [month])
        known = coverage(own)
        value = figure(own) if known is not None and known >= LEAST_COVERAGE else None
        found[n] = np.nan if value is None else value
    return found


def indicator(name: str) -> Callable[[Sequence[Totals]], float | None]:
    """An indicator of ISO 22400-2 by its name in `shared.kpis`."""
    return lambda own: kpi(name, own).value


def failure_rate(own: Sequence[Totals]) -> float | None:
    """Failures in 1,000 hours of processing: 1,000 / MTBF, known also where nothing failed."""
    sums = summed(own)
    return None if sums["aupt_s"] <= 0 else 1000 * sums["failures"] * 3600 / sums["aupt_s"]


@dataclass(frozen=True, kw_only=True)
class Share:
    """Stopped time as a share of known planned time over some months, with its standard error; hours of both."""

    value: float
    error: float
    stopped_h: float
    known_h: float


def stopped_share(account: Account, months: Sequence[date], assets: Collection[int] | None = None) -> Share | None:
    """The share over the months of which at least half is known; None for fewer than three of them.

    Error of a ratio of sums over months (Cochran, Sampling Techniques, 1977, eq. 6.13).
    """
    rows = []
    for month in months:
        own = [hours for asset, hours in account.stops.get(month, {}).items() if assets is None or asset in assets]
        stopped, known, planned = (sum(hours) for hours in zip(*own, strict=True)) if own else (0.0, 0.0, 0.0)
        if planned > 0 and known >= LEAST_COVERAGE * planned:
            rows.append((stopped, known))
    if len(rows) < 3:
        return None
    stopped_h, known_h = (sum(hours) for hours in zip(*rows, strict=True))
    value = stopped_h / known_h
    left = sum((stopped - value * known) ** 2 for stopped, known in rows)
    error = sqrt(len(rows) / (len(rows) - 1) * left) / known_h
    return Share(value=value, error=error, stopped_h=stopped_h, known_h=known_h)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a share fell by from one time to another (more is better), with a 90 % interval."""

    value: float
    low: float
    high: float


def fell_by(before: Share, after: Share) -> Change:
    """Fewer stops after than before; the two times are taken as independent."""
    value, error = before.value - after.value, sqrt(before.error**2 + after.error**2)
    return Change(value=value, low=value - Z90 * error, high=value + Z90 * error)

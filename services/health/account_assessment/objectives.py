"""Whether the customer's objectives will be reached by their day, and when. Pure.

A KPI's months are followed by a robust line (Theil-Sen over the longest window that trends are judged over, with its
interval widened for autocorrelation). What the three months up to the due date will come to is Student-t with n - 2
degrees of freedom around the line's continuation, as for any regression:

    variance = e**2 x (S x (1 / n + 1 / 3) + (T - mean t)**2)

e: standard error of the slope, S: sum of (t - mean t)**2.
e x sqrt(S) is the noise of a month as the slope's own interval knows it, autocorrelation included. Nobody has seen a
trend for longer than it was watched: the line goes on for as many months as it stands on, and is level after that.
MTBF is followed as failures in 1,000 hours of processing, which months without a failure have too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import sqrt

import numpy as np
from scipy.special import stdtr, stdtrit

from services.health.account_assessment.account import Account, Finding, Objective, fact
from services.health.account_assessment.calendar_months import first_of_month, months_after, months_between
from services.health.account_assessment.kpi_months import Z90, all_months, failure_rate, indicator, monthly
from services.health.block import Floats
from services.health.prognostic_assessment.trends import LEAST_SHARE, WINDOWS, slopes
from shared.kpis import Totals

JUDGED_MONTHS = 3
ON_TRACK, OFF_TRACK = 0.8, 0.2
_LONGEST_YEARS = 15
_LATE_IN_MONTH = 15
_KPIS: dict[str, tuple[Callable[[Sequence[Totals]], float | None], str, bool]] = {
    "availability": (indicator("availability"), "1", True),
    "effectiveness": (indicator("effectiveness"), "1", True),
    "quality": (indicator("quality"), "1", True),
    "oee": (indicator("oee"), "1", True),
    "mtbf": (failure_rate, "failures in 1,000 h", False),
    "mttr": (indicator("mttr_h"), "h", False),
    "throughput": (indicator("throughput_per_h"), "1/h", True),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A robust line through the known months: level at `middle` (in years from the first), slope a year, with its
    error; spread: sum of squares of the months around the middle; count: how many there are."""

    level: float
    slope: float
    error: float
    middle: float
    spread: float
    count: int

    def at(self, years: float) -> float:
        """The line's value."""
        return self.level + self.slope * (years - self.middle)

    def deviation(self, years: float) -> float:
        """Standard deviation of the mean of three months there."""
        noise = self.spread * (1 / self.count + 1 / JUDGED_MONTHS)
        return self.error * sqrt(noise + (years - self.middle) ** 2)


def objectives(account: Account, day: date) -> Iterator[Finding]:
    """Each objective: on_track, off_track, uncertain; reached or missed after its day; not_known."""
    for objective in account.objectives:
        yield judged(objective, *series(account, objective.kpi, day), day)


def series(account: Account, name: str, day: date) -> tuple[date | None, Floats]:
    """First month and the KPI's months before the day, NaN where unknown; of a KPI that nobody measures, none."""
    if name == "value_realized":
        return _money_months(account, day)
    if name not in _KPIS:
        return None, np.empty(0)
    months = all_months(account, day)
    return (months[0] if months else None), monthly(account, months, _KPIS[name][0])


def _money_months(account: Account, day: date) -> tuple[date | None, Floats]:
    """Money realized a year, by month; NaN where any line of business's is unknown or currencies differ."""
    months = sorted({row.month for row in account.values if row.month < first_of_month(day)})
    found = []
    for month in months:
        rows = [row for row in account.values if row.month == month]
        known = len({row.currency for row in rows}) == 1 and all(row.money is not None for row in rows)
        found.append(12 * sum(row.money or 0.0 for row in rows) if known else np.nan)
    return (months[0] if months else None), np.array(found)


def judged(objective: Objective, first: date | None, values: Floats, day: date) -> Finding:
    """One objective against the months of its KPI before the day."""
    told: dict[str, object] = {"kpi": objective.kpi, "target": objective.target, "due_on": _iso(objective.due_on)}
    line = through_months(values)
    if first is None or not np.isfinite(values).any():
        return _found(objective, day, "not_known", told | {"facts": [fact("nobody measures this KPI")]})
    told["facts"] = _facts(objective, first, values)
    target, better = _target(objective)
    if objective.due_on is not None and objective.due_on < day:
        return _over(objective, objective.due_on, first, values, day, told)
    if line is None:
        return replace(_found(objective, day, "not_known", told), ready_on=_ready_on(values, day))
    now = len(values) / 12
    told |= _expected(line, target, better, first, now)
    if objective.due_on is None:
        return _found(objective, day, "no_date", told)
    chance, told["expected"] = forecast(line, target, better, years=_years_to(first, objective.due_on), now=now)
    verdict = "on_track" if chance >= ON_TRACK else "off_track" if chance <= OFF_TRACK else "uncertain"
    return _found(objective, day, verdict, told, chance)


def _found(
    objective: Objective, day: date, verdict: str, told: dict[str, object], chance: float | None = None
) -> Finding:
    return Finding(
        kind="objective",
        subject=objective.objective_id,
        day=day,
        verdict=verdict,
        value=chance,
        unit=None if chance is None else "probability",
        evidence=told,
    )


def _target(objective: Objective) -> tuple[float, bool]:
    """The target in the unit of the months, and whether more is better."""
    if objective.kpi == "mtbf":
        return (1000 / objective.target if objective.target > 0 else np.inf), False
    return objective.target, objective.kpi not in _KPIS or _KPIS[objective.kpi][2]


def through_months(values: Floats) -> Line | None:
    """The line through the longest window of months that has enough of them; None where none has."""
    found = slopes(values)
    if not found:
        return None
    longest = max(found, key=lambda slope: slope.months)
    own = values[-longest.months :]
    known = np.flatnonzero(np.isfinite(own))
    years = (known + 0.5 + len(values) - len(own)) / 12
    middle = float(years.mean())
    return Line(
        level=float(np.median(own[known] - longest.value * (years - middle))),
        slope=longest.value,
        error=(longest.high - longest.low) / (2 * Z90),
        middle=middle,
        spread=float(((years - middle) ** 2).sum()),
        count=len(known),
    )


def forecast(line: Line, target: float, better: bool, *, years: float, now: float) -> tuple[float, dict[str, object]]:
    """P(the three months up to `years` reach the target), and what they will come to with a 90 % interval.

    years, now: from the first month's start.
    """
    watched = line.count / 12
    centre = min(years, now + watched) - JUDGED_MONTHS / 24
    expected, deviation = line.at(centre), line.deviation(centre)
    margin = (expected - target) * (1 if better else -1)
    degrees = line.count - 2
    chance = float(stdtr(degrees, margin / deviation)) if deviation > 0 else float(margin >= 0)
    half = deviation * float(stdtrit(degrees, 0.95))
    return chance, {"value": expected, "low": expected - half, "high": expected + half}


def _expected(line: Line, target: float, better: bool, first: date, now: float) -> dict[str, object]:
    """When the line meets the target, between the dates of its steepest and flattest course; None for never, and where
    it is met already."""
    ahead = target - line.at(now)
    slopes_asked = (line.slope, line.slope + Z90 * line.error, line.slope - Z90 * line.error)
    order = slopes_asked if better else (slopes_asked[0], slopes_asked[2], slopes_asked[1])
    names = ("expected_on", "expected_low", "expected_high")
    if ahead == 0 or (ahead < 0) is better:
        return {"met_now": True} | dict.fromkeys(names)
    on = [_met(first, now, ahead, slope) for slope in order]
    return {"met_now": False} | dict(zip(names, on, strict=True))


def _met(first: date, now: float, ahead: float, slope: float) -> str | None:
    if slope * ahead <= 0 or ahead / slope > _LONGEST_YEARS:
        return None
    return _iso(months_after(first, int(12 * (now + ahead / slope)) + 1))


def _over(objective: Objective, due: date, first: date, values: Floats, day: date, told: dict[str, object]) -> Finding:
    """What the three months up to the due date came to; a month that the date lies late in is one of them."""
    target, better = _target(objective)
    end = max(0, months_between(first, due) + (due.day > _LATE_IN_MONTH))
    last = values[max(0, end - JUDGED_MONTHS) : end]
    known = last[np.isfinite(last)]
    if not len(known):
        return _found(objective, day, "not_known", told)
    value = float(known.mean())
    reached = value >= target if better else value <= target
    return _found(objective, day, "reached" if reached else "missed", told | {"came_to": value}, float(reached))


def _years_to(first: date, due: date) -> float:
    return months_between(first, due) / 12 + due.day / 365.25


def _ready_on(values: Floats, day: date) -> date:
    """When twelve months will be known if all that come are."""
    least = int(np.ceil(LEAST_SHARE * WINDOWS[0]))
    missing = max(least - int(np.isfinite(values[-WINDOWS[0] :]).sum()), WINDOWS[0] - len(values), 1)
    return months_after(first_of_month(day), missing)


def _facts(objective: Objective, first: date, values: Floats) -> list[dict[str, object]]:
    unit = _KPIS[objective.kpi][1] if objective.kpi in _KPIS else "a year"
    known = np.flatnonzero(np.isfinite(values))[-JUDGED_MONTHS:]
    return [fact("month", on=months_after(first, int(n)), value=float(values[n]), unit=unit) for n in known]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()

"""Whether guarantees break as often as foretold: contracts of made-up fleets, asked at five points of their windows.

Fleets of 1 to 20 machines whose failures keep one rate, wear out and are mended (Weibull), double or halve within two
years, wander, come five times as often for five weeks or four times for good, or in clusters; repairs are log-normal,
and a machine that is down does not fail. Half-life and yearly change of `breach` were chosen on other fleets of these
families (seeds below 200), on all of them together; where a window has a past, the change is learned from it.

Controls: `pace`, a breach where spending at the window's pace so far would exceed the budget; `normal`,
the mean and variance of the days of the last 90, taken on to the end as a normal distribution.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from services.health.block import Contract
from services.health.health_assessment.daily_history import day_of
from services.health.prognostic_assessment.guarantees.breach import HALF_LIFE_DAYS, Fleet
from services.health.prognostic_assessment.guarantees.budget import DOWN_S, KNOWN_S, Budget, budget
from services.health.prognostic_assessment.guarantees.rate_change import (
    COLUMNS,
    MONTH_DAYS,
    change_a_year,
    month_row,
)
from services.health.prognostic_assessment.guarantees.terms import terms_on
from services.health.state_detection.supplier_stops import DAY, stops_until
from tests.bench.figures import Figure, Sheet
from tests.unit.health.worlds import contract

Floats = NDArray[np.float64]
FAMILIES = ("steady", "wearing", "drifting", "wandering", "burst", "stepped", "clustered")
CONTRACTS = 60
SEEDS = 10_000
POINTS = (0.1, 0.3, 0.5, 0.7, 0.9)
DAY_H = 24.0


@dataclass(frozen=True, kw_only=True)
class World:
    """One contract and the hours lost by each machine and day, shape (machines, days); the window begins on `first`.

    lasts: whether a repair went on at a day's end.
    """

    terms: Contract
    first: int
    window: int
    lost_h: Floats
    lasts: NDArray[np.bool_]

    @property
    def budget_h(self) -> float:
        """Hours that may be lost in the window."""
        return (1 - float(self.terms.guaranteed_availability or 0)) * DAY_H * len(self.lost_h) * self.window

    def spent_h(self, through: int) -> float:
        """Hours lost in the window through a day."""
        return float(self.lost_h[:, self.first : through + 1].sum())

    @property
    def breaks(self) -> bool:
        """Whether the guarantee is broken in the end."""
        return self.spent_h(self.first + self.window - 1) > self.budget_h


def world(family: str, seed: int) -> World:
    """A made-up contract with 20 to 400 days before its window."""
    random = np.random.default_rng((FAMILIES.index(family), seed))
    machines, window = int(random.choice([1, 3, 8, 20])), int(random.choice([90, 180, 365]))
    first = int(random.integers(20, 400))
    repair_h, spread, between = random.uniform(2, 24), random.uniform(0.4, 1.2), random.uniform(10, 120)
    rate = random.gamma(2, 0.5, machines) / between
    change = _change(family, first, first + window, random)
    lost, lasts = np.zeros((machines, len(change))), np.zeros((machines, len(change)), dtype=np.bool_)
    for machine in range(machines):
        for at in _failures(family, rate[machine], change, random):
            hours = min(480.0, repair_h * np.exp(spread * random.standard_normal() - spread**2 / 2))
            _take(lost[machine], lasts[machine], at, hours)
    allowed = rate.mean() * change[first:].mean() * repair_h / DAY_H * random.uniform(0.75, 1.6)
    guaranteed = contract(
        guaranteed_availability=max(0.5, 1 - allowed), guarantee_window_days=window, starts_on=day_of(first)
    )
    return World(terms=guaranteed, first=first, window=window, lost_h=lost, lasts=lasts)


def _change(family: str, first: int, days: int, random: np.random.Generator) -> Floats:
    """By what the rate of failures is multiplied on each day."""
    day = np.arange(days)
    if family == "drifting":
        return np.asarray(2.0 ** (random.uniform(-1, 1) * (day - first) / 365))
    if family == "wandering":
        return np.exp(np.cumsum(random.normal(0, 0.5 / sqrt(365), days)))
    if family == "burst":
        began = random.integers(0, days)
        return np.where((day >= began) & (day < began + 35), 5.0, 1.0)
    if family == "stepped":
        return np.where(day >= random.integers(0, days), 4.0, 1.0)
    return np.ones(days)


def _failures(family: str, rate: float, change: Floats, random: np.random.Generator) -> Iterator[float]:
    """Days, with fractions, on which a machine fails, ascending."""
    at: Floats = np.empty(0)
    if family == "wearing":
        gaps = random.weibull(2.0, 10 + int(3 * rate * len(change))) * 1.128 / rate
        at = np.cumsum(gaps) - random.uniform(0, 1) * gaps[0]
    else:
        share = 0.5 if family == "clustered" else 1.0
        seeds = np.repeat(np.arange(len(change)), random.poisson(rate * change * share)) * 1.0
        at = seeds + random.random(len(seeds))
        if family == "clustered":
            more = np.repeat(at, random.poisson(1.0, len(at)))
            at = np.concatenate([at, more + random.exponential(4.0, len(more))])
    yield from np.sort(at[at < len(change)]).tolist()


def _take(lost_h: Floats, lasts: NDArray[np.bool_], at: float, hours: float) -> None:
    """Let a machine stand still from `at` for some hours, where it does not stand still already."""
    day, hour = int(at), (at % 1) * DAY_H
    if lasts[day - 1] and lost_h[day]:
        return
    while hours > 0 and day < len(lost_h):
        today = min(hours, DAY_H - hour, DAY_H - lost_h[day])
        lost_h[day] += today
        hours, hour = hours - (DAY_H - hour), 0.0
        lasts[day] = hours > 0
        day += 1


def foretold(one: World, today: int) -> Budget | None:
    """What the product says on the evening of a day, from nothing later."""
    machines, days = one.lost_h.shape
    total = np.full(days, DAY_H * machines * 3600)
    rows = [
        np.column_stack([np.full(days, float(i)), np.arange(days), 3600 * one.lost_h[i], one.lasts[i]])[
            (one.lost_h[i] > 0) | one.lasts[i]
        ]
        for i in range(machines)
    ]
    known = DAY_H * 3600 * (0.5 ** (np.arange(today + 1) / HALF_LIFE_DAYS)).sum()
    fleet = Fleet(
        asset_id=np.arange(machines), ahead_s=np.full(machines, DAY_H * 3600), known_s=np.full(machines, known)
    )
    (terms,) = terms_on((one.terms,), today)
    table = np.column_stack([total, total, 3600 * one.lost_h.sum(axis=0)])
    stop_days = np.concatenate(rows)
    stops = stops_until(stop_days, today)
    change = change_a_year(_months(table, stop_days, today), terms.first)
    return budget(
        terms, (one.terms,), table[: today + 1], 0, today, fleet, stops, hours=np.empty((0, 3)), change=change
    )


def _months(table: Floats, stop_days: Floats, today: int) -> Floats:
    """The months that were over on the evening of a day."""
    found = [np.empty((0, COLUMNS))]
    for end in range(MONTH_DAYS, today + 2, MONTH_DAYS):
        own = table[end - MONTH_DAYS : end]
        told = stop_days[(stop_days[:, DAY] >= end - MONTH_DAYS) & (stop_days[:, DAY] < end)]
        found.append(month_row(end - 1, float(own[:, KNOWN_S].sum()), float(own[:, DOWN_S].sum()), told))
    return np.concatenate(found)


def by_normal(one: World, today: int) -> float:
    """P(breach) by a normal distribution of the days that are left."""
    recent = one.lost_h.sum(axis=0)[max(0, today - 89) : today + 1]
    left = one.first + one.window - today - 1
    rest = one.budget_h - one.spent_h(today)
    mean, variance = recent.mean(), recent.var(ddof=1)
    deviation = sqrt(left * variance + left**2 * variance / len(recent))
    return float(ndtr((left * mean - rest) / max(deviation, 1e-9)))


def skill(told: Floats, came: Floats) -> float:
    """Brier skill against the base rate: 1 is perfect, 0 is no better than always saying how often it comes."""
    base = came.mean()
    return float(1 - ((told - came) ** 2).mean() / (base * (1 - base)))


def reliability_error(told: Floats, came: Floats) -> float:
    """Mean distance of told from come, over ten bins of equal counts."""
    order = np.argsort(told, kind="stable")
    bins = np.array_split(order, 10)
    return float(sum(len(own) * abs(told[own].mean() - came[own].mean()) for own in bins) / len(told))


def _scored(families: tuple[str, ...]) -> Iterator[tuple[float, float, float, bool, bool | None]]:
    """Told, by normal, by pace, whether it came, whether the day of it lay in the range told; unbroken windows only."""
    for family in families:
        for seed in range(SEEDS, SEEDS + CONTRACTS):
            one = world(family, seed)
            for point in POINTS:
                today = one.first + int(point * one.window) - 1
                told = foretold(one, today)
                if told is not None and not told.breached:
                    pace = one.spent_h(today) * one.window / (today + 1 - one.first) > one.budget_h
                    yield told.probability, by_normal(one, today), float(pace), one.breaks, _in_range(one, told)


def _in_range(one: World, told: Budget) -> bool | None:
    """Whether the budget ran out between low and high; None where it did not, or nothing was said."""
    spent = np.cumsum(one.lost_h.sum(axis=0)[one.first :])
    over = np.flatnonzero(spent > one.budget_h)
    _, low, high = told.expected
    if not len(over) or np.isnan(low):
        return None
    ended = 86400.0 * (one.first + over[0] + 1)
    return bool(low - 86400.0 <= ended <= high + 86400.0)


def _breach(_: Path) -> list[Figure]:
    """Every family by itself and all together."""
    sheet = Sheet("signals", "guarantee-breach")
    for name, families in (("all", FAMILIES), *((family, (family,)) for family in FAMILIES)):
        told, normal, pace, came, dated = (np.array(column) for column in zip(*_scored(families), strict=True))
        came = came.astype(np.float64)
        rivals = {"normal": normal, "pace": pace}
        sheet.add(
            f"{name}_brier_skill", skill(told, came), "1", controls={k: skill(v, came) for k, v in rivals.items()}
        )
        sheet.add(
            f"{name}_reliability_error",
            reliability_error(told, came),
            "1",
            controls={k: reliability_error(v, came) for k, v in rivals.items()} | {"cases": len(came)},
        )
        within = [bool(each) for each in dated if each is not None]
        sheet.add(f"{name}_dates_in_range", float(np.mean(within)), "1", controls={"nominal": 0.8})
    return sheet.figures


SCENARIOS = {"guarantee-breach": _breach}

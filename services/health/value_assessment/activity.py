"""What a customer asks of its machines, month by month: planned time, work, orders, and how they are run. Pure.

    asked = production + setting up + stops that are not for want of work

So a machine that stands still for a fault was asked for all the same (`times.asked_s`): trouble with machines never
looks like trouble with business, and where nothing is known nothing is concluded.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from services.health.block import CustomerBlock, Floats
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.daily_history import day_of
from services.health.prognostic_assessment.peer_levels import DOWN_BY_CAUSE, EFFECTIVENESS_LOSS, QUALITY_LOSS
from services.health.state_detection.states import DAY_S
from services.health.state_detection.times import (
    APT,
    COUNTED_APT,
    GOOD,
    PBT,
    PLANNED_RUN_S,
    PRODUCED,
    UNKNOWN_S,
    asked_s,
    troubled_s,
)
from services.health.state_detection.times import DOWN_BY_CAUSE as DOWN_COLUMNS
from shared.months import month_number
from shared.records.said_numbers import said_number

COVERAGE = 0.8
KEPT_WHOLE = 28
Totals = dict[str, tuple[float, float]]
"""Sums of a figure and of the hours that they are of, by name."""


@dataclass(frozen=True, kw_only=True)
class ActivityMonth:
    """One month of a customer; the newest may be under way. Hours are of all machines together.

    days: whole days counted. trouble_h: stops that are not for want of work. heard_h, listened_h: hours of sources.
    points: of each operating point, by `asset type/metric`, its mean times running hours, and those. made: of each
    asset type units and the hours of production in which they were counted. losses: of each `asset type/loss` its hours
    and the known planned hours that they are of (`peer_levels`). orders: by product how much was ordered.
    """

    number: int
    days: int = 0
    machine_days: float = 0.0
    planned_h: float = 0.0
    known_h: float = 0.0
    asked_h: float = 0.0
    trouble_h: float = 0.0
    heard_h: float = 0.0
    listened_h: float = 0.0
    points: Totals = field(default_factory=dict)
    made: Totals = field(default_factory=dict)
    losses: Totals = field(default_factory=dict)
    orders: dict[str, float] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether the month is over, the sources were heard, and four fifths of its planned time are known."""
        whole = self.days == monthrange(self.number // 12, self.number % 12 + 1)[1]
        heard = self.listened_h > 0 and self.heard_h >= COVERAGE * self.listened_h
        return whole and heard and self.known_h >= COVERAGE * self.planned_h

    @property
    def planned_a_day(self) -> float:
        """Hours of planned time a day."""
        return self.planned_h / self.days if self.days else float("nan")

    @property
    def asked_a_day(self) -> float:
        """Hours a day that the machines were asked for, as if the unknown time were like the known; NaN where nothing
        is known."""
        if not self.is_known:
            return float("nan")
        return self.planned_a_day * self.asked_h / self.known_h if self.known_h > 0 else 0.0

    @property
    def least_asked_a_day(self) -> float:
        """The same as if nothing was asked in the unknown time."""
        return self.asked_h / self.days if self.is_known else float("nan")

    @property
    def most_asked_a_day(self) -> float:
        """The same as if the machines were asked for in all of the unknown time."""
        return (self.asked_h + self.planned_h - self.known_h) / self.days if self.is_known else float("nan")

    @property
    def machines(self) -> float:
        """How many machines stood with the customer, on average."""
        return self.machine_days / self.days if self.days else 0.0


def months_of(
    before: Sequence[ActivityMonth],
    block: CustomerBlock,
    assets: Sequence[tuple[AssetWork, Floats]],
    heard: Floats,
    whole_days: int,
) -> tuple[ActivityMonth, ...]:
    """The months known before, and the block's whole days added, one by one: the same wherever time is cut.

    assets: with their DAILY_FIELDS of the block's days. heard: hours in which sources were heard and could have been,
    shape (days, 2).
    """
    found = {month.number: month for month in before}
    for day, said in enumerate(_days(block, assets, heard, whole_days), start=block.first_day):
        number = month_number(day_of(day))
        found[number] = _added(found.get(number, ActivityMonth(number=number)), said)
    return tuple(found[number] for number in sorted(found))


def thinned(months: Sequence[ActivityMonth]) -> tuple[ActivityMonth, ...]:
    """The months as they are kept: of those that nothing looks at by name any more, the hours alone."""
    first = months[-1].number - KEPT_WHOLE if months else 0
    return tuple(m if m.number > first else replace(m, points={}, made={}, losses={}, orders={}) for m in months)


def _days(
    block: CustomerBlock, assets: Sequence[tuple[AssetWork, Floats]], heard: Floats, whole_days: int
) -> Iterator[ActivityMonth]:
    """Each day by itself, as a month of one day."""
    hours, standing = np.zeros((whole_days, 4)), np.zeros(whole_days)
    points: dict[str, Floats] = {}
    made: dict[str, Floats] = {}
    losses: dict[str, Floats] = {}
    starts = DAY_S * (block.first_day + np.arange(whole_days))
    for work, daily in assets:
        own = daily[:whole_days]
        known = own[:, PBT] - own[:, UNKNOWN_S]
        hours += np.column_stack([own[:, PBT], known, asked_s(own), troubled_s(own)]) / 3600
        here = [(starts < until) & (starts + DAY_S > since) for since, until in work.asset.here]
        standing += np.logical_or.reduce(here)
        of_type = work.asset.asset_type
        units = np.column_stack([own[:, PRODUCED], own[:, COUNTED_APT] / 3600])
        counted = np.isfinite(units.sum(axis=1))[:, None]
        made[of_type] = made.get(of_type, np.zeros((whole_days, 2))) + np.where(counted, units, 0.0)
        for name, sums in _points(work, whole_days):
            points[name] = points.get(name, np.zeros((whole_days, 2))) + sums
        for name, sums in _losses(of_type, own):
            losses[name] = losses.get(name, np.zeros((whole_days, 2))) + sums
    ordered = _orders(block)
    for day in range(whole_days):
        planned, known, asked_h, trouble_h = hours[day].tolist()
        yield ActivityMonth(
            number=0,
            days=1,
            machine_days=float(standing[day]),
            planned_h=planned,
            known_h=known,
            asked_h=min(asked_h, known),
            trouble_h=trouble_h,
            heard_h=float(heard[day, 0]),
            listened_h=float(heard[day, 1]),
            points=_told(points, day),
            made=_told(made, day),
            losses=_told(losses, day),
            orders=ordered.get(day_of(block.first_day + day), {}),
        )


def _told(sums: Mapping[str, Floats], day: int) -> Totals:
    return {name: (float(own[day, 0]), float(own[day, 1])) for name, own in sums.items() if own[day, 1] > 0}


def _points(work: AssetWork, whole_days: int) -> Iterator[tuple[str, Floats]]:
    """Each operating point times running hours, and those, a day; shape (days, 2)."""
    for row, metric in enumerate(work.asset.metrics):
        if metric.role == "operating_point":
            value = work.asset.mean[row, : 24 * whole_days]
            running = work.running[: 24 * whole_days] & np.isfinite(value)
            hourly = np.column_stack([np.where(running, value, 0.0), running])
            yield f"{work.asset.asset_type}/{metric.name}", hourly.reshape(whole_days, 24, 2).sum(axis=1)


def _losses(asset_type: str, own: Floats) -> Iterator[tuple[str, Floats]]:
    """Each loss of the days of a machine in hours, and the known planned hours of the days on which it is known."""
    known = (own[:, PBT] - own[:, UNKNOWN_S]) / 3600
    run = np.where(np.isfinite(own[:, PLANNED_RUN_S]), own[:, PLANNED_RUN_S], own[:, COUNTED_APT]) / 3600
    run = np.where(np.isfinite(run), run, own[:, APT] / 3600)
    made = np.where(own[:, PRODUCED] > 0, own[:, PRODUCED], np.nan)
    found = [(name, own[:, column] / 3600) for name, column in zip(DOWN_BY_CAUSE, DOWN_COLUMNS, strict=True)]
    found.append((EFFECTIVENESS_LOSS, (own[:, COUNTED_APT] - own[:, PLANNED_RUN_S]) / 3600))
    found.append((QUALITY_LOSS, run * (1 - np.minimum(own[:, GOOD] / made, 1.0))))
    for name, lost in found:
        told = np.isfinite(lost)[:, None]
        yield f"{asset_type}/{name}", np.where(told, np.column_stack([lost, known]), 0.0)


def _orders(block: CustomerBlock) -> dict[date, dict[str, float]]:
    """How much of each product was ordered on each day: its quantity, where nobody says one, an order."""
    found: dict[date, dict[str, float]] = {}
    for event in block.events:
        product, quantity = event.attributes.get("product"), said_number(event.attributes.get("quantity"))
        if event.kind == "order" and event.at >= block.start and product is not None:
            own = found.setdefault(event.at.date(), {})
            own[str(product)] = own.get(str(product), 0.0) + (1.0 if quantity is None else quantity)
    return found


def _added(month: ActivityMonth, day: ActivityMonth) -> ActivityMonth:
    return ActivityMonth(
        number=month.number,
        days=month.days + day.days,
        machine_days=month.machine_days + day.machine_days,
        planned_h=month.planned_h + day.planned_h,
        known_h=month.known_h + day.known_h,
        asked_h=month.asked_h + day.asked_h,
        trouble_h=month.trouble_h + day.trouble_h,
        heard_h=month.heard_h + day.heard_h,
        listened_h=month.listened_h + day.listened_h,
        points=_summed(month.points, day.points),
        made=_summed(month.made, day.made),
        losses=_summed(month.losses, day.losses),
        orders={n: month.orders.get(n, 0.0) + day.orders.get(n, 0.0) for n in {**month.orders, **day.orders}},
    )


def _summed(one: Totals, other: Totals) -> Totals:
    found = dict(one)
    for name, (part, whole) in other.items():
        before = found.get(name, (0.0, 0.0))
        found[name] = (before[0] + part, before[1] + whole)
    return found

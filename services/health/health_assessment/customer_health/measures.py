"""The measures of customer health that telemetry gives, on each of the customer's days. Pure.

freshness = 0.5 ^ (days of which evidence was due and none came since the last of which it did, over half the window)
"""

from dataclasses import dataclass

import numpy as np

from services.health.advisory_generation.customer_conditions import UNUSED, USE_DAYS
from services.health.block import Bools, Floats
from services.health.health_assessment.customer_health.weighted_measures import Load, Measure, against_allowance
from services.health.health_assessment.customer_work import (
    CONDITION_DUE,
    CONDITION_GOOD,
    CONDITION_KNOWN,
    COUNTED,
    COUNTED_RUN_S,
    COUNTING_S,
    GUARANTEED_DOWN_S,
    GUARANTEED_DUE_S,
    GUARANTEED_KNOWN_S,
    HEARD_H,
    LISTENED_H,
    PACED_S,
    PACING_S,
    REJECTED,
    SLOW_S,
    CustomerWork,
)
from services.health.health_assessment.daily_history import share, trailing_sum
from services.health.state_detection.times import PBT

MONTH, WEEK, QUARTER = 28, 7, 90
WINDOWS = {
    "availability": MONTH,
    "condition": WEEK,
    "effectiveness": MONTH,
    "quality": MONTH,
    "guarantee": MONTH,
    "promise": QUARTER,
    "reporting": WEEK,
}


@dataclass(frozen=True, kw_only=True)
class Usual:
    """Shares of downtime, of rejects and of production lost to pace that are usual or chance, a day; NaN where
    unknown."""

    down: Floats
    rejects: Floats
    slow: Floats


def told_by_machines(work: CustomerWork, rows: slice, usual: Usual) -> dict[str, Measure]:
    """All measures but what people say, on the days of some rows. usual: on these."""
    days = len(work.days.table)
    found = _measures(work, Usual(**{name: _at(rows, own, days) for name, own in vars(usual).items()}))
    return {name: _on(measure, rows) for name, measure in found.items()}


def _at(rows: slice, values: Floats, days: int) -> Floats:
    placed = np.full(days, np.nan)
    placed[rows] = values
    return placed


def _on(measure: Measure, rows: slice) -> Measure:
    load = measure.load
    return Measure(
        goodness=measure.goodness[rows],
        coverage=measure.coverage[rows],
        freshness=measure.freshness[rows],
        applies=measure.applies[rows],
        load=None if load is None else Load(bad=load.bad[rows], whole=load.whole[rows], allowed=load.allowed[rows]),
    )


def _measures(work: CustomerWork, usual: Usual) -> dict[str, Measure]:
    column = work.days.column
    known, planned = work.known_s, column(PBT)
    return {
        "availability": _share(MONTH, work.down_s, known, planned, usual.down),
        "condition": _free_of(
            WEEK, column(CONDITION_KNOWN) - column(CONDITION_GOOD), column(CONDITION_KNOWN), column(CONDITION_DUE)
        ),
        "effectiveness": _counted(work, (SLOW_S, PACED_S, PACED_S, PACING_S), usual.slow),
        "quality": _counted(work, (REJECTED, COUNTED, COUNTED_RUN_S, COUNTING_S), usual.rejects),
        "guarantee": _share(
            MONTH,
            column(GUARANTEED_DOWN_S),
            column(GUARANTEED_KNOWN_S),
            column(GUARANTEED_DUE_S),
            1 - work.guaranteed,
            agreed=True,
        ),
        "promise": _share(QUARTER, work.down_s, known, planned, 1 - work.promised, agreed=True),
        "adoption": _adoption(work),
        "reporting": _free_of(WEEK, column(LISTENED_H) - column(HEARD_H), column(LISTENED_H), column(LISTENED_H)),
    }


def _share(window: int, bad: Floats, known: Floats, due: Floats, allowed: Floats, *, agreed: bool = False) -> Measure:
    """A share of what is known against what is allowed. agreed: it applies only where something is."""
    load = Load(bad=trailing_sum(bad, window), whole=trailing_sum(known, window), allowed=allowed)
    due_sum = trailing_sum(due, window)
    applies = due_sum > 0
    return Measure(
        goodness=against_allowance(share(load.bad, load.whole), allowed),
        coverage=np.minimum(np.nan_to_num(share(load.whole, due_sum)), 1.0),
        freshness=freshness(known > 0, due > 0, window),
        applies=applies & np.isfinite(allowed) if agreed else applies,
        load=load,
    )


def _free_of(window: int, bad: Floats, known: Floats, due: Floats) -> Measure:
    """The share of what is known that nothing is wrong with."""
    bad_sum, known_sum, due_sum = (trailing_sum(each, window) for each in (bad, known, due))
    return Measure(
        goodness=1 - share(bad_sum, known_sum),
        coverage=np.nan_to_num(share(known_sum, due_sum)),
        freshness=freshness(known > 0, due > 0, window),
        applies=due_sum > 0,
        load=Load(bad=bad_sum, whole=known_sum, allowed=np.full(len(bad_sum), np.nan)),
    )


def _counted(work: CustomerWork, columns: tuple[int, int, int, int], usual: Floats) -> Measure:
    """What is bad of what is counted; covered as far as machines that can count it did so while they ran, or might
    have. columns: what is bad, of what, seconds counted, seconds in which it should have been."""
    daily = [work.days.column(column) for column in columns]
    bad, whole, run, due = (trailing_sum(each, MONTH) for each in daily)
    return Measure(
        goodness=against_allowance(share(bad, whole), usual),
        coverage=np.minimum(np.nan_to_num(share(run, due)), 1.0),
        freshness=freshness(daily[1] > 0, daily[3] > 0, MONTH),
        applies=due > 0,
        load=Load(bad=bad, whole=whole, allowed=usual),
    )


def _adoption(work: CustomerWork) -> Measure:
    """Use up to a tenth of running time counts in proportion; that is enough to say that it is in use."""
    rows = len(work.days.table)
    total, known, paid = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    for capability in work.capabilities:
        entitled = capability.entitled(work.days.first_day, rows)
        use = capability.share(USE_DAYS)
        paid += entitled
        known += entitled & np.isfinite(use)
        total += np.where(entitled, np.clip(np.nan_to_num(use) / UNUSED, 0.0, 1.0), 0.0)
    return Measure(
        goodness=share(total, known),
        coverage=np.nan_to_num(share(known, paid)),
        freshness=np.ones(rows),
        applies=paid > 0,
    )


def freshness(known: Bools, due: Bools, window: int) -> Floats:
    """How much of its word evidence still has on each day, 0..1; days of which none was due age nothing."""
    missed = np.cumsum(due & ~known)
    at_last = np.maximum.accumulate(np.where(known, missed, 0))
    return np.asarray(0.5 ** ((missed - at_last) / (window / 2)), dtype=np.float64)

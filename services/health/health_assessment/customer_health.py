"""Customer health: 100 less the points that each measure costs, a day. Pure.

    availability  28 days' downtime against the guarantee, else against the customer's own acceptance window
    condition     share of machine days of the last 7 days without a drift from the machine's own baseline
    reporting     share of hours of the last 7 days in which the sources were heard
    adoption      use of what was bought, in 60 days
    promise       90 days' downtime against the availability promised at the sale

A measure applies where the customer has what it is about; the weights of the others share its part. What applies and
is not known costs its points too, as `not_known`: silence never makes a customer look healthier. Below the floor of
coverage there is no health at all, nor where neither availability nor condition applies: reports alone are no health.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.health.assessment import CustomerHealthRow
from services.health.block import Bools, Floats
from services.health.health_assessment.daily_history import day_of

COVERAGE_FLOOR = 0.5
WEIGHTS = {"availability": 35.0, "condition": 25.0, "reporting": 15.0, "adoption": 10.0, "promise": 15.0}
NOT_KNOWN = "not_known"
_OF_MACHINES = ("availability", "condition")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure over days, each array of shape (days,).

    goodness: 0..1, 1 is best; NaN where unknown. coverage: 0..1, share of the evidence that exists. applies: whether
    the customer has what the measure is about.
    """

    goodness: Floats
    coverage: Floats
    applies: Bools


def against_allowance(down_share: Floats, allowed: Floats) -> Floats:
    """1 at or below the allowed share of downtime, 0 at three times as much, linear between; NaN where unknown.

    An allowance below 1 % counts as 1 %: on a promise of 100 % every second would cost all points.
    """
    allowance = np.maximum(allowed, 0.01)
    return np.asarray(np.clip(1 - (down_share - allowance) / (2 * allowance), 0.0, 1.0), dtype=np.float64)


def customer_health(measures: Mapping[str, Measure], first_day: int) -> list[CustomerHealthRow]:
    """One row a day; `first_day` counts days since 1970-01-01.

    points of a measure = its weight, as a share of the weights that apply, x coverage x (1 - goodness) x 100
    """
    names = [name for name in WEIGHTS if name in measures]
    weight = np.array([WEIGHTS[name] * measures[name].applies for name in names])
    known = np.array([~np.isnan(measures[name].goodness) for name in names])
    covered = np.where(known, np.array([measures[name].coverage for name in names]), 0.0)
    goodness = np.nan_to_num(np.array([measures[name].goodness for name in names]))
    total = weight.sum(axis=0)
    part = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    lost = 100 * part * covered * (1 - goodness)
    unknown = 100 * (part * (1 - covered)).sum(axis=0)
    coverage = (part * covered).sum(axis=0)
    judged = np.array([name in _OF_MACHINES for name in names]) @ weight > 0
    rows = []
    for day in range(len(total)):
        points = {name: float(lost[i, day]) for i, name in enumerate(names) if weight[i, day] > 0}
        points[NOT_KNOWN] = float(unknown[day])
        enough = coverage[day] >= COVERAGE_FLOOR and judged[day]
        rows.append(
            CustomerHealthRow(
                day=day_of(first_day + day),
                health=max(0.0, 100 - sum(points.values())) if enough else None,
                coverage=float(coverage[day]),
                contributions=points,
            )
        )
    return rows

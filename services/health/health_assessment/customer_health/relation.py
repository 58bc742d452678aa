"""What people say: answers to surveys, and how often somebody spoke with the customer. Pure.

    answers      each counts half as much after every 90 days; a year after the newest they say nothing any more
    touchpoints  days since the last against the interval: the plan's, else the median of the last twelve
                 1 within the interval, 0 at three times as much, linear between; silent beyond twice as much
    transactional   at least three quarters of at least five touchpoints of three years lie within 90 days before or
                 30 days after a renewal, and chance gives that in less than one of 20 (binomial)

No alert comes of these: they are figures, and a tenth of customer health at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from services.health.block import CustomerBlock, Floats
from services.health.health_assessment.customer_health.weighted_measures import Measure
from services.health.health_assessment.daily_history import day_number, day_of
from services.health.state_detection.states import DAY_S
from shared.records.said_numbers import said_number

HALF_LIFE_DAYS, STALE_DAYS = 90.0, 365.0
LEAST_INTERVAL_DAYS, INTERVALS, LEAST_INTERVALS, SILENT = 14.0, 12, 4, 2.0
PATTERN_DAYS, BEFORE_DAYS, AFTER_DAYS, LEAST_VISITS = 3 * 365, 90, 30, 5
MOSTLY, CHANCE = 0.75, 0.05
Days = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Visits:
    """Touchpoints and renewals of a customer, as days since 1970-01-01, ascending.

    met: days with a touchpoint. planned_on, planned_days: from which on how many days between them are planned.
    """

    met: Days
    planned_on: Days
    planned_days: Floats
    renewals: tuple[int, ...]


def visits(block: CustomerBlock) -> Visits:
    """What the block's events and contracts tell of them."""
    events = sorted((e for e in block.events if e.kind == "touchpoint"), key=lambda e: e.at)
    told = [(day_number(e.at.date()), e.attributes) for e in events]
    planned = [(day, every) for day, own in told if (every := said_number(own.get("every_days"))) is not None]
    renewals = {day_number(e.at.date()) for e in block.events if e.kind == "renewal"}
    renewals |= {day_number(c.ends_on) for c in block.contracts if c.ends_on is not None}
    return Visits(
        met=np.unique(np.array([day for day, _ in told], dtype=np.int64)),
        planned_on=np.array([day for day, _ in planned], dtype=np.int64),
        planned_days=np.array([every for _, every in planned]),
        renewals=tuple(sorted(renewals)),
    )


def survey(block: CustomerBlock, days: Days) -> Measure:
    """Answers as a share of the best: attributes `score` and `scale`, or `of`, of events of kind `survey`."""
    answers = ((e.at.timestamp(), answer_share(e.attributes)) for e in block.events if e.kind == "survey")
    told = sorted((at, share) for at, share in answers if share is not None)
    at, good = np.array(told).reshape(-1, 2).T
    evening = (days + 1) * DAY_S
    count = np.searchsorted(at, evening, side="left")
    newest = at[np.maximum(count - 1, 0)] if len(at) else np.full(len(days), -np.inf)
    age = np.where(count > 0, (evening - newest) / DAY_S, np.inf)
    weight = np.where(at < evening[:, None], 0.5 ** ((newest[:, None] - at) / DAY_S / HALF_LIFE_DAYS), 0.0)
    total = weight.sum(axis=1)
    return Measure(
        goodness=np.divide(weight @ good, total, out=np.full(len(days), np.nan), where=total > 0),
        coverage=np.ones(len(days)),
        freshness=np.where(age <= STALE_DAYS, 0.5 ** (age / HALF_LIFE_DAYS), 0.0),
        applies=count > 0,
    )


def answer_share(attributes: Mapping[str, object]) -> float | None:
    """An answer as a share of the best that its scale allows, 0 to 1; None where either is missing or they differ."""
    score, scale = (said_number(attributes.get(n)) for n in ("score", "scale" if "scale" in attributes else "of"))
    return score / scale if score is not None and scale and 0 <= score <= scale else None


def touchpoints(told: Visits, days: Days) -> Measure:
    """Whether somebody speaks with the customer as often as planned, else as usual; silence is the evidence itself."""
    due = np.array([_interval(told, int(day))[0] for day in days])
    count = np.searchsorted(told.met, days, side="right")
    since = days - told.met[np.maximum(count - 1, 0)] if len(told.met) else np.zeros(len(days))
    return Measure(
        goodness=np.clip(1.5 - since / (2 * due), 0.0, 1.0),
        coverage=np.ones(len(days)),
        freshness=np.ones(len(days)),
        applies=np.isfinite(due),
    )


def _interval(told: Visits, day: int) -> tuple[float, str | None]:
    """Days between touchpoints as of an evening, and where that is from; NaN where neither planned nor usual."""
    planned = int(np.searchsorted(told.planned_on, day, side="right"))
    if planned:
        return max(float(told.planned_days[planned - 1]), 1.0), "planned"
    gaps = np.diff(told.met[: np.searchsorted(told.met, day, side="right")][-INTERVALS - 1 :])
    if len(gaps) < LEAST_INTERVALS:
        return float("nan"), None
    return max(float(np.median(gaps)), LEAST_INTERVAL_DAYS), "usual"


def touchpoint_figures(told: Visits, day: int) -> dict[str, object] | None:
    """How often somebody speaks with the customer, as of an evening; None before the first touchpoint."""
    met = told.met[: np.searchsorted(told.met, day, side="right")]
    if not len(met):
        return None
    due, basis = _interval(told, day)
    since = day - int(met[-1])
    return {
        "last_on": day_of(int(met[-1])).isoformat(),
        "days_since": since,
        "interval_days": None if basis is None else due,
        "interval_basis": basis,
        "silent": None if basis is None else since > SILENT * due,
        "last_365_days": int((met > day - 365).sum()),
    } | _pattern(met, told.renewals, day)


def _pattern(met: Days, renewals: Sequence[int], day: int) -> dict[str, object]:
    """Whether the customer is spoken with around renewals alone; None where too little is known to tell."""
    first = max(int(met[0]), day - PATTERN_DAYS + 1)
    told, lived = met[met >= first], np.arange(first, day + 1)
    around = np.zeros(len(lived), dtype=np.bool_)
    for renewal in renewals:
        around |= (lived >= renewal - BEFORE_DAYS) & (lived <= renewal + AFTER_DAYS)
    if len(told) < LEAST_VISITS or not around.any():
        return {"around_renewal": None, "transactional": None}
    inside, chance = int(around[told - first].sum()), float(around.mean())
    surely = bool(binom.sf(inside - 1, len(told), chance) < CHANCE)
    return {
        "around_renewal": round(inside / len(told), 3),
        "transactional": None if chance > MOSTLY else inside >= MOSTLY * len(told) and surely,
    }

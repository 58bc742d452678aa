"""Which alerts were right, which outcomes were foretold, and which forecasts can be scored. Pure.

An alert is judged when its horizon is over, right or wrong alike: judged earlier, those that come true soon would count
before those that do not. Success is never false: where somebody worked on the machine and nothing happened, nobody can
know what would have, so the alert is left out (censored), and so is the forecast. Where more than a fifth of the days
were unseen, that nothing was seen to happen says nothing.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from services.health.advisory_generation.alert_kinds import OutcomeTest
from services.health.block import Bools, Floats
from services.health.track_record.histories import Ints, KindHistory, count_between, key, next_after
from shared.alerts import Resolution

DAY_S, HOUR_S = 86_400.0, 3_600.0
MOST_UNSEEN = 0.2


class Verdict(IntEnum):
    """What became of an alert. STANDING: its time is not over. UNJUDGED: nobody can know. EARLY: the outcome ended it,
    but later than its horizon."""

    STANDING = 0
    RIGHT = 1
    FALSE = 2
    AVERTED = 3
    UNJUDGED = 4
    EARLY = 5


JUDGED = (Verdict.RIGHT, Verdict.EARLY, Verdict.FALSE)


def verdicts(test: OutcomeTest, history: KindHistory) -> Ints:
    """A Verdict for each alert, shape (n,)."""
    alerts = history.alerts
    outcome_at, happened = next_after(history.outcomes, alerts.scope, alerts.opened)
    worked_at, _ = next_after(history.work, alerts.scope, alerts.opened)
    deadline = alerts.opened + test.horizon_days * DAY_S
    within = outcome_at <= np.minimum(deadline, alerts.through)
    due = within if test.decided else alerts.through >= deadline
    # Where a known day decides, nothing else does: a fear that another alert took over may yet prove wrong.
    materialised = (alerts.resolution == Resolution.MATERIALISED) & (not test.decided)
    right = (within & happened) | (materialised & (alerts.ended <= deadline))
    averted = alerts.resolution == Resolution.AVERTED
    unknown = np.isin(alerts.resolution, (Resolution.DATA_GAP, Resolution.DUPLICATE)) | (worked_at <= deadline)
    unknown |= _unseen(history, alerts.scope, alerts.opened, deadline)
    told = np.select(
        [~due, right, materialised, averted, unknown & (alerts.resolution != Resolution.DISMISSED_FALSE)],
        [Verdict.STANDING, Verdict.RIGHT, Verdict.EARLY, Verdict.AVERTED, Verdict.UNJUDGED],
        Verdict.FALSE,
    )
    return np.where(alerts.dated | (not test.dated), told, Verdict.UNJUDGED).astype(np.int64)


def leads(test: OutcomeTest, history: KindHistory, since: float) -> Floats:
    """For each outcome that happened from `since` on, shape (m,): seconds since the earliest alert in time; NaN for
    missed."""
    outcomes = history.outcomes.where(history.outcomes.happened & (history.outcomes.at >= since))
    counted = history.alerts.resolution != Resolution.DUPLICATE
    if test.dated:
        counted &= history.alerts.dated
    alerts = history.alerts.where(np.asarray(counted, dtype=np.bool_))
    order = np.lexsort((alerts.opened, alerts.scope))
    opened = alerts.opened[order]
    keys, at = key(alerts.scope[order], opened), key(outcomes.scope, outcomes.at)
    first = np.searchsorted(keys, at - test.horizon_days * DAY_S, side="left")
    after = np.searchsorted(keys, at - test.in_time_h * HOUR_S, side="right")
    earliest = np.append(opened, np.nan)[np.where(after > first, first, len(opened))]
    return np.asarray(outcomes.at - earliest, dtype=np.float64)


def _unseen(history: KindHistory, scope: Ints, after: Floats, until: Floats) -> Bools:
    days = (until - after) / DAY_S
    return np.asarray(count_between(history.unseen, scope, after, until) > MOST_UNSEEN * days, dtype=np.bool_)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Forecasts whose outcome is known, shape (n,) each. probability is NaN where none was told."""

    probability: Floats
    happened: Bools


def scored(test: OutcomeTest, history: KindHistory, horizon_days: int) -> Scored:
    """Forecasts of one horizon whose time is over and on whose scope nobody worked before anything happened."""
    told = history.forecasts.where(history.forecasts.horizon_days == horizon_days)
    outcome_at, happened = next_after(history.outcomes, told.scope, told.at)
    worked_at, _ = next_after(history.work, told.scope, told.at)
    within = outcome_at <= told.until
    known = told.through >= told.until
    if test.decided:
        known &= within
    censored = np.where(within, worked_at < outcome_at, worked_at <= told.until)
    censored |= ~within & _unseen(history, told.scope, told.at, told.until)
    chosen = known & ~censored
    return Scored(probability=told.probability[chosen], happened=(within & happened)[chosen])

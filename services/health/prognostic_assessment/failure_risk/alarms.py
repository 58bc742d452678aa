"""When a probability becomes an alarm, and how well such alarms do: precision, recall and lead by episode. Pure."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.fleet_history import FleetHistory

PRECISION, RECALL = 0.85, 0.90  # what an *act* alarm promises
LEAST_FAILURES = 10  # fewer show nothing
IN_TIME_H = 8.0  # a shift: an alarm that comes later helps nobody
CLEARED_AT = 0.5  # of the threshold, so that a probability at the border does not flap
_THRESHOLDS = expit(np.linspace(-5, 4, 91))
_LEAST_RUNS = (7, 3)  # thresholds a tenth apart in log odds: what holds within a factor of two is no knife's edge


@dataclass(frozen=True, kw_only=True)
class Record:
    """What alarms of one threshold came to.

    true: with a failure in its horizon. caught: failures that were told in time, IN_TIME_H before or more; lead_h: from
    the first alarm of each that was in its horizon. machine_h: hours in which alarms could be raised.
    """

    failures: int
    caught: int
    true: int
    false: int
    lead_h: Floats
    machine_h: float

    @property
    def precision(self) -> float:
        """Share of alarms that were followed by a failure within the horizon; NaN without an alarm."""
        alarms = self.true + self.false
        return self.true / alarms if alarms else float("nan")

    @property
    def recall(self) -> float:
        """Share of failures that an alarm preceded in time and within the horizon; NaN without a failure."""
        return self.caught / self.failures if self.failures else float("nan")


@dataclass(frozen=True, kw_only=True)
class Act:
    """The alarm that was demonstrated: of the k-th horizon, at a threshold, with what it did out of fold."""

    horizon: int
    threshold: float
    precision: float
    recall: float
    failures: int

    @property
    def clears_below(self) -> float:
        """The probability below which an alarm ends."""
        return CLEARED_AT * self.threshold


def raised(probability: Floats, threshold: float, failed: Bools) -> Bools:
    """Steps in which an alarm opens, (A, T): at the threshold; it ends below half of that or with the failure.

    probability: (A, T), NaN where it is not known, which changes nothing.
    """
    opens, opened = np.zeros(probability.shape, bool), np.zeros(len(probability), bool)
    above, below = probability >= threshold, probability < CLEARED_AT * threshold
    for t in range(probability.shape[1]):
        opened &= ~(below[:, t] | failed[:, t])
        opens[:, t] = above[:, t] & ~opened & ~failed[:, t]
        opened |= opens[:, t]
    return opens


def record(probability: Floats, threshold: float, history: FleetHistory, horizon_h: float) -> Record:
    """What alarms at the threshold would have come to, of probabilities (A, T).

    An alarm whose horizon was cut off without a failure counts as neither true nor false.
    """
    opens = raised(probability, threshold, history.failed)
    machine, step = np.nonzero(opens)
    ahead = history.to_failure[machine, step]
    true = ahead <= horizon_h
    false = ~true & (history.to_censoring[machine, step] > horizon_h)
    failure = np.column_stack([machine, history.failed.cumsum(axis=1)[machine, step]])[true]
    _, first = np.unique(failure, axis=0, return_index=True)
    lead_h = ahead[true][first]
    lead_h = lead_h[lead_h >= IN_TIME_H]
    return Record(
        failures=int((history.failed & history.usable).sum()),
        caught=len(lead_h),
        true=int(true.sum()),
        false=int(false.sum()),
        lead_h=lead_h,
        machine_h=float(history.hours[np.isfinite(probability)].sum()),
    )


def demonstrated(probability: Floats, history: FleetHistory, horizons_h: Floats) -> Act | None:
    """The longest horizon at which out-of-fold probabilities (A, T, K) keep what an *act* alarm promises; None if none.

    Of the thresholds that do, the one in the middle of the longest run of them: the least likely to fail elsewhere.
    A horizon with a long run goes before a longer one with a short run.
    """
    if (history.failed & history.usable).sum() < LEAST_FAILURES:
        return None
    runs = [_promising(probability[..., k], history, float(horizon)) for k, horizon in enumerate(horizons_h)]
    for least in _LEAST_RUNS:
        for k in range(len(horizons_h) - 1, -1, -1):
            if len(runs[k]) >= least:
                threshold, found = runs[k][(len(runs[k]) - 1) // 2]
                return Act(
                    horizon=k,
                    threshold=threshold,
                    precision=found.precision,
                    recall=found.recall,
                    failures=found.failures,
                )
    return None


def _promising(probability: Floats, history: FleetHistory, horizon_h: float) -> list[tuple[float, Record]]:
    """The longest run of thresholds whose alarms keep the promise, with what they came to."""
    longest: list[tuple[float, Record]] = []
    run: list[tuple[float, Record]] = []
    for threshold in _THRESHOLDS.tolist():
        found = record(probability, threshold, history, horizon_h)
        keeps = found.precision >= PRECISION and found.recall >= RECALL
        run = [*run, (threshold, found)] if keeps else []
        longest = run if len(run) > len(longest) else longest
    return longest

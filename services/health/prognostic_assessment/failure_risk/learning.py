"""Learn a failure risk from a fleet's history, everything chosen by cross-validation over its machines. Pure.

Chosen out of fold by logarithmic score: which families of features speak, over which half-lives symptoms are taken
together, and the penalty. Then, from the chosen model's out-of-fold probabilities: the horizon and threshold of an
*act* alarm, if any keeps its promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.alarms import Act, demonstrated
from services.health.prognostic_assessment.failure_risk.fleet_history import FleetHistory
from services.health.prognostic_assessment.failure_risk.hazard import Cases, Hazard, fit, outcome, probabilities

HORIZONS_H = np.array([24.0, 72.0, 168.0, 336.0])  # a day, three, a week, a fortnight
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
_FAMILIES = (
    ("now/", "history/"),
    ("now/", "history/", "site/"),
    ("now/", "symptom/"),
    ("now/", "symptom/", "together/"),
    ("now/", "history/", "site/", "symptom/", "together/"),
)
_FOLDS = 5
_CASES = 5_000

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class FailureRisk:
    """A learned risk. columns: names of the features that it takes. horizons_h: (K,). base: (K,), what the fleet's
    average is. act: the alarm that was demonstrated, None where none keeps its promise."""

    columns: tuple[str, ...]
    penalty: float
    horizons_h: Floats
    hazard: Hazard
    base: Floats
    act: Act | None


def learn(history: FleetHistory, horizons_h: Floats) -> FailureRisk:
    """Choose and learn from all machines; the alarm is judged by models that had not seen the machine."""
    columns, penalty = choose(history, horizons_h)
    found = refit(history, horizons_h, columns, penalty)
    unseen = out_of_fold(history, horizons_h, columns, penalty)
    return replace(found, act=demonstrated(unseen, history, horizons_h))


def refit(history: FleetHistory, horizons_h: Floats, columns: Indices, penalty: float) -> FailureRisk:
    """What was chosen before, learned from more history; it shows no skill of an alarm."""
    cases = cases_of(history, np.arange(len(history.usable)), columns, float(horizons_h[-1]))
    hazard = fit(cases, horizons_h, penalty)
    return FailureRisk(
        columns=tuple(history.names[i] for i in columns),
        penalty=penalty,
        horizons_h=horizons_h,
        hazard=hazard,
        base=cases.weight @ probabilities(hazard, cases.features) / cases.weight.sum(),
        act=None,
    )


def risk(model: FailureRisk, names: Sequence[str], features: Floats, covered: Bools) -> Floats:
    """P(failure within each horizon) of features (..., F), shape (..., K).

    Where nothing is known of the machine (covered: (...,)) it is what was known last, and never below the fleet's
    average: silence proves nothing. What the model knows and nobody reports any more counts as never seen.
    """
    place = {name: i for i, name in enumerate(names)}
    taken = np.zeros((*features.shape[:-1], len(model.columns)))
    for column, name in enumerate(model.columns):
        if name in place:
            taken[..., column] = features[..., place[name]]
    found = probabilities(model.hazard, taken.reshape(-1, taken.shape[-1])).reshape(*taken.shape[:-1], -1)
    return np.where(covered[..., None], found, np.maximum(found, model.base))


def choose(history: FleetHistory, horizons_h: Floats) -> tuple[Indices, float]:
    """The columns and then the penalty with the best logarithmic score out of fold."""

    def score(columns: Indices, penalty: float) -> float:
        return _score(history, horizons_h, columns, penalty)

    middle = PENALTIES[len(PENALTIES) // 2]
    columns = min(candidates(history.names), key=lambda c: score(c, middle))
    return columns, min(PENALTIES, key=lambda p: score(columns, p))


def candidates(names: Sequence[str]) -> list[Indices]:
    """Which families of features may speak; each list of columns once, the shortest first."""
    found = {tuple(i for i, name in enumerate(names) if name.startswith(family)) for family in _FAMILIES}
    return [np.array(columns, dtype=np.int64) for columns in sorted(found - {()}, key=lambda c: (len(c), c))]


def cases_of(history: FleetHistory, machines: Indices, columns: Indices, longest_h: float) -> Cases:
    """The usable moments of some machines, about _CASES of those that a failure follows within the longest horizon and
    as many of the others: neighbouring moments say the same."""
    usable = history.usable[machines]
    far = usable & (history.to_failure[machines] > longest_h)
    near = usable & ~far
    strides = [max(1, round(int(some.sum()) / _CASES)) for some in (near, far)]
    turn = [np.arange(usable.shape[1]) % stride == 0 for stride in strides]
    kept = (near & turn[0]) | (far & turn[1])
    return Cases(
        features=history.features[machines][kept][:, columns],
        to_failure=history.to_failure[machines][kept],
        to_censoring=history.to_censoring[machines][kept],
        weight=np.where(far[kept], float(strides[1]), float(strides[0])),
    )


def out_of_fold(history: FleetHistory, horizons_h: Floats, columns: Indices, penalty: float, folds: int = 10) -> Floats:
    """Each machine's probabilities (A, T, K) by a model that never saw it; NaN where it is not usable."""
    machines = np.arange(len(history.usable))
    found = np.full((*history.usable.shape, len(horizons_h)), np.nan)
    for left_out in np.array_split(machines, min(folds, len(machines))):
        others = np.setdiff1d(machines, left_out)
        model = fit(cases_of(history, others, columns, float(horizons_h[-1])), horizons_h, penalty)
        for machine in left_out:
            seen = history.usable[machine]
            found[machine, seen] = probabilities(model, history.features[machine, seen][:, columns])
    return found


def _score(history: FleetHistory, horizons_h: Floats, columns: Indices, penalty: float) -> float:
    """Logarithmic score out of fold as a share of that of the average, mean over horizons; less is better."""
    machines, longest = np.arange(len(history.usable)), float(horizons_h[-1])
    sums = np.zeros((3, len(horizons_h)))
    for left_out in np.array_split(machines, min(_FOLDS, len(machines))):
        model = fit(cases_of(history, np.setdiff1d(machines, left_out), columns, longest), horizons_h, penalty)
        test = cases_of(history, left_out, columns, longest)
        p = np.clip(probabilities(model, test.features), 1e-6, 1 - 1e-6)
        for k, horizon in enumerate(horizons_h):
            failed, known = outcome(test.to_failure, test.to_censoring, float(horizon))
            weight = test.weight * known
            sums[:, k] -= weight @ np.log(np.where(failed, p[:, k], 1 - p[:, k])), weight @ failed, weight.sum()
    rate = np.clip(sums[1] / sums[2], 1e-6, 1 - 1e-6)
    average = -sums[2] * (entr(rate) + entr(1 - rate))
    return float(np.mean(sums[0] / average))

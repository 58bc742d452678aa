"""Learn a failure risk from a fleet's past, everything chosen by cross-validation over its machines. Pure.

Chosen out of fold by logarithmic score: which families of features speak, over which half-lives symptoms are taken
together, and the penalty. Then, from the chosen model's out-of-fold probabilities: the horizon and threshold of an
*act* alarm, if any keeps its promise, and how probabilities keep their word.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.alarms import Act, demonstrated
from services.health.prognostic_assessment.failure_risk.calibration import calibrated, learn_calibration
from services.health.prognostic_assessment.failure_risk.fleet_history import FleetHistory, FleetPast, history
from services.health.prognostic_assessment.failure_risk.hazard import Cases, Hazard, fit, outcome, probabilities
from services.health.prognostic_assessment.failure_risk.judging import View
from services.health.prognostic_assessment.failure_risk.levels import learn_levels
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, Names

HORIZONS_H = np.array([24.0, 72.0, 168.0])  # a day, three, a week
LEAST_FAILURES, LEAST_MACHINES = 10, 5  # with fewer, what is learned cannot be checked
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
_FAMILIES = (
    ("now/", "history/"),
    ("now/", "history/", "site/"),
    ("pooled/",),
    ("now/", "pooled/"),
    ("now/", "symptom/", "pooled/"),
    ("now/", "symptom/", "together/", "pooled/"),
    ("now/", "history/", "site/", "symptom/", "together/", "pooled/"),
)
_FOLDS = 5
_CASES = 5_000
_MOST = {"marks": 8, "faults": 12, "metrics": 12, "terms": 20}
_LEAST_TOLD = 3  # times that a code or a kind of work must have come to be looked at
_LEAST_REPORTED = 0.5  # share of machines that report a metric
_LEAST_FOLLOWED = 0.25  # share of the moments without a failure that are followed to a horizon's end

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class FailureRisk:
    """A learned risk.

    columns: names of the features that it takes. horizons_h: (K,). base: (K,), what the fleet's average is.
    calibration: (K, 2), of the log odds. score: logarithmic score on machines that it had not seen, as a share of the
    average's. act: the alarm that was demonstrated, None where none keeps its promise.
    """

    view: View
    columns: tuple[str, ...]
    penalty: float
    horizons_h: Floats
    hazard: Hazard
    base: Floats
    calibration: Floats
    score: float
    act: Act | None


def learn(past: FleetPast) -> FailureRisk | None:
    """Choose and learn from all machines; None where failures are too few, or too little is followed or foretold.

    The score and the alarm are those of models that had not seen the machine.
    """
    inside = past.failures.at < past.through
    if inside.sum() < LEAST_FAILURES or len(np.unique(past.failures.machine[inside])) < LEAST_MACHINES:
        return None
    view = view_of(past)
    known = history(past, view)
    if not followed(known, HORIZONS_H):
        return None
    found = learn_from(known, view, HORIZONS_H)
    return found if found.score < 1 else None


def followed(known: FleetHistory, horizons_h: Floats) -> bool:
    """Whether within each horizon failures are known, and of a quarter of what did not fail that it did not.

    Where work comes oftener than that, hardly anything but failures is known, and all machines would seem to fail.
    """
    for horizon in horizons_h:
        failed, told = outcome(known.to_failure, known.to_censoring, float(horizon))
        well = known.usable & ~failed
        if not (failed & known.usable).any() or (well & told).sum() < _LEAST_FOLLOWED * well.sum():
            return False
    return True


def learn_from(known: FleetHistory, view: View, horizons_h: Floats) -> FailureRisk:
    """Choose and learn from moments that a view has seen already."""
    columns, penalty, score = choose(known, horizons_h)
    found = refit(known, view, horizons_h, columns, penalty)
    unseen = out_of_fold(known, horizons_h, columns, penalty)
    calibration = _calibration(unseen, known, horizons_h)
    base = calibrated(found.base, calibration)
    act = demonstrated(calibrated(unseen, calibration), known, horizons_h)
    return replace(found, base=base, calibration=calibration, score=score, act=act)


def _calibration(unseen: Floats, known: FleetHistory, horizons_h: Floats) -> Floats:
    """Of probabilities (A, T, K) by models that had not seen the machine."""
    rows = []
    for k, horizon in enumerate(horizons_h):
        failed, told = outcome(known.to_failure, known.to_censoring, float(horizon))
        usable = told & known.usable
        rows.append(learn_calibration(unseen[usable][:, k], failed[usable]))
    return np.array(rows)


def view_of(past: FleetPast) -> View:
    """What to look at: what most machines report, and what came often enough to learn from."""
    told = past.days.layout
    marks = _often(told.marks, past.days.mark_counts.sum(axis=(0, 2)), _MOST["marks"])
    layout = Layout(
        marks=tuple(name for name in told.marks if name in {"failure", "planned", *marks}),
        faults=_often(told.faults, past.days.fault_counts.sum(axis=(0, 2)), _MOST["faults"]),
        stops=told.stops,
        metrics=_reported(told.metrics, past.days.readings, _MOST["metrics"]),
        terms=_reported(told.terms, past.days.terms, _MOST["terms"]),
    )
    metrics = [told.metrics.index(name) for name in layout.metrics]
    terms = [told.terms.index(name) for name in layout.terms]
    return View(
        layout=layout,
        levels=learn_levels(past.days.readings[:, metrics], past.days.terms[:, terms], past.days.hours > 0),
    )


def _often(names: Names, counts: Floats, most: int) -> Names:
    order = sorted(range(len(names)), key=lambda i: (-counts[i], i))
    chosen = {i for i in order[:most] if counts[i] >= _LEAST_TOLD}
    return tuple(name for i, name in enumerate(names) if i in chosen)


def _reported(names: Names, values: Floats, most: int) -> Names:
    share = np.isfinite(values).any(axis=2).mean(axis=0)
    return tuple(name for name, own in zip(names, share, strict=True) if own >= _LEAST_REPORTED)[:most]


def refit(known: FleetHistory, view: View, horizons_h: Floats, columns: Indices, penalty: float) -> FailureRisk:
    """What was chosen before, learned from more history; it shows no skill."""
    cases = cases_of(known, np.arange(len(known.usable)), columns, float(horizons_h[-1]))
    hazard = fit(cases, horizons_h, penalty)
    return FailureRisk(
        view=view,
        columns=tuple(known.names[i] for i in columns),
        penalty=penalty,
        horizons_h=horizons_h,
        hazard=hazard,
        calibration=np.tile([0.0, 1.0], (len(horizons_h), 1)),
        base=cases.weight @ probabilities(hazard, cases.features) / cases.weight.sum(),
        score=float("nan"),
        act=None,
    )


def risk(model: FailureRisk, features: Floats, covered: Bools) -> Floats:
    """P(failure within each horizon) of features (..., F) that the model's view saw, shape (..., K).

    Where nothing is known of the machine (covered: (...,)) it is what was known last, and never below the fleet's
    average: silence proves nothing.
    """
    place = {name: i for i, name in enumerate(model.view.names)}
    taken = features[..., [place[name] for name in model.columns]]
    found = probabilities(model.hazard, taken.reshape(-1, taken.shape[-1])).reshape(
        *taken.shape[:-1], len(model.horizons_h)
    )
    found = calibrated(found, model.calibration)
    return np.where(covered[..., None], found, np.maximum(found, model.base))


def choose(known: FleetHistory, horizons_h: Floats) -> tuple[Indices, float, float]:
    """Columns, penalty and logarithmic score out of fold.

    The fewest columns, and then the greatest penalty, whose score is within one standard error of the best (Breiman et
    al. 1984): few failures cannot tell many columns apart.
    """
    folds = folds_of(known, _FOLDS)
    tried = [
        (columns, penalty, _scores(known, horizons_h, columns, penalty, folds))
        for columns in candidates(known.names)
        for penalty in reversed(PENALTIES)
    ]
    best = min((found for *_, found in tried), key=lambda found: float(found.sum()))
    columns, penalty, found = next(each for each in tried if _is_as_good(each[2], best))
    return columns, penalty, float(found.sum())


def _is_as_good(found: Floats, best: Floats) -> bool:
    """Whether scores of folds, (n,), are in sum within one standard error of the best ones."""
    worse = found - best
    return bool(worse.sum() <= worse.std(ddof=1) * np.sqrt(len(worse)))


def folds_of(known: FleetHistory, count: int) -> list[Indices]:
    """Machines left out together; by what they did and not by their names, so that names decide nothing."""
    failures, usable = (known.failed & known.usable).sum(axis=1), known.usable.sum(axis=1)
    ahead = np.where(np.isfinite(known.to_failure), known.to_failure, 0.0)
    order = np.lexsort((ahead.sum(axis=1), ahead[:, 0], usable, -failures))
    return [np.sort(order[fold::count]) for fold in range(min(count, len(order)))]


def candidates(names: Sequence[str]) -> list[Indices]:
    """Which families of features may speak; each list of columns once, the shortest first."""
    found = {tuple(i for i, name in enumerate(names) if name.startswith(family)) for family in _FAMILIES}
    return [np.array(columns, dtype=np.int64) for columns in sorted(found - {()}, key=lambda c: (len(c), c))]


def cases_of(known: FleetHistory, machines: Indices, columns: Indices, longest_h: float) -> Cases:
    """The usable moments of some machines, about _CASES of those that a failure follows within the longest horizon and
    as many of the others: neighbouring moments say the same."""
    usable = known.usable[machines]
    far = usable & (known.to_failure[machines] > longest_h)
    near = usable & ~far
    strides = [max(1, round(int(some.sum()) / _CASES)) for some in (near, far)]
    turn = [np.arange(usable.shape[1]) % stride == 0 for stride in strides]
    kept = (near & turn[0]) | (far & turn[1])
    return Cases(
        features=known.features[machines][kept][:, columns],
        to_failure=known.to_failure[machines][kept],
        to_censoring=known.to_censoring[machines][kept],
        weight=np.where(far[kept], float(strides[1]), float(strides[0])),
    )


def out_of_fold(known: FleetHistory, horizons_h: Floats, columns: Indices, penalty: float, folds: int = 10) -> Floats:
    """Each machine's probabilities (A, T, K) by a model that never saw it; NaN where it is not usable."""
    machines = np.arange(len(known.usable))
    found = np.full((*known.usable.shape, len(horizons_h)), np.nan)
    for left_out in folds_of(known, folds):
        others = np.setdiff1d(machines, left_out)
        model = fit(cases_of(known, others, columns, float(horizons_h[-1])), horizons_h, penalty)
        for machine in left_out:
            seen = known.usable[machine]
            found[machine, seen] = probabilities(model, known.features[machine, seen][:, columns])
    return found


def _scores(
    known: FleetHistory, horizons_h: Floats, columns: Indices, penalty: float, folds: Sequence[Indices]
) -> Floats:
    """What each fold adds to the logarithmic score out of fold, a share of the average's, mean over horizons; less is
    better."""
    machines, longest = np.arange(len(known.usable)), float(horizons_h[-1])
    sums = np.zeros((3, len(folds), len(horizons_h)))
    for fold, left_out in enumerate(folds):
        model = fit(cases_of(known, np.setdiff1d(machines, left_out), columns, longest), horizons_h, penalty)
        test = cases_of(known, left_out, columns, longest)
        p = np.clip(probabilities(model, test.features), 1e-6, 1 - 1e-6)
        for k, horizon in enumerate(horizons_h):
            failed, told = outcome(test.to_failure, test.to_censoring, float(horizon))
            weight = test.weight * told
            lost = np.log(np.where(failed, p[:, k], 1 - p[:, k]))
            sums[:, fold, k] = -weight @ lost, weight @ failed, weight.sum()
    total = sums.sum(axis=1)
    rate = np.clip(total[1] / total[2], 1e-6, 1 - 1e-6)
    average = total[2] * (entr(rate) + entr(1 - rate))
    return np.asarray((sums[0] / average).mean(axis=1))

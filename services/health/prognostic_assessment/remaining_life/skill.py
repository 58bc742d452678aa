"""How good a model was on machines that it had not seen, and what came of its values there."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from services.health.block import Floats
from services.health.prognostic_assessment.remaining_life.life_model import Skill, Spread

_NODES = 16
_LEAST_ROWS = 30
_TOLD_AT, _IN_TIME, _EARLY = 30.0, 10.0, 60.0  # days: an alert's act tier, and when it comes too late or too soon


def spread_of(value: Floats, left: Floats, cap: float) -> Spread:
    """What was left, up to the cap, where held-out values (n,) were near each of 16 values between 0 and the cap.

    A value that is higher never means less: the quantiles are made to rise.
    """
    at = np.linspace(0.0, cap, _NODES)
    value, left = np.clip(value, 0.0, cap), np.minimum(left, cap)
    gap = np.abs(value[None] - at[:, None])
    reach = np.maximum(
        cap / (_NODES - 1),
        np.partition(gap, min(_LEAST_ROWS, len(value) - 1), axis=1)[:, min(_LEAST_ROWS, len(value) - 1)],
    )
    rows = [np.quantile(left[gap[i] <= reach[i]], [0.1, 0.5, 0.9]) for i in range(_NODES)]
    low, expected, high = np.maximum.accumulate(np.array(rows), axis=0).T
    return Spread(at=at.tolist(), low=low.tolist(), expected=expected.tolist(), high=high.tolist())


def by_age(age: Floats, left: Floats, life: NDArray[np.int64], fold: NDArray[np.int64], cap: float) -> Floats:
    """The rival that knows a machine's age alone: the median of what machines of other folds had left at that age."""
    lengths = np.array([(age + left)[life == i].max() for i in np.unique(life)])
    folds = np.array([fold[life == i][0] for i in np.unique(life)])
    said = np.empty(len(age))
    for k in np.unique(fold):
        others = np.sort(lengths[folds != k])
        own = fold == k
        first = np.searchsorted(others, age[own], side="right")
        middle = np.minimum((first + len(others)) // 2, len(others) - 1)
        said[own] = np.maximum(others[middle] - age[own], 0.0)
    return np.minimum(said, cap)


def skill_of(
    days: Floats, left: Floats, age: Floats, life: NDArray[np.int64], fold: NDArray[np.int64], cap: float
) -> Skill:
    """Skill of held-out forecasts of days left (n,) on rows of lives that ended in a failure, life by life.

    The advantage is a mean of paired differences over lives with Student's t, one-sided at 95 %.
    """
    truth = np.minimum(left, cap)
    said = {
        "model": np.minimum(days, cap),
        "age": by_age(age, left, life, fold, cap),
        "constant": np.array([np.median(truth[fold != k]) for k in range(int(fold.max()) + 1)])[fold],
    }
    lives = np.unique(life)
    errors = {
        name: np.array([np.abs(values - truth)[life == i].mean() for i in lives]) for name, values in said.items()
    }
    rival = min(("age", "constant"), key=lambda name: errors[name].mean())
    ahead = errors[rival] - errors["model"]
    sure = student.ppf(0.95, len(lives) - 1) * ahead.std(ddof=1) / np.sqrt(len(lives))
    told = [left[(life == i) & (days <= _TOLD_AT)] for i in lives]
    lead = np.array([rows.max() if len(rows) else -1.0 for rows in told])
    return Skill(
        failures=len(lives),
        error=float(errors["model"].mean()),
        error_by_age=float(errors["age"].mean()),
        error_constant=float(errors["constant"].mean()),
        advantage_low=float(ahead.mean() - sure),
        caught=float((lead >= _IN_TIME).mean()),
        early=float((lead > _EARLY).mean()),
    )

"""How far what condition alone foretold kept its word on a fleet, and what it may say from now on. Pure.

A trend through a machine's deviation knows neither how much wear this type bears nor what fails without any. What came
of such forecasts does: the share that failed, of each of eight levels of what was told, drawn to the mean that was told
by the weight of ten forecasts and made to rise with it (isotonic regression, Zadrozny and Elkan 2002).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.remaining_life.lives import Life

HORIZON_DAYS = 90.0
_LIMITS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95)  # exactly nothing is a level of its own: no deviation that is no chance
_MIDDLES = (0.0, 0.025, 0.125, 0.3, 0.5, 0.7, 0.875, 0.975)
_PRIOR = 10.0  # forecasts; fewer make no bin of a reliability diagram either


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """share: probability that a failure comes within HORIZON_DAYS, of each level of what was told, ascending.

    forecasts: of how many that is learned.
    """

    share: tuple[float, ...]
    forecasts: int


def recalibrated(model: Recalibration, told: Floats) -> Floats:
    """What came of such forecasts, for probabilities told (n,); NaN stays NaN."""
    return np.where(np.isnan(told), np.nan, np.array(model.share)[_level(told)])


def learn_recalibration(told: Floats, happened: Bools) -> Recalibration:
    """What came of probabilities (n,) that were told; a level that never was keeps its own, between its neighbours'."""
    level = _level(told)
    count = np.bincount(level, minlength=len(_MIDDLES))
    total = np.bincount(level, weights=told, minlength=len(_MIDDLES))
    came = np.bincount(level, weights=happened, minlength=len(_MIDDLES))
    used = np.flatnonzero(count)
    mean, weight = total[used] / count[used], count[used] + _PRIOR
    share = np.array(_MIDDLES)
    if len(used):
        share[used] = isotonic_regression((came[used] + _PRIOR * mean) / weight, weights=weight).x
        unused = np.setdiff1d(np.arange(len(share)), used)
        above = np.append(share[used], 1.0)[np.searchsorted(used, unused)]
        below = np.append(0.0, share[used])[np.searchsorted(used, unused)]
        share[unused] = np.clip(share[unused], below, above)
    return Recalibration(share=tuple(share.tolist()), forecasts=len(told))


def told_and_came(lives: Sequence[Life]) -> tuple[Floats, Bools]:
    """Forecasts 90 days apart whose time is over: what was told, and whether the machine failed within it.

    Where work or the end of what is known came first and no failure before, nobody knows.
    """
    told, came = [], []
    for life in lives:
        chosen = np.flatnonzero(np.isfinite(life.days.confidence))
        chosen = chosen[np.unique(life.days.day[chosen] // HORIZON_DAYS, return_index=True)[1]]
        at = life.days.day[chosen] + 1
        failures = np.unique([*life.failures, *([life.end] if life.failed else []), np.inf])
        happened = failures[np.searchsorted(failures, at)] <= at + HORIZON_DAYS
        known = happened | (life.end >= at + HORIZON_DAYS)
        told.append(life.days.confidence[chosen][known])
        came.append(happened[known])
    return np.concatenate([np.empty(0), *told]), np.concatenate([np.empty(0, dtype=np.bool_), *came])


def _level(told: Floats) -> np.ndarray:
    return np.searchsorted(_LIMITS, np.nan_to_num(told))

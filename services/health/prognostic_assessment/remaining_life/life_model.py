"""What was learned of remaining life from a fleet, and the forecast for one machine. Pure.

Two functions say how many days are left. The *signature* knows which metrics move how as a machine of this type wears
out. The *severity* knows only how far a machine is from its own baseline, whatever moved, so it also speaks of a fault
that no machine of the fleet ever had: where a machine looks like none before it, severity speaks alone.
"""

from dataclasses import dataclass, replace

import numpy as np

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.remaining_life.life_filter import FIGURES, LifeSums
from services.health.prognostic_assessment.remaining_life.recalibration import Recalibration
from services.health.prognostic_assessment.remaining_life.regression import Ridge, predict, standardised

LAYOUT_VERSION = 2  # of LifeModel and of the figures it reads
_LEAST_METRICS = 0.75  # share of the model's metrics that a machine must report for its signature to be read
_RIDGE = 1e-3
_DECIMALS = 6  # of a day: a product of matrices ends differently by how many rows it has
END_ZONE_DAYS = 30.0  # the horizon of the act tier


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What is normal in the fleet: M metrics by K terms of the operating point.

    centre: M, at zero terms. effect: (M, K). sigma: M, scatter of a day's reading about that.
    """

    metrics: tuple[str, ...]
    terms: tuple[str, ...]
    centre: list[float]
    effect: list[list[float]]
    sigma: list[float]


@dataclass(frozen=True, kw_only=True)
class Spread:
    """From a function's value to what came of such values on machines that it had not seen.

    at: q values, ascending. low, expected, high: 10 %, 50 % and 90 % quantiles of the days that were left there.
    """

    at: list[float]
    low: list[float]
    expected: list[float]
    high: list[float]


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How unlike the fleet a machine may look: squared distance in the axes (F, F) of its features, by their sizes."""

    axes: list[list[float]]
    sizes: list[float]
    limit: float


@dataclass(frozen=True, kw_only=True)
class Skill:
    """What the model did on machines that it had not seen; errors are mean absolute ones, in days up to the cap.

    better_than: the trivial rival that came closest. advantage_low: by how many days the model beat it at least, at
    95 % over lives. caught: share of failures that were told 10 days or more ahead, early: more than 60.
    """

    failures: int
    error: float
    error_by_age: float
    error_constant: float
    advantage_low: float
    caught: float
    early: float

    @property
    def demonstrated(self) -> bool:
        """Whether it is surely better than trivial means."""
        return bool(self.advantage_low > 0)


@dataclass(frozen=True, kw_only=True)
class LifeModel:
    """What was learned from one type's failures up to `learned_through`, in days since 1970-01-01.

    of_condition: what came of the forecasts that condition alone made.
    """

    asset_type: str
    learned_through: float
    cap: float
    scale: Scale
    signature: Ridge
    signature_spread: Spread
    likeness: Likeness
    severity: Ridge | None
    severity_spread: Spread | None
    skill: Skill
    of_condition: Recalibration


@dataclass(frozen=True, kw_only=True)
class Remaining:
    """Days left as of the end of each of n days; NaN where nothing can be said.

    days: on average, up to the model's cap. low, expected, high: 10 %, 50 % and 90 % quantiles; one at the cap says
    "as long or longer" and is infinite. novel: it looks like no machine before.
    """

    days: Floats
    low: Floats
    expected: Floats
    high: Floats
    novel: Bools


def signature_features(scale: Scale, layout: LifeSums, figures: Floats) -> Floats:
    """Figures of advance_life as features (n, 3 M) on the fleet's scale; NaN for what the machine does not report."""
    found = np.full((len(figures), len(scale.metrics), FIGURES), np.nan)
    known = {name: k for k, name in enumerate(layout.terms)}
    if not set(scale.terms) <= set(known):
        return found.reshape(len(figures), -1)
    terms = [1 + known[name] for name in scale.terms]
    row_of = {name: row for row, name in enumerate(layout.metrics)}
    for m, name in enumerate(scale.metrics):
        if name in row_of:
            own = figures[:, row_of[name]]
            found[:, m] = own[:, :, 0] - own[:, :, terms] @ np.array(scale.effect[m])
            found[:, m, 0] -= scale.centre[m]
    on_scale = found / np.array(scale.sigma)[:, None]
    return np.asarray(on_scale.reshape(len(figures), -1), dtype=np.float64)


def severity_features(figures: Floats) -> Floats:
    """Level, slope and recent change of the deviation, (n, 3)."""
    return np.asarray(figures[:, -1, :, 0], dtype=np.float64)


def distance(likeness: Likeness, signature: Ridge, features: Floats) -> Floats:
    """How unlike the fleet rows (n, F) are: mean squared standard score along the fleet's own axes."""
    turned = standardised(signature.expansion, features) @ np.array(likeness.axes)
    return np.asarray((np.square(turned) / (np.array(likeness.sizes) + _RIDGE)).mean(axis=1), dtype=np.float64)


def remaining(model: LifeModel, layout: LifeSums, figures: Floats) -> Remaining:
    """What the model says of one machine after each of n days."""
    features = signature_features(model.scale, layout, figures)
    reported = np.isfinite(features[:, ::FIGURES]).mean(axis=1) >= _LEAST_METRICS
    novel = reported & (distance(model.likeness, model.signature, features) > model.likeness.limit)
    found = _told(model.signature_spread, predict(model.signature, features), model.cap)
    found[:, ~reported] = np.nan
    unseen = severity_features(figures)
    other = np.full_like(found, np.nan)
    if model.severity is not None and model.severity_spread is not None:
        other = _told(model.severity_spread, predict(model.severity, unseen), model.cap)
        other[:, ~np.isfinite(unseen).all(axis=1)] = np.nan
    days, low, expected, high = np.where(novel, other, found)
    return Remaining(days=days, low=low, expected=expected, high=high, novel=np.asarray(novel, dtype=np.bool_))


def contributions(model: LifeModel, layout: LifeSums, figures: Floats) -> tuple[tuple[str, float], ...]:
    """By how many days each metric shortens the last day's expectation, greatest first; those by a day or more.

    The mean of what the forecast loses when the metric alone is as it is and all others as the fleet's average, and
    of what it gains when that metric alone is as the average: the first and last step of its Shapley value.
    """
    features = signature_features(model.scale, layout, figures[-1:])
    count = len(model.scale.metrics)
    own = np.eye(count, dtype=bool)
    kept = np.vstack([np.zeros((1, count), dtype=bool), own, ~own, np.ones((1, count), dtype=bool)])
    variants = np.where(np.repeat(kept, FIGURES, axis=1), features, np.nan)
    value = predict(model.signature, variants)
    gained = np.round((value[0] - value[1 : count + 1] + value[count + 1 : -1] - value[-1]) / 2, 3)
    order = sorted(range(count), key=lambda m: (-gained[m], model.scale.metrics[m]))
    return tuple((model.scale.metrics[m], float(gained[m])) for m in order if gained[m] >= 1.0)


def without_rise(said: Remaining, before: tuple[float, ...]) -> tuple[Remaining, tuple[float, ...]]:
    """The forecast made monotone near the end, and its newest four values, from which the next days go on.

    Once at most 30 days are left no later day says more, until it says twice that: machines do not heal, and a plan
    that moves back and forth is none. before: the four values of the newest day before these; () where there is none.
    """
    table = np.array([said.days, said.low, said.expected, said.high])
    newest = np.array(before or (np.inf,) * 4)
    for day in np.flatnonzero(np.isfinite(said.days)).tolist():
        if newest[0] <= END_ZONE_DAYS and table[0, day] <= 2 * END_ZONE_DAYS:
            table[:, day] = np.minimum(table[:, day], newest)
        newest = table[:, day]
    days, low, expected, high = table
    return replace(said, days=days, low=low, expected=expected, high=high), tuple(newest.tolist())


def _told(spread: Spread, value: Floats, cap: float) -> Floats:
    """A function's value within its range and the three quantiles (4, n) of what came of such values."""
    value = np.round(value, _DECIMALS)
    quantiles = np.array([np.interp(value, spread.at, row) for row in (spread.low, spread.expected, spread.high)])
    return np.vstack([np.clip(value, 0.0, cap), np.where(quantiles >= cap * (1 - 1e-9), np.inf, quantiles)])

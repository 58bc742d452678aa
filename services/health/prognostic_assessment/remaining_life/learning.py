"""From the lives of a fleet's machines to a model of remaining life. Pure.

Everything is chosen by cross-validation over machines: the penalty, and the cap beyond which no machine shows how
long it will last. What a machine's age says is left out, so that one whose data begin late is judged alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats
from services.health.prognostic_assessment.remaining_life.fleet_scale import fleet_scale, on_scale
from services.health.prognostic_assessment.remaining_life.life_filter import FIGURES, LifeSums, advance_life
from services.health.prognostic_assessment.remaining_life.life_model import (
    LifeModel,
    Likeness,
    Scale,
    Spread,
    distance,
    severity_features,
    signature_features,
)
from services.health.prognostic_assessment.remaining_life.lives import Life
from services.health.prognostic_assessment.remaining_life.recalibration import learn_recalibration, told_and_came
from services.health.prognostic_assessment.remaining_life.regression import (
    FOLDS,
    PENALTIES,
    Expansion,
    Ridge,
    expansion_of,
    fitted,
    held_out,
    predict,
    standardised,
)
from services.health.prognostic_assessment.remaining_life.skill import skill_of, spread_of

LEAST_FAILURES = 8  # two machines at least in most folds; with fewer, what is learned cannot be checked
_CAPS = (30.0, 60.0, 90.0, 120.0, 150.0, 180.0)  # days
_SCORED_UP_TO = 90.0  # days: the horizon of watch, within which a date is acted on
_MOST_CROSSED = 15  # metrics whose products are terms
_MOST_ROWS = 20_000


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Judged days of all lives: features, days left (at least, where not failed), age, and whose they are."""

    signature: Floats
    severity: Floats
    left: Floats
    age: Floats
    failed: NDArray[np.bool_]
    life: NDArray[np.int64]
    fold: NDArray[np.int64]


def learn(lives: Sequence[Life], asset_type: str, learned_through: float) -> LifeModel | None:
    """What the failures among these lives teach; None where they are too few, or no metric varies."""
    failed = [life for life in lives if life.failed]
    if len(failed) < LEAST_FAILURES or len({life.group for life in failed}) < FOLDS:
        return None
    scale = fleet_scale(lives)
    if scale is None:
        return None
    rows = _rows(lives, scale)
    signature = _chosen(rows, rows.signature, min(FIGURES * _MOST_CROSSED, rows.signature.shape[1]), _CAPS)
    cap = signature.cap
    known = np.asarray(np.isfinite(rows.severity).all(axis=1), dtype=np.bool_)
    severity = None
    if known.any() and len(np.unique(rows.life[known & rows.failed])) >= LEAST_FAILURES:
        severity = _chosen(_picked(rows, known), rows.severity[known], FIGURES, [cap])
    own = rows.failed
    return LifeModel(
        asset_type=asset_type,
        learned_through=learned_through,
        cap=cap,
        scale=scale,
        signature=signature.ridge,
        signature_spread=signature.spread,
        likeness=_likeness(rows, signature.ridge),
        severity=None if severity is None else severity.ridge,
        severity_spread=None if severity is None else severity.spread,
        skill=skill_of(signature.held_out[own], rows.left[own], rows.age[own], rows.life[own], rows.fold[own], cap),
        of_condition=learn_recalibration(*told_and_came(lives)),
    )


def _rows(lives: Sequence[Life], scale: Scale) -> _Rows:
    step = -(-sum(len(life.days.day) for life in lives) // _MOST_ROWS)
    plain = Scale(
        metrics=scale.metrics,
        terms=(),
        centre=[0.0] * len(scale.metrics),
        effect=[[]] * len(scale.metrics),
        sigma=[1.0] * len(scale.metrics),
    )
    folds = _folds(lives)
    signature, severity = [], []
    for life in lives:
        layout, figures = advance_life(LifeSums(), on_scale(life.days, scale))
        signature.append(signature_features(plain, layout, figures)[::step])
        severity.append(severity_features(figures)[::step])

    def spread(value: Sequence[Floats]) -> Floats:
        return np.concatenate([row[::step] for row in value])

    return _Rows(
        signature=np.concatenate(signature),
        severity=np.concatenate(severity),
        left=spread([life.left for life in lives]),
        age=spread([life.days.day - life.days.day[0] for life in lives]),
        failed=spread([np.full(len(life.days.day), life.failed) for life in lives]).astype(np.bool_),
        life=spread([np.full(len(life.days.day), i) for i, life in enumerate(lives)]).astype(np.int64),
        fold=spread([np.full(len(life.days.day), folds[life.group]) for life in lives]).astype(np.int64),
    )


def _folds(lives: Sequence[Life]) -> dict[int, int]:
    """Fold of each machine; by what it did and not by its name, so that names decide nothing."""
    days = {
        group: sum(len(life.days.day) for life in lives if life.group == group) for group in {i.group for i in lives}
    }
    failures = {group: sum(life.failed for life in lives if life.group == group) for group in days}
    order = sorted(days, key=lambda group: (-failures[group], days[group]))
    return {group: place % FOLDS for place, group in enumerate(order)}


@dataclass(frozen=True, kw_only=True)
class _Choice:
    """A function, the cap it was chosen with, and what it said of the rows when it had not seen their machines."""

    ridge: Ridge
    cap: float
    spread: Spread
    held_out: Floats


def _chosen(rows: _Rows, features: Floats, crossed: int, caps: Sequence[float]) -> _Choice:
    """The function whose penalty and cap predict machines best that it has not seen.

    Lives without a failure take part in the choice where they surely lasted beyond every cap, and in the final
    fit with what is expected of them, at least what they lasted (Buckley and James 1979, one step).
    """
    sure = rows.failed | (rows.left >= max(caps))
    expansion = expansion_of(features, crossed)
    targets = np.minimum(rows.left[sure, None], np.array(caps))
    said = np.clip(held_out(expansion, features[sure], targets, rows.fold[sure], PENALTIES), 0.0, np.array(caps))
    truth = np.minimum(rows.left[sure], _SCORED_UP_TO)
    errors = np.square(np.minimum(said, _SCORED_UP_TO) - truth[None, :, None]).mean(axis=1)
    penalty, which = divmod(int(np.argmin(errors)), len(caps))
    cap, told = caps[which], said[penalty, :, which]
    ridge = fitted(expansion, features[sure], targets[:, which], PENALTIES[penalty])
    if not sure.all():
        imputed = np.maximum(rows.left, predict(ridge, features))
        target = np.minimum(np.where(sure, rows.left, imputed), cap)
        ridge = fitted(expansion, features, target, PENALTIES[penalty])
    everywhere = np.full(len(rows.left), np.nan)
    everywhere[sure] = told
    return _Choice(ridge=ridge, cap=cap, spread=spread_of(told, rows.left[sure], cap), held_out=everywhere)


def _likeness(rows: _Rows, signature: Ridge) -> Likeness:
    """How far a machine may be from the others: as far as any was from those that were not of its fold."""
    furthest = 0.0
    for k in np.unique(rows.fold):
        others = _axes(signature.expansion, rows.signature[rows.fold != k])
        own = distance(others, signature, rows.signature[rows.fold == k])
        furthest = max(furthest, float(own.max()))
    return replace(_axes(signature.expansion, rows.signature), limit=furthest)


def _axes(expansion: Expansion, features: Floats) -> Likeness:
    plain = standardised(expansion, features)
    sizes, axes = np.linalg.eigh(plain.T @ plain / len(plain))
    return Likeness(axes=axes.tolist(), sizes=np.maximum(sizes, 0.0).tolist(), limit=float("inf"))


def _picked(rows: _Rows, chosen: NDArray[np.bool_]) -> _Rows:
    return _Rows(**{name: value[chosen] for name, value in vars(rows).items()})

"""What is normal in a fleet, so that machines with other offsets, units and operating points can be compared. Pure."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from services.health.block import Floats
from services.health.prognostic_assessment.remaining_life.life_days import LifeDays
from services.health.prognostic_assessment.remaining_life.life_model import Scale
from services.health.prognostic_assessment.remaining_life.lives import Life

_EARLY_DAYS = 28
_REPORTED = 0.5  # share of lives in which a metric must have values


def fleet_scale(lives: Sequence[Life]) -> Scale | None:
    """What is normal: readings of each life's first four weeks, with the operating point's part taken out.

    Metrics come in the order of how much more they move over lives than from day to day; None where none does.
    """
    metrics = _common([life.days.metrics for life in lives])
    terms = _common([life.days.terms for life in lives])
    early = [life.days.rows(slice(0, _EARLY_DAYS)) for life in lives]
    values = np.concatenate([_columns(days.metrics, days.values, metrics) for days in early])
    settings = np.concatenate([_columns(days.terms, days.terms_mean, terms) for days in early])
    found = []
    for m, name in enumerate(metrics):
        known = np.isfinite(values[:, m]) & np.isfinite(settings).all(axis=1)
        if known.sum() < max(2 * (1 + len(terms)), _EARLY_DAYS):
            continue
        centre, effect = least_squares(values[known, m], settings[known])
        rest = values[known, m] - centre - settings[known] @ effect
        sigma = float(rest.std())
        if sigma > 1e-9 * float(np.abs(values[known, m]).max()):
            found.append((name, centre, effect.tolist(), sigma))
    if not found:
        return None
    names, centres, effects, sigmas = (list(column) for column in zip(*found, strict=True))
    plain = Scale(metrics=tuple(names), terms=terms, centre=centres, effect=effects, sigma=sigmas)
    order = np.argsort(-_movement(lives, plain), kind="stable")
    return Scale(
        metrics=tuple(names[i] for i in order),
        terms=terms,
        centre=[centres[i] for i in order],
        effect=[effects[i] for i in order],
        sigma=[sigmas[i] for i in order],
    )


def least_squares(values: Floats, settings: Floats) -> tuple[float, Floats]:
    """Least squares of values on settings; a setting that does not vary has no part."""
    middle, spread = settings.mean(axis=0), settings.std(axis=0)
    varies = spread > 1e-9 * np.maximum(np.abs(middle), 1e-300)
    scaled = (settings[:, varies] - middle[varies]) / spread[varies]
    solved = np.linalg.lstsq(scaled, values - values.mean(), rcond=1e-9)[0]
    effect = np.zeros(settings.shape[1])
    effect[varies] = solved / spread[varies]
    return float(values.mean() - middle @ effect), effect


def _movement(lives: Sequence[Life], scale: Scale) -> Floats:
    """How much each metric moves over lives against from day to day."""
    found = [on_scale(life.days, scale).values for life in lives]
    whole = np.nanvar(np.concatenate(found), axis=0)
    steps = np.nanvar(np.concatenate([np.diff(values, axis=0) for values in found]), axis=0) / 2
    return np.asarray(whole / np.maximum(steps, 1e-300), dtype=np.float64)


def on_scale(days: LifeDays, scale: Scale) -> LifeDays:
    """The days with readings on the fleet's scale and no terms left."""
    values = _columns(days.metrics, days.values, scale.metrics)
    settings = _columns(days.terms, days.terms_mean, scale.terms)
    level = (values - np.array(scale.centre) - settings @ np.array(scale.effect).T) / np.array(scale.sigma)
    return LifeDays(
        day=days.day,
        metrics=scale.metrics,
        values=level,
        terms=(),
        terms_mean=np.empty((len(level), 0)),
        deviation=days.deviation,
        confidence=days.confidence,
        renewed=days.renewed,
    )


def _common(names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Names that most lives have."""
    count = Counter(name for own in names for name in own)
    return tuple(sorted(name for name, lives in count.items() if lives >= _REPORTED * len(names)))


def _columns(own: tuple[str, ...], table: Floats, names: tuple[str, ...]) -> Floats:
    """The named columns of a table (n, len(own)); NaN for those that it lacks."""
    padded = np.column_stack([table, np.full(len(table), np.nan)])
    return padded[:, [own.index(name) if name in own else len(own) for name in names]]

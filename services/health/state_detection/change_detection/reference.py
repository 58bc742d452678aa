"""What is normal for a machine from one bucket to the next, learned from its own readings."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.dependence import memory, shrunk_correlation
from services.health.state_detection.change_detection.level import error_variance
from services.health.state_detection.change_detection.sensor_runs import RunLimits, run_limits
from services.health.state_detection.change_detection.tempo import Tempo, weight
from services.health.state_detection.operating_baseline import Baseline, deviation_of_hours, fit_baseline

REACH = 4.0  # sigmas that one reading counts at most: one glitch is no change
_FAMILIES = 3  # single metrics, T2, Q
_LEAST_INDEPENDENT = 14  # readings worth of information, half of 28 days; with fewer a metric has no level of its own
_BLOCKS = 28
_LEADING = 0.9
_FORETOLD = 0.5  # share of a metric's variance that its peers must foretell before they can speak against it
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What A machines with M metrics each are judged by, as arrays.

    noise: (S, A, M), infinite where a metric is not judged. limit, spread, foretold: (A, M): limit of a metric, of what
    its peers leave of it, and whether they foretell it well. precision, directions: (A, M, M), of the correlation.
    in_t2, in_q: (A, M), what a squared deviation in each direction counts, of their limits. peers_limit: (A,).
    """

    noise: Floats
    limit: Floats
    spread: Floats
    foretold: Bools
    precision: Floats
    directions: Floats
    in_t2: Floats
    in_q: Floats
    peers_limit: Floats


def side_by_side(weights: Sequence[Weights]) -> Weights:
    """The weights of several machines with as many metrics each."""
    if len(weights) == 1:
        return weights[0]
    found: dict[str, Any] = {
        each.name: np.concatenate([getattr(w, each.name) for w in weights], axis=int(each.name == "noise"))
        for each in fields(Weights)
    }
    return Weights(**found)


@dataclass(frozen=True, kw_only=True)
class ChangeReference:
    """M metrics, P operating points and S spans; nested lists, so that it can be stored.

    baseline: what each metric is by operating regime, of operating points and their squares; its sigma is NaN for
    metrics that are not judged. usual_points: mean and standard deviation of each operating point. spread: (1 + 2 P,
    M), how a reading's scatter follows them. noise: (S, M), standard deviation of the smoothed deviation of a machine
    that did not change, the baseline's own error included. limit: (M,), how many of these are no chance. correlation:
    (M, M) of readings, shrunk; unit rows for metrics that are not judged. leading: dimensions of T2. t2_limit, q_limit,
    peers_limit: of T2 in these, of Q, and of T2 of all metrics but one; infinite where there is nothing to judge by.
    runs: how long readings may stand still or stay away.
    """

    baseline: Baseline
    usual_points: list[list[float]]
    spread: list[list[float]]
    noise: list[list[float]]
    limit: list[float]
    correlation: list[list[float]]
    leading: int
    t2_limit: float
    q_limit: float
    peers_limit: float
    runs: RunLimits

    @cached_property
    def weights(self) -> Weights:
        """The same as arrays, of one machine."""
        judged = np.isfinite(np.array(self.baseline.sigma))
        correlation, noise = np.array(self.correlation), np.array(self.noise)
        precision = np.linalg.inv(correlation)
        spread = np.sqrt(np.diag(precision))
        powers, directions = np.ones(len(judged)), np.zeros(correlation.shape)
        powers[: judged.sum()], found = np.linalg.eigh(correlation[np.ix_(judged, judged)])
        directions[np.ix_(judged, np.arange(len(judged)) < judged.sum())] = found
        leading = np.arange(len(judged)) >= judged.sum() - self.leading
        return Weights(
            noise=np.where(judged, noise, np.inf)[:, None],
            limit=np.array(self.limit)[None],
            spread=spread[None],
            foretold=(judged & (1 - 1 / spread**2 >= _FORETOLD))[None],
            precision=precision[None],
            directions=directions[None],
            in_t2=np.where(leading, 1 / (powers * self.t2_limit), 0.0)[None],
            in_q=np.where(leading, 0.0, 1 / self.q_limit)[None],
            peers_limit=np.array([self.peers_limit]),
        )

    def deviation(self, values: Floats, points: Floats) -> Floats:
        """Deviation of readings (T, M) at operating points (T, P) from the baseline, in its sigmas; NaN: not judged."""
        bent = _with_squares(points, self.usual_points)
        return deviation_of_hours(self.baseline, values, bent)[0] / _spread_at(bent, self.usual_points, self.spread)


def fit_reference(values: Floats, points: Floats, tempo: Tempo) -> ChangeReference | None:
    """Learn from n buckets in which nothing was found; None where no metric has a level of its own.

    values: (n, M), points: (n, P), NaN where unknown. A metric that wanders, so that all its readings tell no more
    than a dozen independent ones, is not judged: its next wandering would be an alarm.
    """
    rows = len(values)
    usual_points = _usual_points(points)
    bent = _with_squares(points, usual_points)
    block = (np.arange(rows) * _BLOCKS // max(rows, 1)).astype(np.float64)
    fitted = fit_baseline(values, bent, block, points.shape[1])
    if fitted is None:
        return None
    residual, _ = deviation_of_hours(replace(fitted, sigma=[1.0] * values.shape[1]), values, bent)
    centre, scale = _centre_and_scale(residual, values)
    spread = _fitted_spread((residual - centre) / scale, bent, usual_points)
    deviation = np.clip((residual - centre) / scale / _spread_at(bent, usual_points, spread), -REACH, REACH)
    readings = (~np.isnan(deviation)).sum(axis=0)
    usual, longest = memory(deviation)
    judged = np.isfinite(scale) & (readings >= _LEAST_INDEPENDENT * longest)
    if not judged.any():
        return None
    centres = np.array(fitted.centre) + np.nan_to_num(centre)
    baseline = replace(fitted, centre=centres.tolist(), sigma=np.where(judged, scale, np.nan).tolist())
    runs = run_limits(np.hstack([values, points]), values.shape[1], tempo)
    usual = np.where(judged, usual, 1.0)
    found = _with_limits(baseline, usual_points, usual, readings / usual, deviation, tempo, runs)
    return replace(found, spread=spread)


def _with_squares(points: Floats, usual: list[list[float]]) -> Floats:
    """Operating points (T, P) and their squared distances from the usual: power follows speed in no straight line."""
    mean, spread = np.array(usual).reshape(-1, 2).T
    return np.hstack([points, ((points - mean) / np.where(spread > 0, spread, 1.0)) ** 2])


def _usual_points(points: Floats) -> list[list[float]]:
    known = [column[~np.isnan(column)] for column in points.T]
    return [[float(c.mean()), float(c.std())] if len(c) else [0.0, 1.0] for c in known]


def _fitted_spread(deviation: Floats, bent: Floats, usual: list[list[float]]) -> list[list[float]]:
    """Least-squares weights (1 + 2 P, M) by which the size of a deviation follows the operating points.

    Glejser (1969): a pump's readings scatter more at full speed, and a shift at full speed is no change.
    """
    features = _features(bent, usual)
    size = np.minimum(np.abs(deviation), REACH)
    weights = np.zeros((features.shape[1], deviation.shape[1]))
    weights[0] = 1.0
    for m in range(deviation.shape[1]):
        have = ~np.isnan(size[:, m]) & ~np.isnan(features).any(axis=1)
        if have.any() and size[have, m].mean() > 0:
            weights[:, m] = np.linalg.lstsq(features[have], size[have, m] / size[have, m].mean(), rcond=None)[0]
    return [[float(w) for w in row] for row in weights]


def _spread_at(bent: Floats, usual: list[list[float]], weights: list[list[float]]) -> Floats:
    """Scatter (T, M) at operating points, of the usual one; at least half of it and at most twice."""
    features, own = _features(bent, usual), np.array(weights)
    spread = features[:, :1] * own[0]
    for k in range(1, len(own)):
        spread += features[:, k : k + 1] * own[k]
    return np.clip(np.where(np.isnan(spread), 1.0, spread), 0.5, 2.0)


def _features(bent: Floats, usual: list[list[float]]) -> Floats:
    mean, deviation = np.array(usual).reshape(-1, 2).T
    points = bent[:, : len(usual)]
    standard = (points - mean) / np.where(deviation > 0, deviation, 1.0)
    return np.column_stack([np.ones(len(bent)), standard, bent[:, len(usual) :]])


def _with_limits(
    baseline: Baseline,
    usual_points: list[list[float]],
    usual: Floats,
    independent: Floats,
    deviation: Floats,
    tempo: Tempo,
    runs: RunLimits,
) -> ChangeReference:
    """usual: for how many readings an independent one stands; independent: how many of these there are; (M,) each."""
    judged = np.isfinite(np.array(baseline.sigma))
    correlation = shrunk_correlation(np.where(judged, deviation, 0.0), float(usual[judged].max()))
    powers: Floats = np.linalg.eigvalsh(correlation[np.ix_(judged, judged)]).astype(np.float64)[::-1]
    leading = int(np.searchsorted(np.cumsum(powers) / powers.sum(), _LEADING) + 1)
    many, known = int(judged.sum()), float(independent[judged].min())
    chance = tempo.chance(_FAMILIES * len(tempo.spans))
    limit = np.full(len(judged), np.inf)
    limit[judged] = t_distribution.isf(chance / (2 * many), independent[judged] - 1)
    error = np.where(judged, np.maximum(1 / np.maximum(independent, 1), error_variance(tempo) * usual), 0.0)
    return ChangeReference(
        baseline=baseline,
        usual_points=usual_points,
        spread=[],
        noise=[np.sqrt(_variance(span, usual) + error).tolist() for span in tempo.spans],
        limit=limit.tolist(),
        correlation=correlation.tolist(),
        leading=leading,
        t2_limit=_squared_limit(chance, leading, known),
        q_limit=_outside_limit(chance, powers[leading:], known),
        peers_limit=_squared_limit(chance, max(1, many - 1), known),
        runs=runs,
    )


def _variance(span: int, usual: Floats) -> Floats:
    """Variance of a moving average of readings of variance 1, `usual` of which stand for one that is independent."""
    newest = weight(span)
    return np.minimum(newest / (2 - newest) * usual, 1.0)


def _squared_limit(chance: float, dimensions: float, known: float) -> float:
    """Limit of Hotelling's T2 in so many dimensions, from `known` independent readings (Hotelling 1931)."""
    free = known - dimensions
    if free < 1:
        return float("inf")
    return float(dimensions * (known**2 - 1) / (known * free) * f_distribution.isf(chance, dimensions, free))


def _outside_limit(chance: float, powers: Floats, known: float) -> float:
    """Limit of Q, the squared deviation outside the leading dimensions: g chi2 with h degrees of freedom (Box 1954)."""
    if not len(powers) or powers.sum() <= 0:
        return float("inf")
    g, h = (powers**2).sum() / powers.sum(), powers.sum() ** 2 / (powers**2).sum()
    return float(g * _squared_limit(chance, float(h), known))


def _centre_and_scale(residual: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column with outliers drawn in; NaN scale for what does not vary.

    Unlike the scatter of slow wear it also knows metrics that move in coarse steps, half of whose readings are equal.
    """
    have = ~np.isnan(residual)
    count = np.maximum(have.sum(axis=0), 1)
    middle = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else np.nan for c in residual.T])
    around = np.where(have, residual - middle, 0.0)
    for _ in range(3):
        scale = np.sqrt((around**2).sum(axis=0) / count)
        around = np.clip(around, -REACH * scale, REACH * scale)
    mean = around.sum(axis=0) / count
    scale = np.sqrt((np.where(have, around - mean, 0.0) ** 2).sum(axis=0) / count)
    size = np.abs(np.where(np.isnan(values), 0.0, values)).max(axis=0, initial=0.0)
    varied: Floats = np.where(scale > _ROUNDING * size, scale, np.nan)
    return middle + mean, varied

"""What an asset's condition metrics are when nothing is wrong, by operating regime.

A baseline is learned from the first 28 days with data (four whole weeks, so that every weekday counts alike; two to
three weeks is what makers of condition monitoring ask for) and never moves afterwards: wear that grows for months
must not become normal. It predicts each metric from the operating point and says how far readings scatter around
that prediction; everything later is counted in that scatter, so units and offsets cancel.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats

BASELINE_DAYS = 28
_LEAST_DAYS_METRIC = 14  # half a baseline; with fewer the scatter of a day is a guess
_LEAST_DAYS_REGIME = 3
_LEAST_SHARE_LEVEL = 0.05
_GAP_IN_SIGMAS = 2.0  # two clusters of readings at least seven of their sigmas apart, so no bell curve is cut
_SLOPE_T = 3.0  # three standard errors: a slope that may be chance does harm when it is extrapolated
_ROUNDING = 1e-9  # scatter below this share of the reading is arithmetic, not the machine


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """M metrics by R regimes and P operating points; all arrays are nested lists, so that it can be stored.

    cuts: P ascending lists of levels' limits. low, high: P, the range in which it is valid; infinite for an operating
    point that is not used because it hardly ever had a value. regimes: R tuples of P
    level numbers. centre: (R, M). point_centre: (R, P). slope: (P, M). sigma: M, a reading's scatter; NaN where the
    metric is not judged (constant, or too little data). day_noise: M, long-run standard deviation of a day's mean in
    sigmas, autocorrelation counted. hours_a_day: the usual number of hours with data in a day.
    """

    cuts: list[list[float]]
    low: list[float]
    high: list[float]
    regimes: list[list[int]]
    centre: list[list[float]]
    point_centre: list[list[float]]
    slope: list[list[float]]
    sigma: list[float]
    day_noise: list[float]
    hours_a_day: float

    @cached_property
    def arrays(self) -> "_Arrays":
        """The same as arrays."""
        return _Arrays(
            cuts=tuple(np.array(limits) for limits in self.cuts),
            low=np.array(self.low),
            high=np.array(self.high),
            unused=np.isinf(self.low),
            regimes=np.array(self.regimes, dtype=np.int64).reshape(len(self.regimes), len(self.cuts)),
            centre=np.array(self.centre),
            point_centre=np.array(self.point_centre),
            slope=np.array(self.slope),
            sigma=np.array(self.sigma),
        )


@dataclass(frozen=True, kw_only=True)
class _Arrays:
    cuts: tuple[Floats, ...]
    low: Floats
    high: Floats
    unused: Bools
    regimes: NDArray[np.int64]
    centre: Floats
    point_centre: Floats
    slope: Floats
    sigma: Floats


def deviation_of_hours(baseline: Baseline, values: Floats, points: Floats) -> tuple[Floats, Bools]:
    """Deviation of each reading from the baseline in its sigmas, and which hours the baseline knows.

    values: (T, M), points: (T, P). Deviations are (T, M), NaN where the reading or the operating point is missing,
    the metric is not judged, or the operating point lies outside what the baseline has seen (known is false there).
    """
    own = baseline.arrays
    points = np.where(own.unused, 0.0, points)
    regime = _regime(own, points)
    known = regime >= 0
    row = np.maximum(regime, 0)
    expected = own.centre[row]
    if points.shape[1]:
        offset = points - own.point_centre[row]
        for k in range(points.shape[1]):
            expected = expected + offset[:, k : k + 1] * own.slope[k]
    deviation = (values - expected) / own.sigma
    deviation[~known] = np.nan
    return deviation, known


def fit_baseline(values: Floats, points: Floats, day: Floats, regimes_of: int | None = None) -> Baseline | None:
    """Learn a baseline from hours in which the asset ran; None where no metric varied in enough of them.

    values: (n, M), points: (n, P), NaN where unknown. day: (n,), the UTC day's number, ascending. regimes_of: only so
    many of the points, the first, divide into regimes; all do where it is None.
    Outliers are drawn in to four robust sigmas first, so that a glitch in the first weeks does not blind the rest.
    """
    unused = np.isnan(points).mean(axis=0) > 0.5
    points = np.where(unused, 0.0, points)
    whole = ~np.isnan(points).any(axis=1)
    values, points, day = values[whole], points[whole], day[whole]
    if len(np.unique(day)) < _LEAST_DAYS_METRIC:
        return None
    cuts = [_levels(points[:, k]) if k < (regimes_of or points.shape[1]) else [] for k in range(points.shape[1])]
    level = _level_numbers(cuts, points)
    keys, member = np.unique(level, axis=0, return_inverse=True)
    member = member.reshape(-1)
    kept = [r for r in range(len(keys)) if len(np.unique(day[member == r])) >= _LEAST_DAYS_REGIME]
    if not kept:
        keys, member, kept, cuts = keys[:1] * 0, member * 0, [0], [[] for _ in cuts]
    used = np.isin(member, kept)
    values, points, day, member = values[used], points[used], day[used], np.searchsorted(kept, member[used])
    point_centre = np.array([points[member == r].mean(axis=0) for r in range(len(kept))])
    median = np.array([_nan_median(values[member == r]) for r in range(len(kept))])
    residual = values - median[member]
    reach = 4 * scatter(residual)
    residual = np.clip(residual, -reach, reach)
    slope = _slopes(residual, points - point_centre[member], day)
    residual = residual - (points - point_centre[member]) @ slope
    shift = np.array([_nan_mean(residual[member == r]) for r in range(len(kept))])
    residual = residual - shift[member]
    sigma = _sigma(residual, values, day)
    if np.isnan(sigma).all():
        return None
    least, most = np.quantile(points, [_LEAST_SHARE_LEVEL, 1 - _LEAST_SHARE_LEVEL], axis=0)
    margin = (most - least) / 2
    return Baseline(
        cuts=cuts,
        low=np.where(unused, -np.inf, least - margin).tolist(),
        high=np.where(unused, np.inf, most + margin).tolist(),
        regimes=keys[kept].tolist(),
        centre=(median + shift).tolist(),
        point_centre=point_centre.tolist(),
        slope=slope.tolist(),
        sigma=sigma.tolist(),
        day_noise=_day_noise(residual / sigma, day).tolist(),
        hours_a_day=float(np.median(np.unique(day, return_counts=True)[1])),
    )


def widened_baseline(baseline: Baseline, metric_from: list[int], point_from: list[int]) -> Baseline:
    """The baseline in a new order of metrics and points; -1 stands for one that it does not know and leaves out."""

    def picked(row: list[float], source: list[int], otherwise: float) -> list[float]:
        return [row[i] if i >= 0 else otherwise for i in source]

    nan = float("nan")
    slope = [picked(row, metric_from, 0.0) for row in baseline.slope]
    return Baseline(
        cuts=[baseline.cuts[i] if i >= 0 else [] for i in point_from],
        low=picked(baseline.low, point_from, -np.inf),
        high=picked(baseline.high, point_from, np.inf),
        regimes=[[key[i] if i >= 0 else 0 for i in point_from] for key in baseline.regimes],
        centre=[picked(row, metric_from, nan) for row in baseline.centre],
        point_centre=[picked(row, point_from, 0.0) for row in baseline.point_centre],
        slope=[slope[i] if i >= 0 else [0.0] * len(metric_from) for i in point_from],
        sigma=picked(baseline.sigma, metric_from, nan),
        day_noise=picked(baseline.day_noise, metric_from, nan),
        hours_a_day=baseline.hours_a_day,
    )


def _regime(own: _Arrays, points: Floats) -> NDArray[np.int64]:
    """Row of the regime of each hour, -1 where there is none."""
    inside = ((points >= own.low) & (points <= own.high)).all(axis=1)
    same = (_level_numbers(own.cuts, points)[:, None] == own.regimes).all(axis=2)
    return np.where(inside & same.any(axis=1), same.argmax(axis=1), -1)


def _level_numbers(cuts: Sequence[Sequence[float] | Floats], points: Floats) -> NDArray[np.int64]:
    numbers = np.zeros(points.shape, dtype=np.int64)
    for k, limits in enumerate(cuts):
        if len(limits):
            numbers[:, k] = np.searchsorted(limits, points[:, k])
    return numbers


def _levels(values: Floats) -> list[float]:
    """Limits between clusters of one operating point: cut at the widest gap while it is wide beside both sides."""
    ordered = np.sort(values)
    least = max(2, int(np.ceil(_LEAST_SHARE_LEVEL * len(ordered))))
    limits: list[float] = []
    parts = [ordered]
    while parts:
        part = parts.pop()
        if len(part) < 2 * least:
            continue
        gaps = np.diff(part)[least - 1 : len(part) - least]
        at = int(np.argmax(gaps)) + least
        left, right = part[:at], part[at:]
        spread = np.sqrt((left.var() * len(left) + right.var() * len(right)) / len(part))
        if gaps[at - least] > max(_GAP_IN_SIGMAS * spread, _ROUNDING * float(np.abs(ordered).max())):
            limits.append(float((left[-1] + right[0]) / 2))
            parts += [left, right]
    return sorted(limits)


def _slopes(residual: Floats, offset: Floats, day: Floats) -> Floats:
    """Least-squares slope of each metric on the operating points, (P, M); zero where it may be chance."""
    slope = np.zeros((offset.shape[1], residual.shape[1]))
    spread = offset.std(axis=0)
    varied = np.flatnonzero(spread > _ROUNDING * np.abs(offset).max(axis=0, initial=0.0))
    for m in range(residual.shape[1]):
        have = ~np.isnan(residual[:, m])
        chosen = varied
        for _ in range(2):
            if not len(chosen) or not have.any():
                break
            beta, error = _line(offset[np.ix_(have, chosen)] / spread[chosen], residual[have, m], day[have])
            slope[:, m] = 0.0
            sure = np.abs(beta) > _SLOPE_T * error
            slope[chosen[sure], m] = beta[sure] / spread[chosen[sure]]
            if sure.all():
                break
            chosen = chosen[sure]
    return slope


def _line(q: Floats, y: Floats, day: Floats) -> tuple[Floats, Floats]:
    """Least-squares slopes of y on q (n, K) and their standard errors, (K,).

    Errors are clustered by day (Liang and Zeger 1986): neighbouring hours are alike, so hours alone would overstate
    what is known. Infinite where there are too few days.
    """
    inverse = np.linalg.pinv(q.T @ q)
    beta = inverse @ (q.T @ y)
    _, cluster = np.unique(day, return_inverse=True)
    days, free = int(cluster.max()) + 1, int(cluster.max()) - q.shape[1]
    if free < 1:
        return beta, np.full(len(beta), np.inf)
    score = np.zeros((days, q.shape[1]))
    np.add.at(score, cluster, q * (y - q @ beta)[:, None])
    spread = inverse @ (score.T @ score) @ inverse * days / free
    return beta, np.sqrt(np.diag(spread))


def _sigma(residual: Floats, values: Floats, day: Floats) -> Floats:
    sigma = scatter(residual)
    size = np.nanmax(np.abs(np.where(np.isnan(values), 0.0, values)), axis=0, initial=0.0)
    days = np.array([len(np.unique(day[~np.isnan(values[:, m])])) for m in range(values.shape[1])])
    judged: Floats = np.where((sigma > _ROUNDING * size) & (days >= _LEAST_DAYS_METRIC), sigma, np.nan)
    return judged


def scatter(values: Floats) -> Floats:
    """Square root of Tukey's biweight midvariance of each column, about its median; 0 where half of it is equal.

    Mosteller and Tukey (1977), c = 9: as efficient as the standard deviation on a bell curve, deaf to outliers.
    """
    found = np.zeros(values.shape[1])
    for m in range(values.shape[1]):
        x = values[~np.isnan(values[:, m]), m]
        if not len(x):
            continue
        x = x - np.median(x)
        mad = float(np.median(np.abs(x)))
        if mad == 0:
            continue
        u2 = (x / (9 * mad)) ** 2
        near = u2 < 1
        above = np.sum(x[near] ** 2 * (1 - u2[near]) ** 4)
        below = np.sum((1 - u2[near]) * (1 - 5 * u2[near]))
        found[m] = np.sqrt(len(x) * above) / abs(below)
    return found


def _day_noise(deviation: Floats, day: Floats) -> Floats:
    """Long-run standard deviation of a day's mean deviation: sd x sqrt((1 + r) / (1 - r)), shape (M,).

    r is the lag-1 autocorrelation of days, corrected for the short sample (Marriott and Pope 1954) and pooled over
    metrics by the median, since 28 days say little about one.
    """
    days = np.unique(day)
    means = np.array([_nan_mean(deviation[day == d]) for d in days])
    means = means - _nan_mean(means)
    spread = np.sqrt(_nan_mean(means**2) * len(days) / max(len(days) - 1, 1))
    lagged = _nan_mean(means[1:] * means[:-1]) / np.where(spread > 0, spread**2, np.nan)
    lagged = lagged[~np.isnan(lagged)]
    r = float(np.median(lagged)) if len(lagged) else 0.0
    r = min(max(r + (1 + 3 * r) / len(days), 0.0), 0.8)
    noise: Floats = spread * np.sqrt((1 + r) / (1 - r))
    return noise


def _nan_mean(values: Floats) -> Floats:
    """Mean of each column over what is known, NaN where nothing is."""
    have = ~np.isnan(values)
    count = have.sum(axis=0)
    mean: Floats = np.where(have, values, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)
    return mean


def _nan_median(values: Floats) -> Floats:
    """Median of each column over what is known, NaN where nothing is."""
    return np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else np.nan for c in values.T])

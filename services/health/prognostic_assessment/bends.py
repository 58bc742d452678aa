"""Whether a monthly figure stands still, falls or rises now: lines with at most one change, weighed by months. Pure.

A slope over a year sees a turn when most of the year lies behind it. Here each hypothesis is a course of the last three
years: one line, two that meet in some month (a bend), or one that steps up or down in some month, as a machine that
fails and comes back makes it, each either standing still or moving, under noise of some size that is independent from
month to month or resembles its neighbour's. Hypotheses weigh what they did before times the
likelihood of the months (Bayes; lines with normal priors, so that all sums are exact: Lindley and Smith, Journal of
the Royal Statistical Society B 34, 1972), and what is told is the weight of those that say so. Many months looked at,
and many changes, need no correction: each pays for being one of many by its prior.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.stats import norm

from services.health.block import Floats
from services.health.prognostic_assessment.trends import FLAT, LEAST_SHARE, WINDOWS

LEAST_MONTHS = 12
_NEAREST_CHANGE = 2  # months on either side of a change
_CHANGES_A_YEAR = 0.4  # a bend once in five years, and a step as often
_STANDS = 0.25  # share of stretches that stand still
_LEVEL, _STEPS = 0.3, 0.03  # standard deviations: of levels, of what a step changes them by
_MOVES, _STILL = 0.04, 0.003  # and, a year, of slopes that move and that do not
_NOISES = np.geomspace(0.001, 0.03, 7)  # standard deviations of a month
_LIKENESSES = (0.0, 0.4)  # autocorrelations from month to month
_Z90 = 1.645
_STRAIGHT, _BEND, _STEP = range(3)
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the months say of the present. months: that are known. slope, low, high: change a year now, 90 %.

    falling: probability that it falls by more than a point a year. standing: probability that it has been within a
    point a year of nothing for at least so many months, of WINDOWS. since: months of the present course, by median.
    """

    months: int
    slope: float
    low: float
    high: float
    falling: float
    standing: tuple[float, ...]
    since: int

    def stood(self, sure: float) -> int:
        """The longest of WINDOWS for which it surely stood still; 0 for none."""
        return max((months for months, p in zip(WINDOWS, self.standing, strict=True) if p >= sure), default=0)


def reading(monthly: Floats, chance: Floats | None = None) -> Reading | None:
    """What the last three years say; None with less than a year, or below 80 % of the months or of the last year's.

    chance: variance of each month that is known beforehand, beside the noise, shape of monthly.
    """
    values = monthly[-WINDOWS[-1] :]
    known = np.flatnonzero(np.isfinite(values))
    year = np.isfinite(values[-LEAST_MONTHS:]).sum()
    if len(values) < LEAST_MONTHS or min(len(known) / len(values), year / LEAST_MONTHS) < LEAST_SHARE:
        return None
    forms, places, scales, prior = _hypotheses(len(values))
    sure = np.zeros(len(known)) if chance is None else chance[-WINDOWS[-1] :][known]
    lines = _lines(known, forms, places)
    likelihood, slope, error = _weighed(values[known] - values[known].mean(), known, sure, lines, scales)
    weight = prior * np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    still = norm.cdf((FLAT - slope) / error) - norm.cdf((-FLAT - slope) / error)
    lasted = len(values) - places
    mean = float((weight * slope).sum())
    spread = float(np.sqrt((weight * ((slope - mean) ** 2 + error**2)).sum()))
    return Reading(
        months=len(known),
        slope=mean,
        low=mean - _Z90 * spread,
        high=mean + _Z90 * spread,
        falling=float((weight * norm.cdf((-FLAT - slope) / error)).sum()),
        standing=tuple(float((weight * still)[..., lasted >= months].sum()) for months in WINDOWS),
        since=_median(lasted, weight.sum(axis=0)),
    )


def _hypotheses(months: int) -> tuple[Ints, Ints, Floats, Floats]:
    """Of each one: its form, the month of its change, standard deviations by column of its lines (H, 4), its prior."""
    places = range(_NEAREST_CHANGE, months - _NEAREST_CHANGE)
    changed = 1 - (1 - _CHANGES_A_YEAR / 12) ** len(places)
    of, size = {True: _STANDS, False: 1 - _STANDS}, {True: _STILL, False: _MOVES}
    found = [(_STRAIGHT, 0, size[now], size[now], (1 - changed) * of[now]) for now in of]
    for place, now in product(places, of):
        each = changed / len(places) * of[now] / 2
        found.append((_STEP, place, size[now], size[now], each))
        found += [(_BEND, place, size[was], size[now], each * of[was]) for was in of if not (was and now)]
    scales = np.array([(_LEVEL, was, now, _STEPS) for _, _, was, now, _ in found])
    return (
        np.array([f for f, *_ in found]),
        np.array([p for _, p, *_ in found]),
        scales,
        np.array([p for *_, p in found]),
    )


def _lines(known: Ints, forms: Ints, places: Ints) -> Floats:
    """Level, slope before, slope now and step of each hypothesis at the known months, shape (H, known, 4)."""
    years = (known[None, :] - places[:, None]) / 12
    bent, stepped = (forms == _BEND)[:, None], (forms == _STEP)[:, None]
    since = np.where(bent, np.maximum(years, 0.0), years)
    before = np.where(bent, np.minimum(years, 0.0), 0.0)
    return np.stack([np.ones(years.shape), before, since, stepped & (years >= 0)], axis=2)


def _weighed(
    values: Floats, known: Ints, chance: Floats, lines: Floats, scales: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log likelihood, slope now and its standard error, of each likeness and noise, and hypothesis."""
    apart = np.abs(np.subtract.outer(known, known))
    parts = [
        _fitted(values, lines, np.diag(chance) + noise**2 * likeness**apart, scales)
        for likeness, noise in product(_LIKENESSES, _NOISES)
    ]
    likelihood, slope, error = (np.stack(part) for part in zip(*parts, strict=True))
    return likelihood, slope, error


def _fitted(values: Floats, lines: Floats, noise: Floats, scales: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each hypothesis, shape (H,). noise: covariance of the months."""
    root = np.linalg.cholesky(noise)
    flat = np.column_stack([values, lines.transpose(1, 0, 2).reshape(len(values), -1)])
    unlike = solve_triangular(root, flat, lower=True, check_finite=False)
    seen, own = unlike[:, 0], unlike[:, 1:].reshape(len(values), len(lines), -1).transpose(1, 2, 0)
    matrix = own @ own.transpose(0, 2, 1) + (1 / scales**2)[:, :, None] * np.eye(len(scales.T))
    towards = own @ seen
    covariance = np.linalg.inv(matrix)
    line = (covariance @ towards[..., None])[..., 0]
    left = float(seen @ seen) - (towards * line).sum(axis=1)
    size = np.linalg.slogdet(matrix)[1] / 2 + np.log(scales).sum(axis=1) + np.log(np.diag(root)).sum()
    return -left / 2 - size, line[:, 2], np.sqrt(covariance[:, 2, 2])


def _median(lasted: Ints, weight: Floats) -> int:
    """The median of how long the present course has lasted."""
    order = np.argsort(lasted, kind="stable")
    return int(lasted[order][np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum())])

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


def reading(monthly: Floats) -> Reading | None:
    """What the last three years say; None with less than a year, or below 80 % of the months or of the last year's."""
    values = monthly[-WINDOWS[-1] :]
    known = np.flatnonzero(np.isfinite(values))
    year = np.isfinite(values[-LEAST_MONTHS:]).sum()
    if len(values) < LEAST_MONTHS or min(len(known) / len(values), year / LEAST_MONTHS) < LEAST_SHARE:
        return None
    forms, places, scales, prior = _hypotheses(len(values))
    likelihood, slope, error = _weighed(values[known] - values[known].mean(), known, forms, places, scales)
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
        since=_median(lasted, weight.sum(axis=(0, 1))),
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


def _weighed(values: Floats, known: Ints, forms: Ints, places: Ints, scales: Floats) -> tuple[Floats, Floats, Floats]:
    """Log likelihood, slope now and its standard error, of each likeness, noise and hypothesis."""
    years = (known[None, :] - places[:, None]) / 12
    bent, stepped = (forms == _BEND)[:, None], (forms == _STEP)[:, None]
    since = np.where(bent, np.maximum(years, 0.0), years)
    before = np.where(bent, np.minimum(years, 0.0), 0.0)
    lines = np.stack([np.ones(years.shape), before, since, stepped & (years >= 0)], axis=2)
    parts = [_fitted(*_unlike(values, known, lines, likeness), scales) for likeness in _LIKENESSES]
    likelihood, slope, error = (np.stack(part) for part in zip(*parts, strict=True))
    return likelihood, slope, error


def _unlike(values: Floats, known: Ints, lines: Floats, likeness: float) -> tuple[Floats, Floats, float]:
    """Months and lines as they are when the likeness of neighbours is taken out, and the log of what that scales."""
    left = likeness ** np.diff(known) if likeness else np.zeros(len(known) - 1)
    scale = np.append(1.0, 1 / np.sqrt(1 - left**2))
    seen, own = values.copy(), lines.copy()
    seen[1:] -= left * values[:-1]
    own[:, 1:] -= left[:, None] * lines[:, :-1]
    return seen * scale, own * scale[:, None], float(np.log(scale).sum())


def _fitted(seen: Floats, lines: Floats, scaled: float, scales: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each noise and hypothesis, shape (noises, H), with independent months."""
    precision = 1 / _NOISES[:, None] ** 2
    products = (lines.transpose(0, 2, 1) @ lines)[None] * precision[..., None, None]
    matrix = products + (1 / scales**2)[:, :, None] * np.eye(len(scales.T))
    towards = (lines.transpose(0, 2, 1) @ seen)[None] * precision[..., None]
    covariance = np.linalg.inv(matrix)
    line = (covariance @ towards[..., None])[..., 0]
    left = float(seen @ seen) * precision - (towards * line).sum(axis=2)
    size = np.linalg.slogdet(matrix)[1] / 2 + np.log(scales).sum(axis=1) - len(seen) * np.log(precision) / 2
    return scaled - left / 2 - size, line[..., 2], np.sqrt(covariance[..., 2, 2])


def _median(lasted: Ints, weight: Floats) -> int:
    """The median of how long the present course has lasted."""
    order = np.argsort(lasted, kind="stable")
    return int(lasted[order][np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum())])

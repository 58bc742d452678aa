"""What a customer's uptime should have been for how often its machines stopped. Pure.

Hours of stops are their number times how long they take, and repairs differ so much from one another (a standard
deviation as large as the mean) that half and more of a month's noise is of a few long ones. What they take in the mean
changes slowly: it is a level that wanders (local level model, smoothed by Rauch, Tung and Striebel, AIAA Journal 3,
1965), and how fast it wanders and how unlike repairs are is learned from the months themselves, by the likelihood of
each value. Where stops do become longer it follows; where they only differ, it stays and the count alone is heard.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np

from services.health.block import Floats

_WANDERS = (0.0, 0.01, 0.03, 0.1, 0.3)  # standard deviations a month of the log of the mean length, equally likely
_UNLIKE = (0.5, 1.0, 2.0, 4.0, 8.0)  # squared coefficients of variation of lengths, equally likely
_VAGUE = 4.0
_REMEMBERED = 6  # months over which the usual share of stops is averaged


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Of each month, shape (months,): uptime for as many stops of the usual length, and its variance because stops
    come by chance (Poisson). Both NaN where the uptime is not known."""

    uptime: Floats
    chance: Floats


def expected(uptime: Floats, stops: Floats, known_h: Floats) -> Expected:
    """uptime: share of known_h, NaN where it is not known; stops: how many began; known_h: hours; shape (months,)."""
    months, share = np.full(len(uptime), np.nan), np.full(len(uptime), np.nan)
    known = np.flatnonzero(np.isfinite(uptime))
    length = _lengths(((1 - uptime) * known_h)[known], stops[known], known)
    months[known] = length / known_h[known]
    share[known] = _usual(stops[known] * months[known])
    return Expected(uptime=1 - stops * months, chance=share * months)


def _lengths(hours: Floats, stops: Floats, known: np.ndarray) -> Floats:
    """Mean hours of a stop in each known month, by all of them."""
    told = (stops > 0) & (hours > 0)
    if not told.any():
        return np.zeros(len(hours))
    seen = np.where(told, np.log(np.where(told, hours, 1.0) / np.maximum(stops, 1)), 0.0)
    between = np.diff(known, prepend=known[:1])
    start = float(np.average(seen, weights=stops * told))
    found = [
        _smoothed(seen - start, np.where(told, unlike / np.maximum(stops, 1), np.inf), wander**2 * between)
        for wander, unlike in product(_WANDERS, _UNLIKE)
    ]
    likelihood = np.array([own for own, _ in found])
    weight = np.exp(likelihood - likelihood.max())
    levels = np.array([level for _, level in found])
    return np.asarray(np.exp(start + weight @ levels / weight.sum()))


def _smoothed(seen: Floats, error: Floats, steps: Floats) -> tuple[float, Floats]:
    """Log likelihood, and level at each of them. error: variances, inf where nothing is seen; steps: before each."""
    level, variance, likelihood = 0.0, _VAGUE, 0.0
    levels, variances = np.empty(len(seen)), np.empty(len(seen))
    for i, (value, own, step) in enumerate(zip(seen.tolist(), error.tolist(), steps.tolist(), strict=True)):
        variance += step
        if own < np.inf:
            total = variance + own
            likelihood -= 0.5 * (np.log(total) + (value - level) ** 2 / total)
            level, variance = level + variance / total * (value - level), variance * own / total
        levels[i], variances[i] = level, variance
    for i in range(len(seen) - 2, -1, -1):
        levels[i] += variances[i] / (variances[i] + steps[i + 1]) * (levels[i + 1] - levels[i])
    return likelihood, levels


def _usual(shares: Floats) -> Floats:
    """The share of stops that is usual up to each month: a mean that forgets."""
    usual, level = np.empty(len(shares)), float(shares[:3].mean()) if len(shares) else 0.0
    for i, share in enumerate(shares.tolist()):
        level += (share - level) / min(i + 3, _REMEMBERED)
        usual[i] = level
    return usual

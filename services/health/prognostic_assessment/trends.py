"""Better, flat or worse: the slope of a monthly figure with an interval that one believes. Pure.

Theil-Sen with its 90 % interval (scipy.stats.theilslopes), widened by sqrt((1 + r) / (1 - r)) for the first-order
autocorrelation r of what the slope leaves: months resemble their neighbours, and an interval that takes them for
independent claims a trend too often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import theilslopes

from services.health.block import Floats

WINDOWS = (12, 18, 24, 36)
LEAST_SHARE = 0.8
FLAT = 0.01


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Change a year over the last `months` months, with a 90 % interval."""

    months: int
    value: float
    low: float
    high: float


def slopes(monthly: Floats) -> tuple[Slope, ...]:
    """Slopes over the last 12, 18, 24 and 36 months; those with fewer than 80 % of their months known are left out."""
    return tuple(slope for months in WINDOWS if (slope := slope_over(monthly, months)) is not None)


def longest_slope(monthly: Floats) -> Slope | None:
    """The slope over the longest of these windows that is known."""
    over = (slope_over(monthly, months) for months in reversed(WINDOWS))
    return next((slope for slope in over if slope is not None), None)


def slope_over(monthly: Floats, months: int) -> Slope | None:
    """The slope over the last `months`; None with fewer than 80 % of them known."""
    values = monthly[-months:]
    known = np.flatnonzero(np.isfinite(values))
    if len(monthly) < months or len(known) < LEAST_SHARE * months:
        return None
    return slope_of(values[known], known.astype(np.float64) / 12, months)


def slope_of(values: Floats, years: Floats, months: int) -> Slope:
    """The slope through known months at their years."""
    value, intercept, low, high = theilslopes(values, years, alpha=0.9)
    wider = widening(values - intercept - value * years)
    return Slope(
        months=months,
        value=float(value),
        low=float(value - (value - low) * wider),
        high=float(value + (high - value) * wider),
    )


def widening(left: Floats) -> float:
    """By what an interval that takes months for independent is too narrow, from what a line leaves of them."""
    left = left - left.mean()
    power = float((left**2).sum())
    if power <= 0:
        return 1.0
    r = float((left[1:] * left[:-1]).sum()) / power
    n = len(left)
    corrected = min(0.9, max(0.0, (n * r + 1) / (n - 4)))
    return sqrt((1 + corrected) / (1 - corrected))


def flat(found: Sequence[Slope]) -> Slope | None:
    """The longest window over which the slope is surely within a point a year of nothing (two one-sided tests)."""
    surely = [slope for slope in found if slope.low > -FLAT and slope.high < FLAT]
    return max(surely, key=lambda slope: slope.months, default=None)


def falling(found: Sequence[Slope]) -> Slope | None:
    """The longest window over which the figure surely falls by more than a point a year.

    None where it is surely flat over a longer one: of four windows looked at every month, the shortest shows a fall now
    and then that is none, and nobody can be told that nothing changes and that it gets worse.
    """
    surely = [slope for slope in found if slope.high < -FLAT]
    longest = max(surely, key=lambda slope: slope.months, default=None)
    still = flat(found)
    return None if longest and still and still.months > longest.months else longest


def rising(found: Sequence[Slope]) -> Slope | None:
    """The longest window over which the figure surely rises."""
    return max((slope for slope in found if slope.low > 0), key=lambda slope: slope.months, default=None)

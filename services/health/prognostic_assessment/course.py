"""Better and better, flat or worse: what may be said of all months since the first, and when more may be said. Pure.

slope           Theil-Sen over all months, with its widened 90 % interval (`trends`)
significance    Mann-Kendall, its variance times (1 + r) / (1 - r) with r the bias-corrected first-order
                autocorrelation of what the slope leaves (domain reference 0.3; Yue and Wang 2004): two-sided 5 %
verdict         improving, declining  significant, and the slope's interval leaves nothing out
                flat                  surely within a point a year of nothing
                not_enough_data       neither, or less than a year of months
ready on        after a year of months; later, when the interval will be as narrow as a verdict needs: it shrinks
                with the power 1.5 of the months, as long as nothing changes
year over year  mean of the last twelve months less that of the twelve before
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy.stats import kendalltau, norm

from services.health.block import Floats
from services.health.prognostic_assessment.trends import FLAT, Slope, slope_of, widening

LEAST_MONTHS = 12
IMPROVING, FLAT_WORD, DECLINING, NOT_ENOUGH = "improving", "flat", "declining", "not_enough_data"
_LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Course:
    """months: known ones. missing: how many more months until a verdict may be said, 0 where it is.

    p: of Mann-Kendall; slope, p and year_over_year None where they are not known.
    """

    verdict: str
    months: int
    missing: int
    slope: Slope | None = None
    p: float | None = None
    year_over_year: float | None = None


def course(monthly: Floats) -> Course:
    """What all months say; `monthly` has one figure a month since the first, NaN where unknown."""
    known = np.flatnonzero(np.isfinite(monthly))
    if len(known) < LEAST_MONTHS:
        return Course(verdict=NOT_ENOUGH, months=len(known), missing=LEAST_MONTHS - len(known))
    years = known.astype(np.float64) / 12
    slope = slope_of(monthly[known], years, len(known))
    p = mann_kendall(monthly[known], years, slope.value)
    verdict = _verdict(slope, p)
    return Course(
        verdict=verdict,
        months=len(known),
        missing=_missing(slope) if verdict == NOT_ENOUGH else 0,
        slope=slope,
        p=p,
        year_over_year=_year_over_year(monthly),
    )


def _verdict(slope: Slope, p: float) -> str:
    if p < _LEVEL and (slope.low > 0 or slope.high < 0):
        return IMPROVING if slope.value > 0 else DECLINING
    return FLAT_WORD if slope.low > -FLAT and slope.high < FLAT else NOT_ENOUGH


def mann_kendall(values: Floats, years: Floats, slope: float) -> float:
    """Two-sided p of a trend, the variance widened by the autocorrelation that the slope leaves; 1 where all is equal.

    S is tau-b over its scale, so that ties count as they do in the variance.
    """
    n = len(values)
    tau = float(kendalltau(years, values).statistic)
    if np.isnan(tau):
        return 1.0
    left = values - slope * years
    z = tau / sqrt(2 * (2 * n + 5) / (9 * n * (n - 1))) / widening(left)
    return float(2 * norm.sf(abs(z)))


def _missing(slope: Slope) -> int:
    """Months until the half width is a point a year less what the slope is already away from nothing, or as much."""
    half = (slope.high - slope.low) / 2
    needed = max(abs(slope.value), FLAT - abs(slope.value), FLAT / 4)
    months = float(slope.months * (half / needed) ** (2 / 3))
    return max(1, ceil(months) - slope.months)


def _year_over_year(monthly: Floats) -> float | None:
    last, before = monthly[-12:], monthly[-24:-12]
    enough = [np.isfinite(part).sum() >= 9 for part in (last, before)]
    return float(np.nanmean(last) - np.nanmean(before)) if all(enough) else None

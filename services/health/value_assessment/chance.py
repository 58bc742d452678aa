"""How far chance alone moves what machines lose, and the interval of a gain that follows. Pure.

Stops are few, of uneven length, and their effects last over midnight. A machine's downtime D of some days is taken as a
compound Poisson sum: its variance is phi x E[D], phi = E[length^2] / E[length], here from days,

    phi = c x sum of squared residuals of daily downtime / sum of downtime     over all machines of the business
    c   = (1 + r) / (1 - r) x s, r the first-order autocorrelation of the residuals, corrected for its bias
    s   = sum of squares of the days' sums over machines / sum of squares, less its standard error, at least 1: what
          stops machines of a business together

Residuals are those of a day from its month's ratio (Cochran, Sampling Techniques, 1977, eq. 6.13). Good units follow
downtime by b units an hour (least squares) with a variance of their own an hour. The interval is that of a compound
Poisson mean by its gamma approximation, shape D / phi + 1/2 (Fay and Feuer, Statistics in Medicine 16, 1997; the half
is that of Jeffreys and keeps an interval where nothing stopped), of a difference by adding cumulants, Pearson type III.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import gammaincinv, ndtri

from services.health.block import Floats

# Columns of the sums of a machine's days that chance is judged by.
DAYS, MONTHS, DOWN, KNOWN, DOWN_2, CROSS, GOOD_2, DOWN_NEXT, GOOD_NEXT = range(9)
SUMS = 9
SHARED = 3
"""Of a business: days, sum of squares of the machines' sums, sum of squares."""
_LOW, _HIGH = 0.05, 0.95
_MOST_R = 0.9


def chance_sums(known_h: Floats, down_h: Floats, good: Floats) -> tuple[Floats, Floats]:
    """SUMS of each machine over the days of one month, shape (machines, SUMS), and SHARED of all of them.

    Arguments have the shape (machines, days). known_h is 0 on days without data, good NaN where nobody counted.
    """
    used = known_h > 0
    total = np.maximum(known_h.sum(axis=1, keepdims=True), 1e-9)
    down = np.where(used, down_h - down_h.sum(axis=1, keepdims=True) / total * known_h, 0.0)
    counted = used & np.isfinite(good)
    units = np.where(counted, good, 0.0)
    counted_h = np.where(counted, known_h, 0.0)
    rate = units.sum(axis=1, keepdims=True) / np.maximum(counted_h.sum(axis=1, keepdims=True), 1e-9)
    made = np.where(counted, units - rate * known_h, 0.0)
    columns = (
        used.sum(axis=1),
        used.any(axis=1),
        np.where(used, down_h, 0.0).sum(axis=1),
        known_h.sum(axis=1),
        (down**2).sum(axis=1),
        (down * made).sum(axis=1),
        (made**2).sum(axis=1),
        (down[:, 1:] * down[:, :-1]).sum(axis=1),
        (made[:, 1:] * made[:, :-1]).sum(axis=1),
    )
    shared = [used.any(axis=0).sum(), (down.sum(axis=0) ** 2).sum(), (down**2).sum()]
    return np.column_stack(columns).astype(np.float64), np.array(shared, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Chance:
    """stop_h: hours of downtime that chance adds or leaves out in one go. units_lost, units_variance: of each machine,
    good units that an hour of downtime costs, and the variance of good units an hour beyond that."""

    stop_h: float
    units_lost: Floats
    units_variance: Floats

    def of_sums(self, down_h: Floats, known_h: Floats, an_hour: Floats, a_unit: Floats) -> Floats:
        """Of an_hour x downtime - a_unit x good units of all machines: variance, variance times the size of one go, and
        the size of one go of the mean machine. an_hour, a_unit: worth of one. Shape (3,).
        """
        each = an_hour + a_unit * self.units_lost
        size = self.stop_h * np.abs(each)
        variance = self.stop_h * down_h * each**2 + self.units_variance * known_h * a_unit**2
        return np.array([variance.sum(), (variance * size).sum(), size.sum() / max(len(size), 1)])


def chance_of(sums: Floats, shared: Floats) -> Chance:
    """What the days of a business's machines say of chance; sums: shape (machines, SUMS), shared: (SHARED,)."""
    total = sums.sum(axis=0)
    days = max(total[DAYS], 1.0)
    lost = days / max(days - total[MONTHS], 1.0)
    months = max(total[MONTHS], 1.0)
    stop_h = inflation(total[DOWN_NEXT], total[DOWN_2], days / months) * lost * _ratio(total[DOWN_2], total[DOWN])
    stop_h *= _together(shared)
    slope = np.divide(-sums[:, CROSS], sums[:, DOWN_2], out=np.zeros(len(sums)), where=sums[:, DOWN_2] > 0)
    left = np.maximum(sums[:, GOOD_2] - np.maximum(slope, 0.0) ** 2 * sums[:, DOWN_2], 0.0)
    inflated = inflation(total[GOOD_NEXT], total[GOOD_2], days / months) * lost
    return Chance(
        stop_h=stop_h,
        units_lost=np.maximum(slope, 0.0),
        units_variance=np.divide(inflated * left, sums[:, KNOWN], out=np.zeros(len(sums)), where=sums[:, KNOWN] > 0),
    )


def _together(shared: Floats) -> float:
    days, of_sums, of_each = shared.tolist()
    return max(1.0, of_sums / of_each - sqrt(2 / days)) if of_each > 0 else 1.0


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


def inflation(following: float, power: float, days: float) -> float:
    """(1 + r) / (1 - r) of days that resemble their neighbours; r corrected as that of a month's residuals."""
    r = _ratio(following, power)
    corrected = min(_MOST_R, max(0.0, (days * r + 1) / max(days - 4, 1.0)))
    return (1 + corrected) / (1 - corrected)


def interval(gain: float, before: Floats, since: Floats, more: float = 0.0) -> tuple[float, float]:
    """5 % and 95 % points of a gain = what would have been lost - what was lost, each as `Chance.of_sums` says.

    more: variance of what else is not known.
    """
    mean, variance, third = gain, more, 0.0
    for sign, (own, by_size, usual) in ((1.0, before.tolist()), (-1.0, since.tolist())):
        size = by_size / own if own > 0 else usual
        mean += sign * size / 2
        variance += own + size**2 / 2
        third += sign * (2 * own * size + size**3)
    if variance <= 0:
        return gain, gain
    low, high = _pearson(third / variance / sqrt(variance))
    return mean + sqrt(variance) * low, mean + sqrt(variance) * high


def _pearson(skew: float) -> tuple[float, float]:
    """5 % and 95 % points of a variable of mean 0, variance 1 and this skewness, of Pearson's type III."""
    if abs(skew) < 1e-4:
        return float(ndtri(_LOW)), float(ndtri(_HIGH))
    shape = 4 / skew**2
    points = [(float(gammaincinv(shape, p)) - shape) / sqrt(shape) for p in (_LOW, _HIGH)]
    return (points[0], points[1]) if skew > 0 else (-points[1], -points[0])

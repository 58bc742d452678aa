"""How much the rate at which a contract's machines lose time changes in a year, learned from before a window. Pure.

The log of the rate is a random walk. Its deviation after a year is one of five values, each twice the one before and
equally likely at first, with a root mean square of `CHANGE_A_YEAR`; what months of four weeks have shown weighs them by
their likelihood, and what is told is the root mean square then. Of a month

    lost / size  ~  Poisson(rate x known time)      size = sum of squares / sum of what each stop took

where size makes variance and mean of a compound Poisson sum equal (quasi-likelihood: McCullagh and Nelder, Generalized
Linear Models, 1989, chapter 9). The rate is gamma-distributed, at first Jeffreys' (1/2, 0); from month to month a
log-normal factor of mean 1 and log-variance w widens it, keeping its mean, so that 1 + 1/shape grows by exp(w), and a
month's chance is negative binomial (moments as in West, Harrison and Migon 1985).

Only months that were over when the window began count. So nothing that is lost in it can make its rate look more or
less changeable, and one more stop in it still only adds to what is lost.
"""

from functools import lru_cache

import numpy as np
from scipy.special import gammaln

from services.health.block import Floats
from services.health.prognostic_assessment.guarantees.breach import CHANGE_A_YEAR
from services.health.state_detection.supplier_stops import stops_until

MONTH_DAYS = 28
MOST_MONTHS = 65
COLUMNS = 4
MONTH, KNOWN, LOST, SIZE = range(COLUMNS)
_DOUBLED = 2.0 ** np.arange(-3, 2)
_CHANGES = CHANGE_A_YEAR * _DOUBLED / np.sqrt((_DOUBLED**2).mean())


def month_row(day: int, known_s: float, lost_s: float, stop_days: Floats) -> Floats:
    """One month that ends with a day: its number since 1970-01-01, known and lost seconds, size of its stops, (1, 4).

    stop_days: rows of `supplier_stops`, in which a stop of two months is one in each.
    """
    took = stops_until(stop_days, day).lost_s
    size = float((took**2).sum()) / max(float(took.sum()), 1.0)
    return np.array([[day // MONTH_DAYS, known_s, lost_s, size]])


def change_a_year(months: Floats, first: int) -> float:
    """Deviation of the log of the rate after a year, for a window from day `first`; CHANGE_A_YEAR where nobody knows.

    months: rows of COLUMNS, ascending.
    """
    over = months[((months[:, MONTH] + 1) * MONTH_DAYS <= first) & (months[:, KNOWN] > 0)]
    return _learned(np.ascontiguousarray(over, dtype=np.float64).tobytes())


@lru_cache(maxsize=1024)
def _learned(packed: bytes) -> float:
    """From months as bytes; kept, since every evening of a window asks for the same."""
    months = np.frombuffer(packed).reshape(-1, COLUMNS)
    lost_s, known_s = months[:, LOST], months[:, KNOWN]
    size = float((lost_s * months[:, SIZE]).sum()) / max(float(lost_s.sum()), 1.0)
    if len(months) < 2 or size <= 0:
        return CHANGE_A_YEAR
    likely = _log_likelihood(months[:, MONTH], lost_s / size, known_s)
    weight = np.exp(likely - likely.max())
    return float(np.sqrt((weight @ _CHANGES**2) / weight.sum()))


def _log_likelihood(number: Floats, count: Floats, known_s: Floats) -> Floats:
    """Of each of `_CHANGES`, from the second month on, up to what is the same for all."""
    found = np.zeros(len(_CHANGES))
    shape, seen_s = np.full(len(_CHANGES), 0.5 + count[0]), np.full(len(_CHANGES), known_s[0])
    for gap, came, own_s in zip(np.diff(number), count[1:], known_s[1:], strict=True):
        rate = shape / seen_s
        shape = 1 / ((1 + 1 / shape) * np.exp(_CHANGES**2 * gap * MONTH_DAYS / 365) - 1)
        seen_s = shape / rate
        found += gammaln(shape + came) - gammaln(shape)
        found += shape * np.log(seen_s / (seen_s + own_s)) + came * np.log(own_s / (seen_s + own_s))
        shape, seen_s = shape + came, seen_s + own_s
    return found

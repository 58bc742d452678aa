"""Kaplan-Meier with right-censored lives, and how many are lost a year. Pure.

S(t) = product over losses up to t of (1 - lost / at risk) (Kaplan, Meier 1958); its 90 % interval from Greenwood's
variance on the scale log(-log S) (Kalbfleisch, Prentice 2002, 1.4), both by scipy.stats.ecdf. Where nobody is lost yet
that variance is zero, and the interval is the exact one of as many trials as lives are at risk (Clopper, Pearson 1934).
Losses a year = lost / years followed, with its exact Poisson interval (Garwood 1936).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from warnings import catch_warnings, simplefilter

import numpy as np
from scipy.stats import CensoredData, chi2, ecdf

LEVEL = 0.9
HORIZONS = (1, 2, 3, 5, 10, 15)


@dataclass(frozen=True, kw_only=True)
class Survival:
    """Share that lasts longer than `years`, with a 90 % interval; at_risk: lives that were followed so far."""

    years: int
    share: float
    low: float | None
    high: float | None
    at_risk: int


def survival(years: Sequence[float], lost: Sequence[bool]) -> list[Survival]:
    """The curve at whole years, as far as anybody was followed; beyond that nothing is known.

    years: how long each life was followed, above 0. lost: whether it ended then, else it was only followed so far.
    """
    if not len(years):
        return []
    times, ended = np.asarray(years, dtype=np.float64), np.asarray(lost, dtype=bool)
    curve = ecdf(CensoredData(uncensored=times[ended], right=times[~ended])).sf
    with catch_warnings():
        # It has none where the share is 1 or 0, which is told below.
        simplefilter("ignore", RuntimeWarning)
        interval = curve.confidence_interval(confidence_level=LEVEL, method="log-log") if ended.any() else None
    found = []
    for horizon in HORIZONS:
        at_risk = int((times >= horizon).sum())
        if at_risk == 0:
            break
        share = float(curve.evaluate(horizon))
        low, high = None, None
        if interval is not None:
            low, high = (_known(side.evaluate(horizon)) for side in (interval.low, interval.high))
        if share == 1.0:
            low, high = ((1 - LEVEL) / 2) ** (1 / at_risk), 1.0
        found.append(Survival(years=horizon, share=share, low=low, high=high, at_risk=at_risk))
    return found


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def losses_a_year(lost: int, years: float) -> tuple[float, float, float]:
    """Losses a year followed, with the 90 % interval; years above 0."""
    tail = (1 - LEVEL) / 2
    low = float(chi2.ppf(tail, 2 * lost)) / 2 / years if lost else 0.0
    return lost / years, low, float(chi2.ppf(1 - tail, 2 * lost + 2)) / 2 / years

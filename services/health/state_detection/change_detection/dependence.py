"""How readings hang together: over time, and with those of other metrics. Pure arithmetic on (n, M) arrays."""

import numpy as np

from services.health.block import Floats
from services.health.state_detection.operating_baseline import scatter

_BATCHES = (28, 14)
_FEWEST_BATCHES = 7


def memory(deviation: Floats) -> tuple[Floats, Floats]:
    """For how many readings one that is independent stands, (M,): as a rule, and counting the slowest wandering.

    Long-run variance over variance, by batch means (Conway 1963) of 28 and 14 batches and by the lag-1
    autocorrelation (1 + r) / (1 - r), the greatest; the second also by 7 batches. At least 1.
    """
    rows = len(deviation)
    found = [_by_lag(deviation)]
    for batches in (*_BATCHES, _FEWEST_BATCHES):
        length = rows // batches
        parts = deviation[: length * batches].reshape(batches, length, -1)
        have = (~np.isnan(parts)).sum(axis=1)
        means = np.where(have > 0, np.nansum(parts, axis=1) / np.maximum(have, 1), np.nan)
        found.append(_variance(_drawn_in(means)) * np.where(have > 0, have, np.nan).mean(axis=0, where=have > 0))
    variance = _variance(deviation)
    usual = np.fmax(found[0], (found[1] + found[2]) / 2 / variance)
    longest = np.fmax(usual, found[3] / variance)
    return np.fmax(usual, 1.0), np.fmax(longest, 1.0)


def _drawn_in(means: Floats) -> Floats:
    reach = 3.0 * scatter(means)
    middle = np.array([np.median(c[~np.isnan(c)]) if (~np.isnan(c)).any() else np.nan for c in means.T])
    return np.clip(means, middle - reach, middle + reach)


def _by_lag(deviation: Floats) -> Floats:
    have = (~np.isnan(deviation)).sum(axis=0)
    around = deviation - np.nansum(deviation, axis=0) / np.maximum(have, 1)
    lagged = around[1:] * around[:-1]
    pairs = (~np.isnan(lagged)).sum(axis=0)
    covariance = np.nansum(lagged, axis=0) / np.maximum(pairs, 1)
    r = covariance / _variance(deviation)
    r = np.clip(r + (1 + 3 * r) / np.maximum(have, 1), 0.0, 0.99)
    return np.asarray((1 + r) / (1 - r), dtype=np.float64)


def _variance(values: Floats) -> Floats:
    have = (~np.isnan(values)).sum(axis=0)
    mean = np.nansum(values, axis=0) / np.maximum(have, 1)
    found: Floats = np.nansum((values - mean) ** 2, axis=0) / np.maximum(have - 1, 1)
    varied: Floats = np.where(found > 0, found, np.nan)
    return varied


def shrunk_correlation(deviation: Floats, usual: float = 1.0) -> Floats:
    """Correlation of columns (n, M), drawn towards none as far as n readings are too few (Ledoit and Wolf 2004).

    usual: for how many readings an independent one stands. Missing readings count as the mean; columns without variance
    get a unit row.
    """
    x = np.nan_to_num(deviation - np.nansum(deviation, axis=0) / np.maximum((~np.isnan(deviation)).sum(axis=0), 1))
    spread = np.sqrt((x**2).mean(axis=0))
    x = np.divide(x, spread, out=np.zeros_like(x), where=spread > 0)
    rows, columns = x.shape
    sample: Floats = x.T @ x / rows
    np.fill_diagonal(sample, 1.0)
    distance = ((sample - np.eye(columns)) ** 2).sum()
    if distance == 0:
        return sample
    error = ((x**2).T @ (x**2) / rows - sample**2).sum() * usual / rows
    kept = 1 - min(1.0, max(0.0, float(error / distance)))
    return np.asarray(kept * sample + (1 - kept) * np.eye(columns), dtype=np.float64)

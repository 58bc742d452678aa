"""Moving averages and runs over buckets, the same however the buckets are cut."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from services.health.block import Bools, Floats

Ints = NDArray[np.int64]


def smoothed(values: Floats, before: Floats, newest: float) -> Floats:
    """Exponentially weighted moving average of each column, going on from `before`; shape (T, M).

    newest: weight of the newest reading. A missing reading (NaN) leaves the average where it is: time passes for a
    metric only when it is read. Roberts (1959).
    """
    found = np.empty_like(values)
    missing = np.isnan(values)
    whole = ~missing.any(axis=0)
    found[:, whole] = _filtered(values[:, whole], before[whole], newest)
    for m in np.flatnonzero(~whole):
        have = ~missing[:, m]
        read = np.concatenate([before[m : m + 1], _filtered(values[have, m : m + 1], before[m : m + 1], newest)[:, 0]])
        found[:, m] = read[np.cumsum(have)]
    return found


def _filtered(values: Floats, before: Floats, newest: float) -> Floats:
    if not values.size:
        return values
    out, _ = lfilter([newest], [1.0, newest - 1.0], values, axis=0, zi=(1.0 - newest) * before[None, :])
    return np.asarray(out, dtype=np.float64)


def run_lengths(counted: Bools, broken: Bools, before: Ints) -> Ints:
    """How many buckets were counted since the last that broke the run, (T, M); before: of the run under way, (M,).

    A bucket that is neither leaves the run as it is.
    """
    total = np.cumsum(counted, axis=0)
    index = np.maximum.accumulate(np.where(broken, np.arange(1, len(broken) + 1)[:, None], 0), axis=0)
    at_break = np.take_along_axis(np.vstack([-before, total]), index, axis=0)
    return np.asarray(total - at_break, dtype=np.int64)


def latched(on: Bools, off: Bools, before: Bools) -> Bools:
    """True from a bucket that is `on` until one that is `off`; `on` wins. Shapes (T, …) and (…)."""
    index = np.arange(1, len(on) + 1).reshape(-1, *[1] * (on.ndim - 1))
    last_on = np.maximum.accumulate(np.where(on, index, 0), axis=0)
    last_off = np.maximum.accumulate(np.where(off & ~on, index, 0), axis=0)
    return np.where(last_on == last_off, before, last_on > last_off)

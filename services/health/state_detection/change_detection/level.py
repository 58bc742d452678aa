"""The level that a machine's readings are compared with: it follows slow drift, and goes on with it while it must wait.

Brown's double exponential smoothing (1963): the average, corrected by how far an average of averages lags behind it, so
that what drifts steadily is followed without lag. While something is found a level may not follow, or it would make the
fault normal; it goes on with the drift that it had learned, which fades as fast as it was learned (Gardner and McKenzie
1985): a season goes on beneath an alert and ends it by itself when it was none, a step stays a step.
"""

import numpy as np
from scipy.signal import lfilter

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.tempo import weight


def advance_levels(values: Floats, level: Floats, memory: Floats, waiting: Bools, span: int) -> tuple[Floats, Floats]:
    """Levels before each of T rows and after the last, (T + 1, M), and the memory after it, (2, M).

    values: (T, M), NaN where not read: that leaves a level that follows where it is. waiting: (M,), levels that go on
    alone; their memory is their drift a row, and 0.
    """
    levels = np.repeat(level[None, :], len(values) + 1, axis=0)
    after = memory.copy()
    if waiting.any():
        fading = np.full((len(values) + 1, int(waiting.sum())), 1 - weight(span))
        fading[0] = memory[0, waiting]
        drift = np.cumprod(fading, axis=0)
        levels[:, waiting] = np.cumsum(np.vstack([level[waiting], drift[:-1]]), axis=0)
        after[0, waiting] = drift[-1]
    missing = np.isnan(values)
    whole = ~waiting & ~missing.any(axis=0)
    levels[1:, whole], after[:, whole] = _followed(values[:, whole], memory[:, whole], span)
    for m in np.flatnonzero(~waiting & ~whole):
        have = ~missing[:, m]
        read, after[:, m : m + 1] = _followed(values[have, m : m + 1], memory[:, m : m + 1], span)
        levels[:, m] = np.concatenate([level[m : m + 1], read[:, 0]])[np.concatenate([[0], np.cumsum(have)])]
    return levels, after


def _followed(values: Floats, memory: Floats, span: int) -> tuple[Floats, Floats]:
    if not values.size:
        return values, memory
    newest, kept = weight(span), 1 - weight(span)
    told, after = lfilter(
        [newest * (2 - newest), -2 * newest * kept], [1.0, -2 * kept, kept**2], values, axis=0, zi=memory
    )
    return np.asarray(told, dtype=np.float64), np.asarray(after, dtype=np.float64)


def memory_of(level: Floats, drift: Floats, span: int) -> Floats:
    """What a level that follows remembers, (2, M), where it stands at `level` and drifts by `drift` a row, (M,)."""
    kept = 1 - weight(span)
    return np.array([(level + drift) * kept**2, -level * kept**2])


def drift_of(level: Floats, memory: Floats, span: int) -> Floats:
    """By how much a level that follows drifts a row, (M,): it foretells the next reading, and learns from its error."""
    drift: Floats = memory[0] / (1 - weight(span)) ** 2 - level
    return drift

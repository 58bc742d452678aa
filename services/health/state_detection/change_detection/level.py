"""The level that a machine's readings are compared with: it follows slow drift, and goes on with it while it must wait.

Brown's double exponential smoothing (1963): the average, corrected by how far an average of averages lags behind it, so
that what drifts steadily is followed without lag. A reading is compared with what was foretold of it one long span
earlier, so that no change hides itself by moving its own level before it is plain. While something is found a level may
not follow, or it would make the fault normal; it goes on with the drift that it had learned, which fades as fast as it
was learned (Gardner and McKenzie 1985): a season goes on beneath an alert and ends it by itself when it was none, a
step stays a step.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import lfilter

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.tempo import Tempo, weight


@dataclass(frozen=True, kw_only=True)
class Levels:
    """Where M levels stand. level: (M,), what the next reading is compared with. memory: (2, M). ahead: (D, M).

    Of one that follows, `ahead` is what was foretold of the next D readings, and `memory` that of its filter. Of one
    that waits, `memory` is its drift a reading, and 0.
    """

    level: Floats
    memory: Floats
    ahead: Floats

    def of(self, own: slice) -> "Levels":
        """Some of the levels."""
        return Levels(level=self.level[own], memory=self.memory[:, own], ahead=self.ahead[:, own])


def starting(level: Floats, drift: Floats, waiting: Bools, tempo: Tempo) -> Levels:
    """Levels that stand at `level`, drift by `drift` a reading and wait or follow from here on; (M,) each."""
    _, numerator, kept = _filter(tempo)
    ahead = level + np.arange(tempo.spans[1])[:, None] * drift
    memory = np.array([ahead[-1] + drift - numerator[0] * level, -(kept**2) * ahead[-1]])
    return Levels(
        level=level, memory=np.where(waiting, [drift, np.zeros_like(drift)], memory), ahead=np.where(waiting, 0, ahead)
    )


def drift_of(levels: Levels, waiting: Bools, tempo: Tempo) -> Floats:
    """By how much each level drifts a reading, (M,): what a reading as foretold would move the newest forecast by."""
    _, numerator, _ = _filter(tempo)
    newest = levels.ahead[-1]
    following = (levels.memory[0] - (1 - numerator[0]) * newest) / (1 + numerator[0] * (tempo.spans[1] - 1))
    drift: Floats = np.where(waiting, levels.memory[0], following)
    return drift


def moved(levels: Levels, by: Floats, waiting: Bools, tempo: Tempo) -> Levels:
    """The same levels counted from another zero, `by` lower; (M,)."""
    _, numerator, kept = _filter(tempo)
    offset = np.array([(1 - numerator[0]) * by, -(kept**2) * by])
    return Levels(
        level=levels.level - by,
        memory=levels.memory - np.where(waiting, 0.0, offset),
        ahead=levels.ahead - np.where(waiting, 0.0, by),
    )


def advance_levels(values: Floats, before: Levels, waiting: Bools, tempo: Tempo) -> tuple[Floats, Levels]:
    """What each of T readings is compared with, (T, M), and the levels after them.

    values: (T, M), NaN where not read: that leaves a level that follows where it is. waiting: (M,), levels that go on
    alone.
    """
    rows, depth = len(values), len(before.ahead)
    foretold = np.vstack([before.ahead, np.repeat(before.ahead[-1:], rows, axis=0)])
    memory = before.memory.copy()
    missing = np.isnan(values)
    whole = ~waiting & ~missing.any(axis=0)
    foretold[depth:, whole], memory[:, whole] = _followed(values[:, whole], memory[:, whole], tempo)
    for m in np.flatnonzero(~waiting & ~whole):
        have = ~missing[:, m]
        read, memory[:, m : m + 1] = _followed(values[have, m : m + 1], memory[:, m : m + 1], tempo)
        foretold[depth:, m] = np.concatenate([foretold[depth - 1 : depth, m], read[:, 0]])[np.cumsum(have)]
    after = Levels(level=np.where(waiting, before.level, foretold[rows]), memory=memory, ahead=foretold[rows:])
    if not waiting.any():
        return foretold[:rows], after
    fading = np.full((rows + 1, int(waiting.sum())), 1 - weight(tempo.following))
    fading[0] = memory[0, waiting]
    drift = np.cumprod(fading, axis=0)
    gone_on = np.cumsum(np.vstack([before.level[waiting], drift[:-1]]), axis=0)
    foretold[:rows, waiting], after.level[waiting], memory[0, waiting] = gone_on[:-1], gone_on[-1], drift[-1]
    return foretold[:rows], replace(after, ahead=np.where(waiting, 0.0, after.ahead))


def error_variance(tempo: Tempo) -> float:
    """Variance of what is foretold, of readings that are independent and of variance 1 (Brown 1963)."""
    newest, kept, depth = weight(tempo.following), 1 - weight(tempo.following), tempo.spans[1]
    terms = 1 + 4 * kept + 5 * kept**2 + 2 * depth * newest * (1 + 3 * kept) + 2 * (depth * newest) ** 2
    return newest / (1 + kept) ** 3 * terms


def _filter(tempo: Tempo) -> tuple[list[float], list[float], float]:
    """Denominator and numerator by which readings become forecasts, and the weight of what was before a reading."""
    newest, kept = weight(tempo.following), 1 - weight(tempo.following)
    slope = tempo.spans[1] * newest / kept
    numerator = [(2 + slope) * newest - (1 + slope) * newest**2, -(2 + slope) * newest * kept]
    return [1.0, -2 * kept, kept**2], numerator, kept


def _followed(values: Floats, memory: Floats, tempo: Tempo) -> tuple[Floats, Floats]:
    if not values.size:
        return values, memory
    denominator, numerator, _ = _filter(tempo)
    told, after = lfilter(numerator, denominator, values, axis=0, zi=memory)
    return np.asarray(told, dtype=np.float64), np.asarray(after, dtype=np.float64)

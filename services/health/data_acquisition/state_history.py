"""States of an asset over its life: stored samples where they exist, and the intervals of before where raw is gone.

Raw samples live for weeks, state intervals for the life of the equipment. Assessing a life again therefore reads
both. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats, StateSamples


@dataclass(frozen=True, kw_only=True)
class RawStates:
    """Stored samples of one state series: at, shape (n,), Unix seconds, ascending; state: text, None for no value."""

    at: Floats
    state: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A stretch [started, ended) in Unix seconds whose state is stored, as a raw state that decodes to it."""

    started: float
    ended: float
    state: str


def clip(
    at: Floats, state: NDArray[np.object_], windows: Iterable[tuple[float, float]]
) -> tuple[Floats, NDArray[np.object_]]:
    """Samples inside the windows [from, until); each window's end says "not known" until the next begins.

    What was said before a window opens does not count in it. at: ascending; windows: ascending, disjoint.
    """
    parts_at: list[Floats] = [np.empty(0)]
    parts_state: list[NDArray[np.object_]] = [np.empty(0, dtype=object)]
    for opens, closes in windows:
        first, last = np.searchsorted(at, [opens, closes], side="left")
        parts_at.append(at[first:last])
        parts_state.append(state[first:last])
        if last > first and np.isfinite(closes):
            parts_at.append(np.array([closes]))
            parts_state.append(np.array([None], dtype=object))
    return np.concatenate(parts_at), np.concatenate(parts_state)


def thinned(raw: RawStates, *, max_hold_s: float) -> RawStates:
    """The samples without those that change nothing of what is known when: a state said again within its hold.

    Of each run of one state, and of each half of a hold in it, the first and the last stay: no gap between two that
    stay is longer than the hold, unless it was one before.
    """
    if len(raw.at) < 3:
        return raw
    part = np.floor(raw.at / (max_hold_s / 2))
    other = (raw.state[1:] != raw.state[:-1]) | (part[1:] != part[:-1])
    stays = np.append(True, other) | np.append(other, True)
    return RawStates(at=raw.at[stays], state=raw.state[stays])


def with_history(at: Floats, state: NDArray[np.object_], known: Sequence[Known], *, max_hold_s: float) -> StateSamples:
    """Samples joined with what is known where no sample speaks; a sample always wins, also one of "no value".

    A sample speaks until the next one, at most for `max_hold_s`. A known stretch is repeated as often as its hold
    needs and ended by a "no value" where nothing follows at once. at: shape (n,), ascending, Unix seconds.
    """
    if not known:
        return StateSamples(at=at, state=tuple(state), max_hold_s=max_hold_s)
    silent_from = np.append(-np.inf, np.minimum(np.append(at[1:], np.inf), at + max_hold_s))
    silent_until = np.append(at, np.inf)
    silence = silent_until > silent_from
    silent_from, silent_until = silent_from[silence], silent_until[silence]
    extra_at: list[Floats] = []
    extra_state: list[NDArray[np.object_]] = []
    for stretch in known:
        first = np.searchsorted(silent_until, stretch.started, side="right")
        reached = slice(first, np.searchsorted(silent_from, stretch.ended, side="left"))
        started = np.maximum(silent_from[reached], stretch.started)
        ended = np.minimum(silent_until[reached], stretch.ended)
        for since, until in zip(started, ended, strict=True):
            times = np.arange(since, until, max_hold_s)
            extra_at += [times, np.array([until])]
            extra_state += [np.full(len(times), stretch.state, dtype=object), np.array([None], dtype=object)]
    if not extra_at:
        return StateSamples(at=at, state=tuple(state), max_hold_s=max_hold_s)
    return _merged(at, state, np.concatenate(extra_at), np.concatenate(extra_state), max_hold_s)


def _merged(
    at: Floats, state: NDArray[np.object_], extra_at: Floats, extra_state: NDArray[np.object_], max_hold_s: float
) -> StateSamples:
    """All samples by time; at one instant a sample goes before a repeated state, and that before an end."""
    rank = np.concatenate([np.zeros(len(at)), np.array([1 if s is not None else 2 for s in extra_state])])
    all_at, all_state = np.concatenate([at, extra_at]), np.concatenate([state, extra_state])
    order = np.lexsort((rank, all_at))
    all_at, all_state = all_at[order], all_state[order]
    first = np.append(True, np.diff(all_at) > 0)
    return StateSamples(at=all_at[first], state=tuple(all_state[first]), max_hold_s=max_hold_s)

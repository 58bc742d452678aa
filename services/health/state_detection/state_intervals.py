"""What a machine was doing when: its reported states as intervals, with the cause of every stop. Pure.

Silence is a state of its own, `unknown`: a state that its device does not repeat within the hold is not known to last,
and a device that says it does not know is believed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Event, Floats, StateSamples
from services.health.state_detection.states import (
    IS_FAILED,
    NO_MODE,
    UNKNOWN,
    Codes,
    decoded,
    decoded_modes,
    in_mode,
    with_repairs,
)
from services.health.state_detection.stop_causes import (
    Evidence,
    StopCauses,
    claimed,
    claims,
    default_causes,
)


@dataclass(frozen=True, kw_only=True)
class OpenInterval:
    """The interval that reaches a block's start, and the last state that was known before it.

    cause, rank, why, began: as in Intervals.
    """

    started: float
    state: int
    cause: int
    failure: bool
    last_known: int | None
    rank: int
    why: str
    began: float


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Consecutive intervals [started, ended) in Unix seconds, shape (n,); the last may reach the end of what is known.

    state: index into STATES. cause: index into CAUSES, NO_CAUSE where the state is no stop; rank and why: how certain
    it is and what says so (`stop_causes`). failure: the machine failed at `started`. last_known: the last known state
    before each. began: when the whole stop began, where the interval is a part of one.
    """

    started: Floats
    ended: Floats
    state: Codes
    cause: Codes
    failure: Bools
    last_known: Codes
    rank: Codes
    why: NDArray[np.object_]
    began: Floats

    def open_at(self, at: float) -> OpenInterval | None:
        """The interval that reaches `at` from before, to go on from there; None before the first."""
        index = int(np.searchsorted(self.started, at, side="left")) - 1
        if index < 0:
            return None
        known = int(self.last_known[index])
        return OpenInterval(
            started=float(self.started[index]),
            state=int(self.state[index]),
            cause=int(self.cause[index]),
            failure=bool(self.failure[index]),
            last_known=None if known < 0 else known,
            rank=int(self.rank[index]),
            why=str(self.why[index]),
            began=float(self.began[index]),
        )


def intervals(
    before: OpenInterval | None,
    samples: StateSamples,
    decoder: Mapping[str, object],
    events: Iterable[Event],
    *,
    start: float,
    end: float,
    modes: StateSamples | None = None,
    faults: Sequence[StateSamples] = (),
) -> Intervals:
    """Intervals that reach into [start, end), the one open before the start included; none before the first sample.

    events: those of the asset, its line and its site. modes: samples of its mode metric; faults: of each of its fault
    metrics. Whose each stop is: `stop_causes`, by the decoder's `causes`.
    """
    started, ended, state = _segments(before, samples, decoded(samples.state, decoder), start, end)
    if modes is not None:
        started, ended, state = _with_modes(started, ended, state, modes, decoder, start, end)
    state = with_repairs(state, None if before is None else before.last_known)
    started, ended, state = _joined(started, ended, state)
    if not len(state):
        return _with_entries(started, ended, state, default_causes(state, started), before)
    causes = _opened(default_causes(state, started), before)
    said = claims(
        started,
        ended,
        state,
        causes.began,
        Evidence(samples=samples, faults=faults, events=tuple(events), rules=decoder.get("causes")),
        start=start,
        end=end,
    )
    causes, cuts = claimed(causes, started, said)
    for index, at in cuts:
        started, ended = np.insert(started, index + 1, at), np.insert(ended, index, at)
        state = np.insert(state, index + 1, state[index])
    return _with_entries(started, ended, state, causes, before)


def _segments(
    before: OpenInterval | None, samples: StateSamples, state: Codes, start: float, end: float
) -> tuple[Floats, Floats, Codes]:
    """Known stretches and the silences between them, unjoined; what was open before the block comes first."""
    following = np.append(samples.at, end)[1:]
    held = np.minimum(following, samples.at + samples.max_hold_s)
    opened = np.column_stack([samples.at, held]).ravel()
    closed = np.column_stack([held, following]).ravel()
    codes = np.column_stack([state, np.full(len(state), UNKNOWN)]).ravel().astype(np.int8)
    if before is not None:
        first = float(samples.at[0]) if len(samples.at) else end
        opened = np.concatenate([[before.started, start], opened])
        closed = np.concatenate([[start, max(start, first)], closed])
        codes = np.concatenate([np.array([before.state, UNKNOWN], dtype=np.int8), codes])
        opened[2:] = np.maximum(opened[2:], start)
    else:
        opened = np.maximum(opened, start)
    closed = np.minimum(closed, end)
    some = closed > opened
    return opened[some], closed[some], codes[some]


def _with_modes(
    started: Floats,
    ended: Floats,
    state: Codes,
    modes: StateSamples,
    decoder: Mapping[str, object],
    start: float,
    end: float,
) -> tuple[Floats, Floats, Codes]:
    """The stretches cut where the mode changes, with the states that they have in it; before `start` they have them."""
    if not len(state):
        return started, ended, state
    following = np.minimum(np.append(modes.at, end)[1:], modes.at + modes.max_hold_s)
    edges = np.unique(np.clip(np.concatenate([modes.at, following]), max(start, started[0]), end))
    began = np.unique(np.concatenate([started, edges]))
    began = began[began < ended[-1]]
    own = np.searchsorted(started, began, side="right") - 1
    place = np.searchsorted(modes.at, began, side="right") - 1
    mode = np.append(decoded_modes(modes.state, decoder), NO_MODE)[place]
    mode = np.where((place >= 0) & (began < np.append(following, -np.inf)[place]) & (began >= start), mode, NO_MODE)
    return began, np.append(began[1:], ended[-1]), in_mode(state[own], mode)


def _joined(started: Floats, ended: Floats, state: Codes) -> tuple[Floats, Floats, Codes]:
    """The same time with neighbours of one state made one interval."""
    if not len(state):
        return started, ended, state
    first = np.append(True, state[1:] != state[:-1])
    last = np.append(first[1:], True)
    return started[first], ended[last], state[first]


def _opened(causes: StopCauses, before: OpenInterval | None) -> StopCauses:
    """The causes with what was known of the interval that was open before."""
    if before is not None:
        causes.cause[0], causes.rank[0], causes.why[0] = before.cause, before.rank, before.why
        causes.began[0] = before.began
    return causes


def _with_entries(
    started: Floats, ended: Floats, state: Codes, causes: StopCauses, before: OpenInterval | None
) -> Intervals:
    """Add failures: entries into `down` or `repair`. After silence after them it is the same one: silence repairs
    nothing."""
    earlier = -1 if before is None or before.last_known is None else before.last_known
    last = np.maximum.accumulate(np.where(state != UNKNOWN, np.arange(len(state)), -1))
    previous = np.append(-1, last[:-1]) if len(state) else last
    last_known = np.where(previous >= 0, state[previous], earlier).astype(np.int8) if len(state) else state
    failure = IS_FAILED[state] & ~IS_FAILED[last_known]
    if before is not None:
        failure[0] = before.failure
    return Intervals(
        started=started,
        ended=ended,
        state=state,
        cause=causes.cause,
        failure=failure,
        last_known=last_known,
        rank=causes.rank,
        why=causes.why,
        began=causes.began,
    )

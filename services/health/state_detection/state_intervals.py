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
    BY_PERSON,
    Claim,
    Evidence,
    Seen,
    StopCauses,
    claimed,
    claims,
    corrections,
    default_causes,
    history_in,
    seen_in,
)


@dataclass(frozen=True, kw_only=True)
class OpenInterval:
    """The interval that reaches a block's start, and the last state that was known before it.

    cause, rank, why, began: as in Intervals. uncorrected: cause, rank and why without what persons say. seen: what
    rules ask for that the stop has shown, and when first (`stop_causes`).
    """

    started: float
    state: int
    cause: int
    failure: bool
    last_known: int | None
    rank: int
    why: str
    began: float
    uncorrected: tuple[int, int, str]
    seen: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Consecutive intervals [started, ended) in Unix seconds, shape (n,); the last may reach the end of what is known.

    state: index into STATES. cause: index into CAUSES, NO_CAUSE where the state is no stop; rank and why: how certain
    it is and what says so (`stop_causes`). failure: the machine failed at `started`. last_known: the last known state
    before each. began: when the whole stop began, where the interval is a part of one. uncorrected: the causes without
    what persons say. seen: what rules ask for, in each whole stop.
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
    uncorrected: StopCauses
    seen: Seen

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
            uncorrected=self.uncorrected.of(index),
            seen=tuple((key, float(first[index])) for key, first in sorted(self.seen.items()) if first[index] < at),
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
    causes = default_causes(state, started)
    if not len(state):
        return _with_entries(started, ended, state, causes, causes, {}, before)
    if before is not None:
        causes = causes.opened(before.uncorrected, before.began)
    said = Evidence(
        samples=samples,
        faults=faults,
        events=tuple(events),
        rules=decoder.get("causes"),
        history=history_in(samples),
    )
    seen = seen_in(started, ended, said, () if before is None else before.seen)
    found = claims(started, ended, state, causes.began, said, seen, start=start, end=end)
    if found:
        causes, cuts = claimed(causes, started, found)
        started, ended, state, seen = _cut(started, ended, state, seen, cuts)
    return _corrected(started, ended, state, causes, seen, said, before, end)


def _cut(
    started: Floats, ended: Floats, state: Codes, seen: Seen, cuts: Sequence[tuple[int, float]]
) -> tuple[Floats, Floats, Codes, Seen]:
    for index, at in cuts:
        started, ended = np.insert(started, index + 1, at), np.insert(ended, index, at)
        state = np.insert(state, index + 1, state[index])
        seen = {key: np.insert(first, index + 1, first[index]) for key, first in seen.items()}
    return started, ended, state, seen


def _corrected(
    started: Floats,
    ended: Floats,
    state: Codes,
    causes: StopCauses,
    seen: Seen,
    said: Evidence,
    before: OpenInterval | None,
    end: float,
) -> Intervals:
    """The intervals with what persons say of them; parts of a stop of which a person says the same are one."""
    told = corrections(started, ended, state, causes.began, said, end)
    if before is not None and before.rank == BY_PERSON:
        stands = Claim(interval=0, at=before.started, cause=before.cause, rank=before.rank, why=before.why)
        told = [stands, *told]
    if not told:
        return _with_entries(started, ended, state, causes, causes, seen, before)
    found, cuts = claimed(causes, started, told)
    for index, _ in cuts:
        causes = causes.split(index)
    started, ended, state, seen = _cut(started, ended, state, seen, cuts)
    whole = np.append(True, (found.began[1:] != found.began[:-1]) | found.differs())
    last = np.append(whole[1:], True)
    kept = {key: first[last] for key, first in seen.items()}
    return _with_entries(started[whole], ended[last], state[last], found.at(last), causes.at(last), kept, before)


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


def _with_entries(
    started: Floats,
    ended: Floats,
    state: Codes,
    causes: StopCauses,
    uncorrected: StopCauses,
    seen: Seen,
    before: OpenInterval | None,
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
        uncorrected=uncorrected,
        seen=seen,
    )

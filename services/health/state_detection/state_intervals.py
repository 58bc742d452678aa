"""What a machine was doing when: its reported states as intervals, with the cause of every stop. Pure.

Silence is a state of its own, `unknown`: a state that its device does not repeat within the hold is not known to last,
and a device that says it does not know is believed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Event, Floats, StateSamples

DAY_S = 86400.0
STATES = ("production", "idle", "down", "held", "suspended", "setup", "planned", "off", "unknown")
CAUSES = ("supplier", "customer", "external", "operator", "unknown")
PRODUCTION, IDLE, DOWN, HELD, SUSPENDED, SETUP, PLANNED, OFF, UNKNOWN = range(9)
NO_CAUSE = -1
SUPPLIER = CAUSES.index("supplier")

# Whose a stop is as long as nobody says otherwise. Starved and blocked machines wait for others; a hold is an
# operator's routine servicing (ANSI/ISA-TR88.00.02) and no failure; a machine without an order waits for its customer.
_DEFAULT_CAUSE = {"idle": "customer", "down": "supplier", "held": "operator", "suspended": "external"}
_DEFAULT_CAUSES = np.array(
    [CAUSES.index(_DEFAULT_CAUSE[state]) if state in _DEFAULT_CAUSE else NO_CAUSE for state in STATES], dtype=np.int8
)

# StateCurrent of ANSI/ISA-TR88.00.02; OPC 30060 numbers the same states otherwise and needs a `codes` decoder.
_PACKML = {
    "1": ("clearing", "down"),
    "2": ("stopped", "idle"),
    "3": ("starting", "setup"),
    "4": ("idle", "idle"),
    "5": ("suspended", "suspended"),
    "6": ("execute", "production"),
    "7": ("stopping", "idle"),
    "8": ("aborting", "down"),
    "9": ("aborted", "down"),
    "10": ("holding", "held"),
    "11": ("held", "held"),
    "12": ("unholding", "held"),
    "13": ("suspending", "suspended"),
    "14": ("unsuspending", "suspended"),
    "15": ("resetting", "setup"),
    "16": ("completing", "setup"),
    "17": ("complete", "idle"),
}
_PACKML_STATES = {code: state for code, (_, state) in _PACKML.items()} | dict(_PACKML.values())

Codes = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class OpenInterval:
    """The interval that reaches a block's start, and the last state that was known before it."""

    started: float
    state: int
    cause: int
    failure: bool
    last_known: int | None


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Consecutive intervals [started, ended) in Unix seconds, shape (n,); the last may reach the end of what is known.

    state: index into STATES. cause: index into CAUSES, NO_CAUSE where the state is no stop. failure: the machine
    entered `down` at `started`. last_known: the last known state before each.
    """

    started: Floats
    ended: Floats
    state: Codes
    cause: Codes
    failure: Bools
    last_known: Codes

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
        )


def decoded(states: Iterable[str | None], decoder: dict[str, object]) -> Codes:
    """Indices into STATES; `unknown` for None and for a raw state that the decoder does not name.

    decoder: {"kind": "packml"}, or {"kind": "text" | "codes", "states": {raw: state}}; an empty one takes the names of
    STATES as they are.
    """
    match decoder:
        case {"kind": "packml"}:
            return _codes((None if raw is None else raw.lower() for raw in states), _PACKML_STATES)
        case {"states": dict(names)}:
            return _codes(states, {str(raw): str(state) for raw, state in names.items()})
        case _:
            return _codes(states, {state: state for state in STATES})


def _codes(states: Iterable[str | None], names: dict[str, str]) -> Codes:
    code = {raw: STATES.index(state) for raw, state in names.items()}
    return np.array([UNKNOWN if raw is None else code.get(raw, UNKNOWN) for raw in states], dtype=np.int8)


def intervals(
    before: OpenInterval | None,
    samples: StateSamples,
    decoder: dict[str, object],
    events: Iterable[Event],
    *,
    start: float,
    end: float,
) -> Intervals:
    """Intervals that reach into [start, end), the one open before the start included; none before the first sample.

    events: those of the asset, its line and its site. One of kind `failure` or `stop` with a `cause` says whose the
    stop is in which it lies. It counts back to the stop's beginning, but not past its own day's UTC midnight: days
    already assessed stand.
    """
    started, ended, state = _segments(before, samples, decoded(samples.state, decoder), start, end)
    started, ended, state = _joined(started, ended, state)
    found = _with_entries(started, ended, state, before)
    for event in sorted(events, key=lambda e: e.at):
        at = event.at.timestamp()
        cause = event.attributes.get("cause")
        if event.kind in ("failure", "stop") and cause in CAUSES and start <= at < end:
            found = _with_declared_cause(found, at, CAUSES.index(str(cause)))
    return found


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


def _joined(started: Floats, ended: Floats, state: Codes) -> tuple[Floats, Floats, Codes]:
    """The same time with neighbours of one state made one interval."""
    if not len(state):
        return started, ended, state
    first = np.append(True, state[1:] != state[:-1])
    last = np.append(first[1:], True)
    return started[first], ended[last], state[first]


def _with_entries(started: Floats, ended: Floats, state: Codes, before: OpenInterval | None) -> Intervals:
    """Add failures and default causes. Down after silence after down is the same failure: silence repairs nothing."""
    earlier = -1 if before is None or before.last_known is None else before.last_known
    last = np.maximum.accumulate(np.where(state != UNKNOWN, np.arange(len(state)), -1))
    previous = np.append(-1, last[:-1]) if len(state) else last
    last_known = np.where(previous >= 0, state[previous], earlier).astype(np.int8) if len(state) else state
    found = Intervals(
        started=started,
        ended=ended,
        state=state,
        cause=_DEFAULT_CAUSES[state],
        failure=(state == DOWN) & (last_known != DOWN),
        last_known=last_known,
    )
    if before is not None:
        found.cause[0], found.failure[0] = before.cause, before.failure
    return found


def _with_declared_cause(found: Intervals, at: float, cause: int) -> Intervals:
    """Give the stop at `at` the declared cause, splitting off its days that are already assessed."""
    index = int(np.searchsorted(found.started, at, side="right")) - 1
    if index < 0 or found.cause[index] == NO_CAUSE or found.cause[index] == cause:
        return found
    midnight = at - at % DAY_S
    if midnight > found.started[index]:
        found = _split(found, index, midnight)
        index += 1
    causes = found.cause.copy()
    causes[index] = cause
    return replace(found, cause=causes)


def _split(found: Intervals, index: int, at: float) -> Intervals:
    ended = np.insert(found.ended, index, at)
    return Intervals(
        started=np.insert(found.started, index + 1, at),
        ended=ended,
        state=np.insert(found.state, index + 1, found.state[index]),
        cause=np.insert(found.cause, index + 1, found.cause[index]),
        failure=np.insert(found.failure, index + 1, False),
        last_known=np.insert(found.last_known, index + 1, found.last_known[index]),
    )

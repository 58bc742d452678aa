"""The words for what a machine does and whose a stop is, and the decoders from what machines say to these words. Pure.

PackML numbers: StateCurrent of ANSI/ISA-TR88.00.02, and StateEnumeration of OPC 30060 v2.00, section 11.9, which
numbers the same states otherwise. UnitModeCurrent of TR88: 1 Production, 2 Maintenance, 3 Manual.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from shared.records.vocabulary import CAUSES, MODES, STATES

DAY_S = 86400.0
PRODUCTION, IDLE, DOWN, HELD, SUSPENDED, SETUP, PLANNED, OFF, UNKNOWN, MAINTENANCE, REPAIR = range(11)
FAILED = (DOWN, REPAIR)
STOPS = (DOWN, REPAIR, HELD, SUSPENDED)
PLANNED_STATES = (PLANNED, MAINTENANCE)
# By index of a state, the last also by -1, for none.
IS_FAILED: Bools = np.isin(np.arange(len(STATES) + 1), FAILED)
# By index of a state, the last also by its number of states, for none.
_STOPS: Bools = np.isin(np.arange(len(STATES) + 1), STOPS)
IS_PLANNED: Bools = np.isin(np.arange(len(STATES) + 1), PLANNED_STATES)
NO_CAUSE = -1
SUPPLIER, CUSTOMER = CAUSES.index("supplier"), CAUSES.index("customer")
MODE_PRODUCTION, MODE_MAINTENANCE, MODE_MANUAL = range(3)
NO_MODE = -1

Codes = NDArray[np.int8]

# Begins a raw state that no device can send, since PostgreSQL's text holds no NUL: a stored interval, where the samples
# that it came from are no longer stored.
_KEPT, _BETWEEN = "\0", "\x1f"

_PACKML_STATES = {
    "clearing": "down",
    "stopped": "idle",
    "starting": "setup",
    "idle": "idle",
    "suspended": "suspended",
    "execute": "production",
    "stopping": "idle",
    "aborting": "down",
    "aborted": "down",
    "holding": "held",
    "held": "held",
    "unholding": "held",
    "suspending": "suspended",
    "unsuspending": "suspended",
    "resetting": "setup",
    "completing": "setup",
    "complete": "idle",
}
_TR88 = tuple(_PACKML_STATES)
_OPC_30060 = (
    "stopped",
    "resetting",
    "idle",
    "starting",
    "execute",
    "completing",
    "complete",
    "aborting",
    "aborted",
    "stopping",
    "clearing",
    "suspending",
    "suspended",
    "unsuspending",
    "holding",
    "held",
    "unholding",
)
_BY_NUMBER = {
    "tr88": {str(number): _PACKML_STATES[name] for number, name in enumerate(_TR88, start=1)} | _PACKML_STATES,
    "opc30060": {str(number): _PACKML_STATES[name] for number, name in enumerate(_OPC_30060)} | _PACKML_STATES,
}
_PACKML_MODES = {"1": "production", "2": "maintenance", "3": "manual"} | {mode: mode for mode in MODES}


def decoded(states: Iterable[str | None], decoder: Mapping[str, object]) -> Codes:
    """Indices into STATES; `unknown` for None and for a raw state that the decoder does not name.

    decoder: {"kind": "packml", "numbering": "tr88" | "opc30060"}; {"kind": "text" | "codes", "states": {raw: state}};
    {"kind": "limits"} and an empty one take the names of STATES as they are.
    """
    match decoder:
        case {"kind": "packml"}:
            names = _BY_NUMBER[str(decoder.get("numbering", "tr88"))]
            said = [None if raw is None else raw.lower() for raw in states]
        case {"states": dict(given)}:
            names, said = {str(raw): str(state) for raw, state in given.items()}, list(states)
        case _:
            names, said = {state: state for state in STATES}, list(states)
    code: dict[str | None, int] = {raw: STATES.index(state) for raw, state in names.items()}
    for raw in set(said) - code.keys():
        kept = kept_in(raw)
        code[raw] = UNKNOWN if kept is None else STATES.index(kept.state)
    return np.array([code[raw] for raw in said], dtype=np.int8)


def decoded_modes(modes: Iterable[str | None], decoder: Mapping[str, object]) -> Codes:
    """Indices into MODES; NO_MODE for None and for what the decoder's `modes` do not name (TR88's without them)."""
    given = decoder.get("modes")
    names = {str(raw): str(mode) for raw, mode in given.items()} if isinstance(given, dict) else _PACKML_MODES
    code = {raw: MODES.index(mode) for raw, mode in names.items()}
    said = (None if raw is None else raw if isinstance(given, dict) else raw.lower() for raw in modes)
    return np.array([NO_MODE if raw is None else code.get(raw, NO_MODE) for raw in said], dtype=np.int8)


def by_limits(values: Floats, decoder: Mapping[str, object]) -> NDArray[np.object_]:
    """Raw states from a metric's values by {"kind": "limits", "running_above", "idle_above", "below"}; None for NaN.

    At or above `running_above` is production; at or above `idle_above`, where given, idle; less is `below`.
    """
    running = float(str(decoder["running_above"]))
    idle = float(str(decoder.get("idle_above", running)))
    said = np.full(len(values), str(decoder.get("below", "down")), dtype=object)
    said[values >= idle] = "idle"
    said[values >= running] = "production"
    said[np.isnan(values)] = None
    return said


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a stored interval says: its state, and the cause with what it was concluded from; None for no stop."""

    state: str
    cause: str | None = None
    basis: str | None = None
    why: str | None = None


def kept_raw(kept: Kept) -> str:
    """A stored interval as a raw state that every decoder reads."""
    return _KEPT + _BETWEEN.join((kept.state, kept.cause or "", kept.basis or "", kept.why or ""))


def kept_in(raw: str | None) -> Kept | None:
    """What `kept_raw` made a raw state of; None for any other."""
    if raw is None or not raw.startswith(_KEPT):
        return None
    state, *more = raw[1:].split(_BETWEEN, 3)
    cause, basis, why = (each or None for each in more)
    return Kept(state=state, cause=cause, basis=basis, why=why)


def is_stop(state: NDArray[np.signedinteger], cause: NDArray[np.signedinteger]) -> Bools:
    """Which of some states, shape (n,), are stops: of a machine that is idle it depends on the cause, for without an
    order it waits for its customer and is ready."""
    return np.asarray(_STOPS[state] | ((state == IDLE) & (cause != CUSTOMER)), dtype=np.bool_)


def in_mode(state: Codes, mode: Codes) -> Codes:
    """States as the mode of the same time has them, shape of both: Maintenance is `maintenance`, Manual `setup`.

    Neither makes silence known, and trying a broken machine out by hand does not repair it.
    """
    found = np.where((mode == MODE_MAINTENANCE) & (state != UNKNOWN), MAINTENANCE, state)
    by_hand = (mode == MODE_MANUAL) & np.isin(state, (PRODUCTION, IDLE, HELD, SUSPENDED))
    return np.where(by_hand, SETUP, found).astype(np.int8)


def with_repairs(state: Codes, earlier: int | None) -> Codes:
    """Consecutive states with `maintenance` after a failure made `repair`, whatever silence lies between.

    earlier: the last known state before them.
    """
    if not (state == MAINTENANCE).any():
        return state
    told = np.append(-1 if earlier is None else earlier, state)
    at = np.arange(len(told))
    said = (told != MAINTENANCE) & (told != UNKNOWN)
    last = np.maximum.accumulate(np.where(said, at, 0))
    after_failure = IS_FAILED[told[last]]
    return np.where((told == MAINTENANCE) & after_failure, REPAIR, told)[1:].astype(np.int8)

"""How far a source's device clock is ahead of ours or behind, told from its live messages.

A message is received after it was observed, never before, so each shows the clock's offset less its own delay, and of
many the one that shows the clock furthest ahead was delayed least. A clock can only look too far ahead by being so. It
looks behind also where messages come late: a backlog catches up, from one minute to the next, where a slow clock keeps
its distance. What is always delivered equally late, hour after hour, cannot be told from a slow clock.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from services.ingest.messages.readings import Decoded

AHEAD_S = 30.0
"""Half of the shortest rollup bucket: further ahead, most samples are reckoned in a minute that was not theirs."""

BEHIND_S = 300.0
"""Gateways collect for minutes before they send; only beyond that is it rather the clock."""

_WINDOW_US = 60_000_000
_STEADY_US = 10_000_000


class ClockState(StrEnum):
    """What is wrong with a clock."""

    RIGHT = "right"
    AHEAD = "ahead"
    BEHIND = "behind"


class ClockNote(NamedTuple):
    """By how much a source's clock is ahead of ours (negative: behind); `before` is its state until now."""

    source: str
    offset_s: float
    checked_us: int
    before: ClockState

    @property
    def state(self) -> ClockState:
        """What this offset means."""
        return judge(self.offset_s)


class _Window(NamedTuple):
    opened_us: int
    lead_us: int
    before_us: int | None


class ClockWatch:
    """Windows of a minute for each source, by our clock."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._states: dict[str, ClockState] = {}

    def copy(self) -> "ClockWatch":
        """Another that knows the same."""
        other = ClockWatch()
        other._windows, other._states = self._windows.copy(), self._states.copy()
        return other

    def observe(self, batch: Sequence[Decoded]) -> list[ClockNote]:
        """What the batch lets one say, at most once a minute for each source, and at once for a source that is new.

        Nothing is said of a source that looks behind by more than the time in which two windows agree, until they do.
        """
        notes: list[ClockNote] = []
        for source, (lead_us, received_us) in _leads(batch).items():
            window = self._windows.get(source)
            if window is None or received_us - window.opened_us >= _WINDOW_US:
                before_us = None if window is None else window.lead_us
                self._windows[source] = _Window(received_us, lead_us, before_us)
                told_us = lead_us if window is None else window.lead_us
                if told_us >= -_STEADY_US or _agree(window, told_us):
                    notes.append(self._note(source, told_us, received_us))
            elif lead_us > window.lead_us:
                self._windows[source] = window._replace(lead_us=lead_us)
        return notes

    def ahead_us(self, source: str) -> int:
        """By how much a source's newest samples may be ahead of our clock, 0 or more, as far as it was heard live."""
        window = self._windows.get(source)
        return 0 if window is None else max(0, window.lead_us, window.before_us or 0)

    def _note(self, source: str, lead_us: int, now_us: int) -> ClockNote:
        note = ClockNote(source, lead_us / 1e6, now_us, self._states.get(source, ClockState.RIGHT))
        self._states[source] = note.state
        return note


def judge(offset_s: float) -> ClockState:
    """Whether a clock with this offset is right enough."""
    if offset_s > AHEAD_S:
        return ClockState.AHEAD
    return ClockState.BEHIND if offset_s < -BEHIND_S else ClockState.RIGHT


def _agree(window: _Window | None, lead_us: int) -> bool:
    return window is not None and window.before_us is not None and abs(lead_us - window.before_us) <= _STEADY_US


def _leads(batch: Sequence[Decoded]) -> dict[str, tuple[int, int]]:
    """Of each source the greatest lead of a live sample over its receipt, and the last receipt; in µs."""
    leads: dict[str, tuple[int, int]] = {}
    for decoded in batch:
        received_us = decoded.envelope.received_us
        for reading in decoded.readings:
            if not reading.historical:
                lead_us = reading.observed_us - received_us
                before = leads.get(reading.source)
                if before is not None and before[0] > lead_us:
                    lead_us = before[0]
                leads[reading.source] = (lead_us, received_us)
    return leads

"""Waiting for a database that is away: a little at first, then longer."""

import time

_FROM_S = 0.1


class Backoff:
    """Each `pause` is twice as long as the one before, up to `longest_s`."""

    def __init__(self, *, longest_s: float) -> None:
        self._longest_s = longest_s
        self._next_s = _FROM_S

    def pause(self) -> None:
        """Sleep."""
        time.sleep(self._next_s)
        self._next_s = min(2 * self._next_s, self._longest_s)

    def reset(self) -> None:
        """The database was there: begin small again."""
        self._next_s = _FROM_S

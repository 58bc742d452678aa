"""When to come back to the broker after a loss, so that two clients of one client id do not push each other out."""

_BRIEF_S, _BRIEF_TIMES = 30.0, 5
_LONGEST_S = 15
_TAKEN_FROM_S, _TAKEN_TO_S = 60, 600


class ReconnectDelay:
    """`contested`: somebody else seems to have our client id. MQTT 5 says so; with MQTT 3.1.1 it shows by connections
    that do not last, which may also be the network's fault.
    """

    def __init__(self) -> None:
        self._taken = self._brief = 0

    @property
    def contested(self) -> bool:
        """Whether the last losses look like it."""
        return self._taken > 0 or self._brief >= _BRIEF_TIMES

    def wait_s(self, *, lasted_s: float, taken_over: bool) -> int:
        """So many seconds to stay away after a connection that lasted so long; longer from loss to loss."""
        if taken_over:
            self._taken += 1
            return min(_TAKEN_FROM_S << (self._taken - 1), _TAKEN_TO_S)
        if lasted_s >= _BRIEF_S:
            self._taken = self._brief = 0
            return 1
        self._brief += 1
        return min(1 << (self._brief - 1), _LONGEST_S)

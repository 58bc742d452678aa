"""How many bytes of dead letters may be stored: in all, and an hour for one part of the topics."""

from collections import defaultdict

_HOUR_US = 3_600_000_000
_SHARE = 16
_HEADS = 1_000
_ROW_BYTES = 200


class DeadLetterQuota:
    """What is left of `limit_bytes`, of which no topic head (its first three levels) gets more than 1/16 an hour.

    So one device that sends nothing but what must be refused takes sixteen hours to fill it, in which somebody may
    see that, and the dead letters of all others are kept. `measured` says what the database really holds.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._left = limit_bytes
        self._hour = 0
        self._taken: dict[str, int] = defaultdict(int)

    def copy(self) -> "DeadLetterQuota":
        """Another that has as much left."""
        other = DeadLetterQuota(self._limit)
        other._left, other._hour, other._taken = self._left, self._hour, self._taken.copy()
        return other

    def measured(self, stored_bytes: int) -> None:
        """Reckon from so many bytes that are stored."""
        self._left = self._limit - stored_bytes

    def take(self, topic: str, payload_bytes: int, now_us: int) -> bool:
        """Whether a dead letter still has room, which it then takes."""
        if now_us // _HOUR_US != self._hour:
            self._hour = now_us // _HOUR_US
            self._taken.clear()
        head = "/".join(topic.split("/", 3)[:3])
        if head not in self._taken and len(self._taken) >= _HEADS:
            head = ""
        size = payload_bytes + len(topic) + _ROW_BYTES
        if size > self._left or self._taken[head] + size > max(self._limit // _SHARE, size):
            return False
        self._left -= size
        self._taken[head] += size
        return True

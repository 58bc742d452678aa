"""How often a key may ask: a bucket of tokens each, which fills again within a minute."""

import threading
from collections.abc import Callable
from math import ceil
from time import monotonic

_WINDOW_S = 60


class Rates:
    """Buckets of `a_minute` tokens by key id; `clock` is monotonic seconds."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._most = a_minute
        self._a_second = a_minute / _WINDOW_S
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}
        self._policy = (b"ratelimit-policy", f'"default";q={a_minute};w={_WINDOW_S}'.encode())

    def take(self, key_id: str) -> bool:
        """Take a token; False where there is none."""
        with self._lock:
            left = self._left(key_id)
            if left < 1:
                return False
            self._buckets[key_id] = (left - 1, self._clock())
            return True

    def give_back(self, key_id: str) -> None:
        """Put back what was taken for an answer that costs nothing."""
        with self._lock:
            self._buckets[key_id] = (min(self._most, self._left(key_id) + 1), self._clock())

    def wait_s(self, key_id: str) -> int:
        """Whole seconds until there is a token again."""
        return max(1, ceil((1 - self._left(key_id)) / self._a_second))

    def headers(self, key_id: str) -> list[tuple[bytes, bytes]]:
        """The policy, what is left of it, and the seconds until it is whole again."""
        left = self._left(key_id)
        told = b'"default";r=%d;t=%d' % (left, ceil((self._most - left) / self._a_second))
        return [self._policy, (b"ratelimit", told)]

    def _left(self, key_id: str) -> float:
        left, at = self._buckets.get(key_id, (float(self._most), 0.0))
        return min(self._most, left + (self._clock() - at) * self._a_second)

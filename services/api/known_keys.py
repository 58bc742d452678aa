"""Keys that were shown lately, so that asking again costs no look into the database."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from services.api.keys import ApiKey
from services.api.versions import Versions

_MOST = 10_000


class KnownKeys:
    """Valid keys by the hash of what was presented; none outlives a change of any key, or versions unconfirmed."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._known: dict[bytes, tuple[int, ApiKey]] = {}

    def get(self, presented: str, now: datetime) -> ApiKey | None:
        """The key, if it is known and valid at `now`; None says nothing of whether it is one."""
        found = self._known.get(_hash(presented))
        if found is None or found[0] != self._versions.keys or not self._versions.are_confirmed:
            return None
        return found[1] if found[1].is_valid(now) else None

    def find(self, presented: str, look_up: Callable[[], ApiKey | None], now: datetime) -> ApiKey | None:
        """The valid key that is presented, looked up unless it is known; None where it is none."""
        known = self.get(presented, now)
        if known is not None:
            return known
        version = self._versions.keys
        key = look_up()
        if key is not None:
            if len(self._known) >= _MOST:
                self._known = {}
            self._known[_hash(presented)] = (version, key)
        return key


def _hash(presented: str) -> bytes:
    return sha256(presented.encode("utf-8", "surrogatepass")).digest()

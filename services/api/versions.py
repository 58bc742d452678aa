"""What changed in the database lately, as the database tells it: by that, answers and keys are kept for a while.

`Versions` only grow. What was kept with the same version still stands, as long as the versions are confirmed: the
listener has made a round trip on the connection that would have told of a change, less than a second ago.
"""

import select
import threading
from contextlib import suppress
from time import monotonic
from typing import Final

import psycopg
from psycopg import Notify

from shared.database import connect, storage_errors
from shared.errors import StorageError

_DATA: Final = "bellwether_data"
_KEYS: Final = "bellwether_keys"
_CONFIRMED_FOR_S: Final = 1.0
_BETWEEN_ROUND_TRIPS_S: Final = 0.3
_BETWEEN_CONNECTIONS_S: Final = 0.5


class Versions:
    """Counts of changes: of anybody's data, of each customer's, of the keys. One thread writes them, any may read."""

    def __init__(self) -> None:
        self.data = 0
        self.keys = 0
        self._of_everybody = 0
        self._of_customer: dict[int, int] = {}
        self._confirmed_at = float("-inf")

    @property
    def are_confirmed(self) -> bool:
        """Whether nothing that was committed a second ago can be missing."""
        return monotonic() - self._confirmed_at <= _CONFIRMED_FOR_S

    def of(self, customers: list[int] | None) -> tuple[int, int]:
        """The version of the keys and of these customers' data; None for everybody's."""
        if customers is None:
            return self.keys, self.data
        return self.keys, self._of_everybody + sum(self._of_customer.get(each, 0) for each in customers)

    def count_everybody(self) -> None:
        """Count a change of nobody in particular."""
        self._of_everybody += 1
        self.data += 1

    def count(self, channel: str, told: str) -> None:
        """Count what the database told on one of its channels."""
        if channel == _KEYS:
            self.keys += 1
        elif told == "all":
            self.count_everybody()
        else:
            for each in map(int, told.split(",")):
                self._of_customer[each] = self._of_customer.get(each, 0) + 1
            self.data += 1

    def confirm(self, at: float) -> None:
        """Everything committed before `at` (monotonic seconds) is counted."""
        self._confirmed_at = at

    def forget(self) -> None:
        """Nothing kept so far stands: changes may have been missed."""
        self.keys += 1
        self.count_everybody()


class Listener:
    """A thread with a connection of its own that keeps the versions; without the database they are not confirmed."""

    def __init__(self, url: str) -> None:
        self.versions = Versions()
        self._url = url
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="api-listener", daemon=True)

    def open(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def close(self) -> None:
        """End, once the round trip under way is over."""
        self._ended.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._ended.is_set():
            # Who asks meets the same error, and is told of it.
            with suppress(StorageError), storage_errors(), connect(self._url, application="api-listener") as conn:
                self._follow(conn)
            self._ended.wait(_BETWEEN_CONNECTIONS_S)

    def _follow(self, conn: psycopg.Connection) -> None:
        conn.autocommit = True
        conn.add_notify_handler(self._told)
        conn.execute(f"LISTEN {_DATA}")
        conn.execute(f"LISTEN {_KEYS}")
        self.versions.forget()
        waiting = select.poll()
        waiting.register(conn.fileno(), select.POLLIN)
        while not self._ended.is_set():
            asked_at = monotonic()
            conn.execute("SELECT 1")
            self.versions.confirm(asked_at)
            waiting.poll(_BETWEEN_ROUND_TRIPS_S * 1000)

    def _told(self, notify: Notify) -> None:
        self.versions.count(notify.channel, notify.payload)

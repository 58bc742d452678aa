"""The feed's newest changes for everybody who listens: read once by the process, however many listen to it.

One connection listens for commits of the feed. What it then reads is kept for a while, in the form in which it is
sent; a listener is no more than its place in it. Whoever is further behind reads the database itself.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog
from starlette.concurrency import run_in_threadpool

from services.api.database import NOBODY, Database
from services.api.keys import ApiKey, valid_keys
from services.api.queries.changes import AT_ONCE, Entry, read_after, read_end
from shared.changes import CHANNEL
from shared.errors import StorageError

_log = structlog.get_logger()
_KEPT = 5_000
_PULSE_S = 1.0
"""How long at most nobody looks, whether told or not: by then a revoked key has ended, too."""


@dataclass(eq=False)
class Listener:
    """Somebody who follows the feed with a key; `ended` once that key may not go on."""

    key: ApiKey
    ended: bool = False


class FeedHub:
    """The feed's end, followed as long as anybody listens. Everything but the reading happens in the event loop."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._kept: deque[Entry] = deque(maxlen=_KEPT)
        self._from = 0
        self._last: int | None = None
        self._listeners: set[Listener] = set()
        self._following: asyncio.Task[None] | None = None
        self._turn: asyncio.Future[None] | None = None
        self._closed = False

    @contextmanager
    def listening(self, key: ApiKey) -> Iterator[Listener]:
        """A listener with this key, followed for until it leaves."""
        listener = Listener(key, ended=self._closed)
        self._listeners.add(listener)
        if self._following is None and not self._closed:
            self._following = asyncio.create_task(self._follow())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._following is not None:
                self._following.cancel()
                self._following = None

    def turn(self) -> asyncio.Future[None]:
        """Done when there is something new, or somebody has ended."""
        if self._turn is None:
            self._turn = asyncio.get_running_loop().create_future()
        return self._turn

    def after(self, sequence: int) -> list[Entry] | None:
        """What is known to follow a sequence number; None where not all of it is kept here."""
        if self._last is None:
            return []
        if sequence < self._from or (self._kept and sequence + 1 < self._kept[0].sequence):
            return None
        found: list[Entry] = []
        for entry in reversed(self._kept):
            if entry.sequence <= sequence:
                break
            found.append(entry)
        return found[::-1]

    def close(self) -> None:
        """End everybody: the process is about to stop."""
        self._closed = True
        for listener in self._listeners:
            listener.ended = True
        self._wake()

    async def _follow(self) -> None:
        self._kept.clear()
        self._last = None
        while True:
            try:
                conn = await self._database.connect_for_notices()
                async with conn:
                    await conn.execute(f"LISTEN {CHANNEL}")
                    while True:
                        while await self._look():
                            pass
                        async for _ in conn.notifies(timeout=_PULSE_S, stop_after=1):
                            pass
            except (psycopg.OperationalError, StorageError) as exc:
                _log.warning("feed_not_followed", reason=str(exc))
                await asyncio.sleep(_PULSE_S)

    async def _look(self) -> bool:
        """Take what is new, and end whose key has ended; True where there may be more."""
        known = {each.key.key_id for each in self._listeners}
        fresh = self._last is None
        end, entries, valid = await run_in_threadpool(self._read, self._last, known)
        if fresh:
            self._from = self._last = end
        for entry in entries:
            self._kept.append(entry)
            self._last = entry.sequence
        ended = [each for each in self._listeners if each.key.key_id in known and not _is_same(each, valid)]
        for listener in ended:
            listener.ended = True
        if entries or ended or fresh:
            self._wake()
        return len(entries) == AT_ONCE

    def _read(self, after: int | None, known: set[str]) -> tuple[int, list[Entry], dict[str, ApiKey]]:
        with self._database.reading(None) as conn:
            end = read_end(conn) if after is None else after
            entries = [] if after is None else read_after(conn, after)
        with self._database.reading(NOBODY) as conn:
            return end, entries, valid_keys(conn, known, now=self._clock())

    def _wake(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)
        self._turn = None


def _is_same(listener: Listener, valid: dict[str, ApiKey]) -> bool:
    """Whether the key may still see what it could when the listener came."""
    now = valid.get(listener.key.key_id)
    return now is not None and (now.scopes, now.customers) == (listener.key.scopes, listener.key.customers)

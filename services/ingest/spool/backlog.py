"""What is decoded and not yet committed, oldest first: in memory while the database keeps up, else in the spool.

Plants publish Sparkplug at QoS 0, so nothing that was received may wait for the database with the broker waiting
behind it. Whatever the writer's state, `put` returns within two seconds; the spool's way is slower, so a writer that
goes on is waited for so long before it is taken.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from itertools import chain
from threading import Condition

import structlog

from services.ingest.messages.readings import Decoded
from services.ingest.messages.size import FULL, Size, size_of
from services.ingest.monitoring import lane_metrics
from services.ingest.spool.spool import Spool, SpoolFullError

# A batch touches every series once, however many samples of it there are: of 60,000 samples 150,000 to 220,000 a second
# were stored where batches of 20,000 came to 100,000 to 145,000.
_BATCH = FULL._replace(samples=60_000)
_MEMORY = Size(messages=6_000, samples=120_000, payload_bytes=16_000_000)
_WRITER_ANSWERS_WITHIN_S = 2.0
_LOUD_EVERY_S = 60.0
_PROBE_EVERY_S = 1.0

log = structlog.get_logger()


class Destination(Enum):
    """What becomes of new messages."""

    MEMORY = "memory"
    SPOOL = "spool"
    REFUSED = "refused"


def destination(*, memory_holds: bool, memory_has_room: bool, spool_holds: bool, writer_is_late: bool) -> Destination:
    """Where new messages go, once memory was emptied into the spool as far as that took it: behind what came before.

    So what memory still holds keeps them out of the spool, and what the spool holds draws them there.
    """
    if not memory_holds and (spool_holds or writer_is_late):
        return Destination.SPOOL
    return Destination.MEMORY if memory_has_room else Destination.REFUSED


class Backlog:
    """One thread puts, another takes and says what became of it.

    As long as the spool holds anything, everything new goes behind it. A batch that the writer has had for two
    seconds is spooled too: should we die before it is committed, it is stored then, and once more at worst.
    """

    def __init__(self, spool: Spool, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._spool = spool
        self._clock = clock
        self._changed = Condition()
        self._memory: deque[Sequence[Decoded]] = deque()
        self._memory_size = Size()
        self._taken: Sequence[Decoded] = ()
        self._taken_at = 0.0
        self._taken_through: int | None = None
        self._refused = 0
        self._closed = False
        self._loud_at = self._probe_at = 0.0

    @property
    def fill(self) -> float:
        """How full the spool is, 0 to 1; 1 also while the disk takes nothing."""
        return self._spool.fill

    @property
    def spooled(self) -> int:
        """How many messages wait in the spool."""
        return self._spool.messages

    def put(self, batch: Sequence[Decoded]) -> None:
        """Append; where there is no room in memory and none in the spool, refuse, count and log.

        Call it with nothing too, several times a second: what the writer has for too long is spooled, and a disk that
        was full is tried again.
        """
        with self._changed:
            self._probe()
            if not self._spool.messages:
                self._changed.wait_for(self._has_room, 0 if self._is_overdue() else _WRITER_ANSWERS_WITHIN_S)
            late = self._is_overdue()
            if self._spool.messages or late or not self._has_room():
                self._spill()
            if batch:
                self._append(batch, writer_is_late=late)
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Sequence[Decoded]:
        """The oldest messages, the same again until they are `done`; nothing after so many seconds without any."""
        with self._changed:
            if not self._taken and not self._closed:
                self._changed.wait_for(lambda: self._memory or self._spool.messages, timeout_s)
                self._take_next()
            return self._taken

    def done(self) -> None:
        """What was taken is committed."""
        with self._changed:
            if self._taken_through is not None and not self._closed:
                self._spool.remove(self._taken_through)
            self._taken, self._taken_through = (), None
            self._changed.notify_all()

    def failed(self) -> None:
        """The database is away: what waits in memory goes to the spool, and with it what was taken."""
        with self._changed:
            self._spill()
            self._changed.notify_all()

    def close(self) -> None:
        """Spool what is not committed, and let the file go: what is committed after that is stored twice at worst."""
        with self._changed:
            self._spill()
            self._closed = True
            self._spool.close()

    @property
    def settled(self) -> bool:
        """Whether nothing would be lost if the process ended now, or nothing can be kept any more."""
        with self._changed:
            return self._closed or (not self._memory and (not self._taken or self._taken_through is not None))

    def _probe(self) -> None:
        now = self._clock()
        if now >= self._probe_at:
            self._probe_at = now + _PROBE_EVERY_S
            self._spool.probe()

    def _take_next(self) -> None:
        if self._memory:
            batch: list[Decoded] = []
            size = Size()
            while self._memory and not size.reaches(_BATCH):
                size = size.plus(size_of(self._memory[0]))
                batch.extend(self._memory.popleft())
            self._taken, self._taken_through = batch, None
            self._memory_size = self._memory_size.minus(size)
        elif self._spool.messages:
            self._taken, self._taken_through = self._spool.oldest(_BATCH)
        self._taken_at = self._clock()
        self._changed.notify_all()

    def _has_room(self) -> bool:
        return not self._memory_size.reaches(_MEMORY)

    def _is_overdue(self) -> bool:
        return bool(self._taken) and self._clock() - self._taken_at > _WRITER_ANSWERS_WITHIN_S

    def _append(self, batch: Sequence[Decoded], *, writer_is_late: bool) -> None:
        match destination(
            memory_holds=bool(self._memory),
            memory_has_room=self._has_room(),
            spool_holds=self._spool.messages > 0,
            writer_is_late=writer_is_late,
        ):
            case Destination.MEMORY:
                self._memory.append(batch)
                self._memory_size = self._memory_size.plus(size_of(batch))
            case Destination.SPOOL:
                try:
                    self._spool.append(batch)
                except SpoolFullError as exc:
                    self._refuse(batch, str(exc))
            case Destination.REFUSED:
                self._refuse(batch, "neither memory nor the spool has room")

    def _spill(self) -> None:
        """Move what was taken and what memory holds to the spool, where it has room; else they stay where they are."""
        if self._closed:
            return
        with suppress(SpoolFullError):
            if self._taken and self._taken_through is None and not self._spool.messages:
                self._taken_through = self._spool.append(self._taken)
            if self._memory:
                self._spool.append(list(chain.from_iterable(self._memory)))
                self._memory.clear()
                self._memory_size = Size()

    def _refuse(self, batch: Sequence[Decoded], reason: str) -> None:
        self._refused += len(batch)
        lane_metrics.count_refused(len(batch))
        now = self._clock()
        if now >= self._loud_at:
            self._loud_at = now + _LOUD_EVERY_S
            log.critical(
                "the spool is full and Sparkplug messages are lost",
                messages_since_the_start=self._refused,
                spooled_messages=self._spool.messages,
                reason=reason,
            )

"""The order of effects: take, decode, store, and only then acknowledge."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from services.ingest.lanes.backoff import Backoff
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded
from services.ingest.messages.size import FULL, Size, size_of
from shared.errors import StorageError

# Plants that were cut off send their history in messages of thousands of samples each: decoded all at once, what the
# inbox holds would take many times its size.
_MOST_SAMPLES = 200_000
_LONGEST_WAIT_S = 0.2
_LINGER_S = 0.01
_RETRIED_WITHIN_S = 5.0
_DRAIN_S = 8.0

log = structlog.get_logger()


class Pipeline:
    """One writer's loop over five functions.

    take: envelopes that wait, after at most so many seconds. write: store a batch, or raise StorageError. acknowledge:
    tell the broker. between: called about once a second, whatever it raises as StorageError is tried again later.
    """

    def __init__(
        self,
        *,
        take: Callable[[float], list[Envelope]],
        decode: Callable[[Envelope], Decoded],
        write: Callable[[Sequence[Decoded]], None],
        acknowledge: Callable[[Sequence[Envelope]], None],
        between: Callable[[], None],
    ) -> None:
        self._take = take
        self._decode = decode
        self._write = write
        self._acknowledge = acknowledge
        self._between = between
        self._between_at = 0.0
        self._taken: deque[Envelope] = deque()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Go on until `stopping`, then finish what was taken, for at most eight seconds."""
        while not stopping():
            batch = self._collect()
            if batch:
                self._finish(batch, stopping)
            if time.monotonic() >= self._between_at:
                self._between_at = time.monotonic() + 1
                try:
                    self._between()
                except StorageError as exc:
                    log.warning("the database is away", error=str(exc))
        until = time.monotonic() + _DRAIN_S
        while batch := self._collect():
            if not self._finish(batch, lambda: time.monotonic() > until):
                return

    def _collect(self) -> list[Decoded]:
        """A batch: full, or as much as came before it was quiet for a moment. More than that waits undecoded."""
        batch: list[Decoded] = []
        size, patience_s, until = Size(), _LONGEST_WAIT_S, math.inf
        while not size.reaches(FULL) and time.monotonic() < until:
            if not self._taken:
                self._taken.extend(self._take(patience_s))
            if not self._taken:
                break
            until = min(until, time.monotonic() + _LONGEST_WAIT_S)
            patience_s = _LINGER_S
            part = self._decoded(_MOST_SAMPLES - size.samples)
            size = size.plus(size_of(part))
            batch += part
        return batch

    def _decoded(self, samples: int) -> list[Decoded]:
        """What was taken, until it is at least so many samples."""
        part: list[Decoded] = []
        while self._taken and samples > 0:
            part.append(self._decode(self._taken.popleft()))
            samples -= part[-1].samples
        return part

    def _finish(self, batch: Sequence[Decoded], giving_up: Callable[[], bool]) -> bool:
        """Store and acknowledge, trying again while the database is away; whether it was done."""
        backoff = Backoff(longest_s=_RETRIED_WITHIN_S)
        while True:
            try:
                self._write(batch)
            except StorageError as exc:
                log.warning("the database is away, keeping the batch", messages=len(batch), error=str(exc))
                if giving_up():
                    return False
                backoff.pause()
            else:
                break
        self._acknowledge([decoded.envelope for decoded in batch])
        return True

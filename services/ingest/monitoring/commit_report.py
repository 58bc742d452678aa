"""What a committed batch is worth telling: to Prometheus all of it, to the log what somebody should look at."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import structlog

from services.ingest.batch.device_clocks import ClockNote, ClockState
from services.ingest.decoding.reason_kinds import ReasonKind, kind_of
from services.ingest.messages.readings import Decoded
from services.ingest.monitoring import store_metrics

_LOUD_EVERY_S = 60.0

log = structlog.get_logger()


class Committed(NamedTuple):
    """A batch as it was stored: how many of its samples were new, repeated, of those in conflict, and late.

    lost: its messages that were refused and found no room among the dead letters.
    """

    batch: list[Decoded]
    stored: int
    repeated: int
    conflicts: int
    late: int
    lost: Sequence[Decoded]
    clocks: Sequence[ClockNote]


class CommitReport:
    """Counts each batch, and logs without payloads: each matter once a minute at most, with the sum since then."""

    def __init__(self) -> None:
        self._sums: dict[str, int] = {}
        self._loud_at: dict[str, float] = {}

    def report(self, committed: Committed) -> None:
        """Count and log one committed batch."""
        kinds = [kind_of(decoded.reason) for decoded in committed.batch if decoded.reason is not None]
        store_metrics.count_committed(
            stored=committed.stored,
            repeated=committed.repeated,
            conflicts=committed.conflicts,
            late=committed.late,
            kinds=kinds,
            lost=len(committed.lost),
        )
        for note in committed.clocks:
            if note.state is not note.before:
                (log.info if note.state is ClockState.RIGHT else log.warning)(
                    "a source's clock has changed",
                    source=note.source,
                    clock=note.state.value,
                    ahead_s=round(note.offset_s, 1),
                )
        self._warn("samples came again with another value; the first stays: bellwether conflicts", committed.conflicts)
        self._warn(
            "sources have too many series; what names more becomes dead letters: bellwether dead-letters",
            kinds.count(ReasonKind.LIMIT),
        )
        self._warn("messages that were refused are LOST: there is no room for more dead letters", len(committed.lost))

    def _warn(self, event: str, count: int) -> None:
        if not count:
            return
        self._sums[event] = self._sums.get(event, 0) + count
        now = time.monotonic()
        if now >= self._loud_at.get(event, 0.0):
            self._loud_at[event] = now + _LOUD_EVERY_S
            log.warning(event, count=self._sums.pop(event))

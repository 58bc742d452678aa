"""Store what was refused, as it came, as long as there is room for it."""

from collections.abc import Sequence
from typing import NamedTuple

import psycopg

from services.ingest.batch.dead_letter_quota import DeadLetterQuota
from services.ingest.messages.printable import printable
from services.ingest.messages.readings import Decoded
from services.ingest.messages.timestamps import instant

_MEASURE_EVERY_US = 60_000_000
_BURY = "INSERT INTO dead_letters (received_at, topic, payload, qos, retained, reason) VALUES (%s, %s, %s, %s, %s, %s)"
# Deleted rows leave their space to new ones, so only what is in use counts; that takes a look at every row, and is
# done where the whole is too large.
_SPACE = "SELECT pg_total_relation_size('dead_letters')"
_IN_USE = "SELECT coalesce(sum(pg_column_size(payload) + octet_length(topic) + 200), 0) FROM dead_letters"


class Buried(NamedTuple):
    """The messages for which there was no room, and what room is left once the transaction is committed."""

    lost: list[Decoded]
    left: DeadLetterQuota


class DeadLetterWriter:
    """Writes to `dead_letters` within the caller's transaction, up to `limit_mb` in all.

    quota: what room there is; set it to what is left after a commit, since a rollback takes none.
    """

    def __init__(self, conn: psycopg.Connection, limit_mb: int) -> None:
        self._conn = conn
        self._limit = limit_mb * 1_000_000
        self.quota = DeadLetterQuota(self._limit)
        self._measured_us: int | None = None

    def bury(self, refused: Sequence[Decoded], now_us: int) -> Buried:
        """Store the messages with their reasons, as far as there is room."""
        if not refused:
            return Buried([], self.quota)
        if self._measured_us is None or now_us - self._measured_us >= _MEASURE_EVERY_US:
            self._measured_us = now_us
            self.quota.measured(self._stored_bytes())
        left = self.quota.copy()
        kept: list[Decoded] = []
        lost: list[Decoded] = []
        for decoded in refused:
            envelope = decoded.envelope
            (kept if left.take(envelope.topic, len(envelope.payload), now_us) else lost).append(decoded)
        with self._conn.cursor() as cur:
            cur.executemany(_BURY, [_row(decoded) for decoded in kept])
        return Buried(lost, left)

    def _stored_bytes(self) -> int:
        for query in (_SPACE, _IN_USE):
            row = self._conn.execute(query).fetchone()
            size = int(row[0]) if row else 0
            if size < self._limit:
                break
        return size


def _row(decoded: Decoded) -> tuple[object, ...]:
    envelope = decoded.envelope
    return (
        instant(envelope.received_us),
        _storable(envelope.topic),
        envelope.payload,
        envelope.qos,
        envelope.retained,
        _storable(decoded.reason or ""),
    )


def _storable(text: str) -> str:
    return printable(text).replace("\x00", "\\x00")

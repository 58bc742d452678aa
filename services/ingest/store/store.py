"""One transaction a batch: samples, what they change, dead letters, and what is known of the sources."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import LiteralString, NamedTuple

import numpy as np
import psycopg

from services.ingest.batch.binary_copy import RANGE_COLUMNS, Int64s, changed, ranges_as_copy
from services.ingest.batch.dead_letter_quota import DeadLetterQuota
from services.ingest.batch.device_clocks import ClockNote, ClockWatch
from services.ingest.batch.rows import Rows, joined, rows_of, silenced
from services.ingest.batch.source_state import SourceState, event_time, hear, late_samples, without_overtaken_ends
from services.ingest.messages.readings import Decoded, Reading
from services.ingest.messages.timestamps import instant
from services.ingest.monitoring.commit_report import CommitReport, Committed
from services.ingest.store.catalogue import Catalogue
from services.ingest.store.conflicts import note_conflicts
from services.ingest.store.dead_letters import DeadLetterWriter
from services.ingest.store.samples import SampleWriter, Written
from services.ingest.store.source_state import known_sources, note_clocks, note_sources
from shared.errors import StorageError
from shared.migrations import ensure_partitions_for

# SQLSTATE classes that blame what a message contains: cardinality, data, integrity, limits of the program. After
# anything else the same batch may succeed later: connection (08), transaction rolled back by a deadlock or a neighbour
# (40), read-only standby (25), full disk, memory or connections (53), shutdown (57), input and output (58), our schema
# not there yet (42).
_BLAMES_CONTENT = frozenset({"21", "22", "23", "54"})

_COPY_RANGES: LiteralString = f"COPY changed_ranges ({RANGE_COLUMNS}) FROM STDIN (FORMAT BINARY)"


class _Learnt(NamedTuple):
    """What the store knows once a batch is committed, and must not after a rollback: the watermarks of the batch's
    sources, all clocks, and the room that dead letters have."""

    watermark_us: Mapping[str, int]
    clocks: ClockWatch
    quota: DeadLetterQuota


class Store:
    """Writes batches through one connection.

    Counts of what is committed: `stored` samples that were new, `repeated` those that were not, of them `conflicts`
    those with another value than the one stored. After a commit of which nobody knows whether it took place, the same
    batch counts as repeated where it had.
    """

    def __init__(self, conn: psycopg.Connection, *, series_per_source: int, dead_letters_mb: int) -> None:
        self.conn = conn
        self.conn.autocommit = True
        self._catalogue = Catalogue(series_per_source)
        self._samples = SampleWriter(conn)
        self._dead_letters = DeadLetterWriter(conn, dead_letters_mb)
        self._clocks = ClockWatch()
        self._watermark_us: dict[str, int] = {}
        self._report = CommitReport()
        self.stored = 0
        self.repeated = 0
        self.conflicts = 0

    def write(self, batch: Sequence[Decoded]) -> list[Decoded]:
        """Store the batch; return its messages as they were stored, some now with a reason.

        All of it in one transaction, unless the database refuses a part for what it contains: then by halves, in
        order, until the message is found, which becomes a dead letter. Raises StorageError when the fault is the
        database's: then a commit may be unknown, and writing the same batch again is harmless.
        """
        try:
            return self._commit(batch)
        except psycopg.Error:
            if len(batch) > 1:
                middle = len(batch) // 2
                return [*self.write(batch[:middle]), *self.write(batch[middle:])]
        # Once more before the message is blamed, now with nothing cached.
        try:
            return self._commit(batch)
        except psycopg.Error as exc:
            return self._commit([Decoded(batch[0].envelope, reason=f"the database refuses it: {exc.sqlstate} {exc}")])

    def _commit(self, batch: Sequence[Decoded]) -> list[Decoded]:
        """Store the batch or nothing; raise StorageError, or psycopg's own error where that blames what it contains."""
        try:
            self._make_room([reading for d in batch for reading in d.readings])
            with self.conn.transaction():
                committed, learnt = self._write_all(batch)
        except psycopg.Error as exc:
            self._catalogue.forget()
            if _blames_content(exc):
                raise
            raise StorageError(str(exc)) from exc
        self._learn(learnt)
        self.stored += committed.stored
        self.repeated += committed.repeated
        self.conflicts += committed.conflicts
        self._report.report(committed)
        return committed.batch

    def _make_room(self, readings: Sequence[Reading]) -> None:
        """Make the partitions that the readings need, table by table and before the transaction that fills them.

        Their making locks out readers of the DEFAULT partitions; held until the rows are in, while the next table's
        is waited for, that could meet a reader of both coming the other way. What a death ends in a month of which
        nothing is stored yet goes to the DEFAULT partition, and on from there when the month gets its own.
        """
        spoken = {
            "samples": [reading.observed_us for reading in readings if reading.metrics],
            "samples_text": [reading.observed_us for reading in readings if reading.texts],
        }
        for table, observed_us in spoken.items():
            if observed_us:
                ensure_partitions_for(self.conn, table, _months(np.array(observed_us)))

    def _write_all(self, messages: Sequence[Decoded]) -> tuple[Committed, _Learnt]:
        """Everything that a batch leaves in the database, in the order in which one needs the other.

        Series before their samples; samples before ends, which reach all that a device has ever said; and the sources'
        rows last, since they stay locked until the commit and other writers' batches speak of the same sources.
        """
        now_us = max(d.envelope.received_us for d in messages)
        dying = self._dying(messages)
        valid = [without_overtaken_ends(decoded, dying) for decoded in messages] if dying else messages
        batch = self._catalogue.enter(self.conn, valid, instant(now_us))
        written = self._samples.write(rows_of(batch, self._catalogue.device), compare=True)
        ends = self._samples.write(joined(self._silenced(batch, dying)), compare=False)
        self._write_ranges(written, ends, now_us)
        conflicts = note_conflicts(self.conn, written.conflicts)
        buried = self._dead_letters.bury([d for d in batch if d.reason is not None], now_us)
        clocks = self._clocks.copy()
        notes = clocks.observe(batch)
        watermark_us = self._hear(batch, notes)
        committed = Committed(
            batch=batch,
            stored=len(written.series_id),
            repeated=written.repeated,
            conflicts=conflicts,
            late=late_samples(batch, self._watermark_us),
            lost=buried.lost,
            clocks=notes,
        )
        return committed, _Learnt(watermark_us, clocks, buried.left)

    def _write_ranges(self, written: Written, ends: Written, now_us: int) -> None:
        """What is to be rolled up again."""
        ranges = changed(
            np.concatenate([written.series_id, ends.series_id]), np.concatenate([written.observed_us, ends.observed_us])
        )
        if len(ranges.series_id):
            with self.conn.cursor() as cur, cur.copy(_COPY_RANGES) as copy:
                copy.write(ranges_as_copy(ranges, now_us))

    def _learn(self, learnt: _Learnt) -> None:
        self._watermark_us |= learnt.watermark_us
        self._clocks = learnt.clocks
        self._dead_letters.quota = learnt.quota

    def _dying(self, batch: Sequence[Decoded]) -> dict[str, SourceState]:
        """What is known of the sources that the batch ends something of."""
        dying = sorted({silence.source for d in batch for silence in d.silences})
        known = known_sources(self.conn, dying) if dying else {}
        return {s: k._replace(ahead_us=max(k.ahead_us, self._clocks.ahead_us(s))) for s, k in known.items()}

    def _silenced(self, batch: Sequence[Decoded], dying: Mapping[str, SourceState]) -> list[Rows]:
        """Rows for the deaths in the batch, of which none takes the place of what a device said of the same instant."""
        sources = dict(dying)
        parts = []
        for decoded in batch:
            received_us = decoded.envelope.received_us
            for silence in decoded.silences:
                source, at = sources.get(silence.source), silence.observed_us
                if source is None:  # it has said nothing that could end
                    continue
                at = event_time(source, received_us) if at is None else at
                if at is not None:
                    devices = self._catalogue.load(self.conn, silence.source, silence.device)
                    parts.append(silenced(devices, at, received_us))
            hear(sources, decoded)
        return parts

    def _hear(self, batch: Sequence[Decoded], clocks: Sequence[ClockNote]) -> dict[str, int]:
        """Note what the batch says about its sources; the watermark of each now, in Unix µs."""
        sources: dict[str, SourceState] = {}
        for decoded in batch:
            hear(sources, decoded)
        if not sources:
            return {}
        watermark_us = note_sources(self.conn, sources)
        note_clocks(self.conn, clocks)
        return watermark_us


def _blames_content(exc: psycopg.Error) -> bool:
    if exc.sqlstate is None:
        return isinstance(exc, psycopg.DataError)
    return exc.sqlstate[:2] in _BLAMES_CONTENT


def _months(observed_us: Int64s) -> list[tuple[datetime, datetime]]:
    """First and last instant of each calendar month that occurs."""
    months = observed_us.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    low, high = int(months.min()), int(months.max())
    found = [low] if low == high else np.unique(months).tolist()
    starts = [datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in found]
    return [(start, start) for start in starts]

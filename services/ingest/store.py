"""One transaction a batch: samples, what they change, dead letters, and what is known of the sources."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import LiteralString

import numpy as np
import psycopg

from services.ingest.batch import Heard, Rows, TextSample, event_time, hear, joined, rows_of, silenced
from services.ingest.catalogue import Catalogue
from services.ingest.columns import (
    RANGE_COLUMNS,
    SAMPLE_COLUMNS,
    Columns,
    Int64s,
    changed,
    firsts,
    ranges_as_copy,
    samples_as_copy,
)
from services.ingest.readings import Decoded, Reading
from shared.errors import StorageError
from shared.migrations import ensure_partitions_for

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# SQLSTATE classes that blame what a message contains: cardinality, data, integrity, limits of the program. After
# anything else (connection, full disk, a schema that is not ours yet) the same batch may succeed later.
_BLAMES_CONTENT = frozenset({"21", "22", "23", "54"})

_COPY_SAMPLES: LiteralString = f"COPY samples ({SAMPLE_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COPY_STAGING: LiteralString = f"COPY samples_staging ({SAMPLE_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COPY_RANGES: LiteralString = f"COPY changed_ranges ({RANGE_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_STAGING = "CREATE TEMP TABLE IF NOT EXISTS samples_staging (LIKE samples) ON COMMIT DELETE ROWS"
_MERGE: LiteralString = (
    f"WITH stored AS (INSERT INTO samples ({SAMPLE_COLUMNS}) SELECT {SAMPLE_COLUMNS} FROM samples_staging"
    " ON CONFLICT DO NOTHING RETURNING series_id, observed_at)"
    " SELECT series_id, (extract(epoch FROM observed_at) * 1000000)::bigint FROM stored"
)
_MERGE_TEXTS = (
    "WITH stored AS (INSERT INTO samples_text"
    " (series_id, observed_at, received_at, text_value, integer_value, quality, historical)"
    " SELECT * FROM unnest(%s::int[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::numeric[],"
    " %s::smallint[], %s::boolean[]) ON CONFLICT DO NOTHING RETURNING series_id, observed_at)"
    " SELECT series_id, (extract(epoch FROM observed_at) * 1000000)::bigint FROM stored"
)
_HEAR = (
    "UPDATE sources SET received_at = CASE WHEN sources.received_at IS NULL OR through > observed_through"
    " OR (through IS NOT NULL AND observed_through IS NULL) THEN t.received_at ELSE sources.received_at END,"
    " observed_through = greatest(observed_through, through), alive = coalesce(t.alive, sources.alive),"
    " first_seen_at = coalesce(first_seen_at, t.received_at)"
    " FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::boolean[])"
    " AS t (prefix, received_at, through, alive) WHERE topic_prefix = prefix"
)
_BURY = "INSERT INTO dead_letters (received_at, topic, payload, qos, retained, reason) VALUES (%s, %s, %s, %s, %s, %s)"


class Store:
    """Writes batches through one connection. `stored` counts samples that were new, `repeated` those that were not."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self.conn.autocommit = True
        self._catalogue = Catalogue()
        self._repeats_expected = False
        self.stored = 0
        self.repeated = 0

    def write(self, batch: Sequence[Decoded]) -> list[Decoded]:
        """Store the batch; return its messages as they were stored, some now with a reason.

        All of it in one transaction, unless the database refuses a part for what it contains: then by halves, in
        order, until the message is found, which becomes a dead letter. Raises StorageError when the fault is the
        database's: then a commit may be unknown, and writing the same batch again is harmless.
        """
        try:
            self._write_once(batch)
        except psycopg.Error as exc:
            self._catalogue.forget()
            if not _blames_content(exc):
                raise StorageError(str(exc)) from exc
            if len(batch) == 1 and batch[0].reason is None:
                return self.write([_refused(batch[0], exc)])
            if len(batch) == 1:
                raise
            middle = len(batch) // 2
            return [*self.write(batch[:middle]), *self.write(batch[middle:])]
        return list(batch)

    def _write_once(self, batch: Sequence[Decoded]) -> None:
        now_us = max(d.envelope.received_us for d in batch)
        readings = [reading for d in batch for reading in d.readings]
        self._make_room(readings)
        with self.conn.transaction():
            self._catalogue.enter(self.conn, readings, _instant(now_us))
            rows = joined([rows_of(batch, self._catalogue.device), *self._silenced(batch)])
            self._write_samples(rows, now_us)
            self._hear(batch)
            self._bury([d for d in batch if d.reason is not None])

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

    def _write_samples(self, rows: Rows, now_us: int) -> None:
        offered = len(rows.samples.values) + len(rows.texts)
        series, at = self._copy(rows.samples)
        text_series, text_at = self._write_texts(rows.texts)
        ranges = changed(np.concatenate([series, text_series]), np.concatenate([at, text_at]))
        if len(ranges.series_id):
            with self.conn.cursor() as cur, cur.copy(_COPY_RANGES) as copy:
                copy.write(ranges_as_copy(ranges, now_us))
        new = len(series) + len(text_series)
        self.stored += new
        self.repeated += offered - new

    def _copy(self, samples: Columns) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], Int64s]:
        """Store the samples; series and instants of those that were new.

        Straight into the table, twice as fast as by way of a staging table, which only a repeat makes necessary.
        After a repeat more are likely (a redelivery), so staging it is until a batch brings nothing twice.
        """
        if not len(samples.values):
            return samples.series_id, samples.observed_us
        if not self._repeats_expected:
            try:
                with self.conn.transaction(), self.conn.cursor() as cur, cur.copy(_COPY_SAMPLES) as copy:
                    copy.write(samples_as_copy(samples))
            except psycopg.errors.UniqueViolation:
                self._repeats_expected = True
            else:
                return samples.series_id, samples.observed_us
        with self.conn.cursor(binary=True) as cur:
            cur.execute(_STAGING)
            with cur.copy(_COPY_STAGING) as copy:
                copy.write(samples_as_copy(firsts(samples)))
            found = np.array(cur.execute(_MERGE).fetchall(), np.int64).reshape(-1, 2)
        self._repeats_expected = len(found) < len(samples.values)
        return found[:, 0].astype(np.int32), found[:, 1]

    def _write_texts(self, texts: Sequence[TextSample]) -> tuple[np.ndarray[tuple[int], np.dtype[np.int32]], Int64s]:
        found = np.empty((0, 2), np.int64)
        if texts:
            columns = [
                [t.series_id for t in texts],
                [_instant(t.observed_us) for t in texts],
                [_instant(t.received_us) for t in texts],
                [t.text_value for t in texts],
                [t.integer_value for t in texts],
                [t.quality for t in texts],
                [t.historical for t in texts],
            ]
            found = np.array(self.conn.execute(_MERGE_TEXTS, columns).fetchall(), np.int64).reshape(-1, 2)
        return found[:, 0].astype(np.int32), found[:, 1]

    def _silenced(self, batch: Sequence[Decoded]) -> list[Rows]:
        """Rows for the deaths in the batch, each at its place in the order of receipt."""
        dying = sorted({silence.source for d in batch for silence in d.silences})
        if not dying:
            return []
        heard = self._heard_before(dying)
        parts = []
        for decoded in batch:
            for silence in decoded.silences:
                at = silence.observed_us
                if at is None and silence.source in heard:
                    at = event_time(heard[silence.source], decoded.envelope.received_us)
                if at is not None:
                    devices = self._catalogue.load(self.conn, silence.source, silence.device)
                    parts.append(silenced(devices, at, decoded.envelope.received_us))
            hear(heard, decoded)
        return parts

    def _heard_before(self, prefixes: Sequence[str]) -> dict[str, Heard]:
        rows = self.conn.execute(
            "SELECT topic_prefix, received_at, observed_through, alive FROM sources"
            " WHERE topic_prefix = ANY(%s) AND received_at IS NOT NULL",
            [list(prefixes)],
        )
        return {
            prefix: Heard(_microseconds(received), None if through is None else _microseconds(through), alive)
            for prefix, received, through, alive in rows
        }

    def _hear(self, batch: Sequence[Decoded]) -> None:
        heard: dict[str, Heard] = {}
        for decoded in batch:
            hear(heard, decoded)
        if heard:
            prefixes = sorted(heard)
            news = [heard[prefix] for prefix in prefixes]
            through = [n.observed_through_us for n in news]
            self.conn.execute(
                _HEAR,
                [
                    prefixes,
                    [_instant(n.received_us) for n in news],
                    [None if us is None else _instant(us) for us in through],
                    [n.alive for n in news],
                ],
            )

    def _bury(self, refused: Sequence[Decoded]) -> None:
        if refused:
            with self.conn.cursor() as cur:
                cur.executemany(_BURY, [_letter(decoded) for decoded in refused])


def _letter(decoded: Decoded) -> tuple[datetime, str, bytes, int, bool, str]:
    envelope = decoded.envelope
    return (
        _instant(envelope.received_us),
        _printable(envelope.topic),
        envelope.payload,
        envelope.qos,
        envelope.retained,
        _printable(decoded.reason or ""),
    )


def _refused(decoded: Decoded, exc: psycopg.Error) -> Decoded:
    return Decoded(decoded.envelope, reason=f"the database refuses it: {exc.sqlstate} {exc}")


def _printable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode().replace("\x00", "\\x00")


def _blames_content(exc: psycopg.Error) -> bool:
    if exc.sqlstate is None:
        return isinstance(exc, psycopg.DataError)
    return exc.sqlstate[:2] in _BLAMES_CONTENT


def _instant(unix_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=unix_us)


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _months(observed_us: Int64s) -> list[tuple[datetime, datetime]]:
    """First and last instant of each calendar month that occurs."""
    months = observed_us.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    low, high = int(months.min()), int(months.max())
    found = [low] if low == high else np.unique(months).tolist()
    starts = [datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in found]
    return [(start, start) for start in starts]

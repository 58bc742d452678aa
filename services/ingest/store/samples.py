"""Write samples so that each stays as it was first received."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import numpy as np
import psycopg

from services.ingest.batch.binary_copy import (
    SAMPLE_COLUMNS,
    Columns,
    Int32s,
    Int64s,
    by_key,
    first_of_key,
    samples_as_copy,
    staged_as_copy,
)
from services.ingest.batch.rows import Rows, TextSample

_COPY_SAMPLES: LiteralString = f"COPY samples ({SAMPLE_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COPY_STAGING: LiteralString = f"COPY samples_staging ({SAMPLE_COLUMNS}, first) FROM STDIN (FORMAT BINARY)"
_STAGING = "CREATE TEMP TABLE IF NOT EXISTS samples_staging (LIKE samples, first boolean) ON COMMIT DELETE ROWS"
_MERGE: LiteralString = (
    f"WITH stored AS (INSERT INTO samples ({SAMPLE_COLUMNS})"
    " SELECT series_id, observed_at, received_at, quality, historical, nullif(value, 'NaN') FROM samples_staging"
    " WHERE first ON CONFLICT DO NOTHING RETURNING series_id, observed_at)"
    " SELECT array_agg(series_id), array_agg((extract(epoch FROM observed_at) * 1000000)::bigint) FROM stored"
)
_SUMMARY: LiteralString = (
    "SELECT series_id, count(*), min(received_at), max(received_at),"
    " (array_agg(observed_at ORDER BY received_at DESC))[1], (array_agg(kept ORDER BY received_at DESC))[1],"
    " (array_agg(offered ORDER BY received_at DESC))[1] FROM clashing GROUP BY series_id"
)
# A subquery with LIMIT is looked up in the index, row by row: joined, the planner may read all that was ever stored.
_CLASHING: LiteralString = (
    "WITH clashing AS (SELECT staged.series_id, staged.observed_at, staged.received_at, stored.value::text AS kept,"
    " nullif(staged.value, 'NaN')::text AS offered FROM samples_staging AS staged CROSS JOIN LATERAL (SELECT value"
    " FROM samples s WHERE s.series_id = staged.series_id AND s.observed_at = staged.observed_at LIMIT 1) AS stored"
    f" WHERE nullif(staged.value, 'NaN') IS DISTINCT FROM stored.value) {_SUMMARY}"
)
_OFFERED: LiteralString = (
    "(SELECT series_id, timestamptz 'epoch' + observed_us * interval '1 microsecond' AS observed_at,"
    " timestamptz 'epoch' + received_us * interval '1 microsecond' AS received_at, text_value, integer_value, quality,"
    " historical, number FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::numeric[], %s::smallint[],"
    " %s::boolean[], %s::float8[]) AS t (series_id, observed_us, received_us, text_value, integer_value, quality,"
    " historical, number)) AS offered"
)
_MERGE_NUMBERS: LiteralString = (
    f"INSERT INTO samples ({SAMPLE_COLUMNS}) SELECT series_id, observed_at, received_at, quality, historical, number"
    f" FROM {_OFFERED} WHERE (SELECT true FROM samples_text t"
    " WHERE t.series_id = offered.series_id AND t.observed_at = offered.observed_at LIMIT 1) IS NULL"
    " ON CONFLICT DO NOTHING RETURNING series_id, (extract(epoch FROM observed_at) * 1000000)::bigint"
)
_MERGE_TEXTS: LiteralString = (
    "INSERT INTO samples_text (series_id, observed_at, received_at, text_value, integer_value, quality, historical)"
    " SELECT series_id, observed_at, received_at, text_value, integer_value, quality, historical"
    f" FROM {_OFFERED} WHERE (SELECT true FROM samples s"
    " WHERE s.series_id = offered.series_id AND s.observed_at = offered.observed_at LIMIT 1) IS NULL"
    " ON CONFLICT DO NOTHING RETURNING series_id, (extract(epoch FROM observed_at) * 1000000)::bigint"
)
_CLASHING_TEXTS: LiteralString = (
    "WITH clashing AS (SELECT offered.series_id, offered.observed_at, offered.received_at,"
    " left(coalesce(t.text_value, t.integer_value::text, s.value::text), 200) AS kept,"
    " left(coalesce(offered.text_value, offered.integer_value::text, offered.number::text), 200) AS offered"
    f" FROM {_OFFERED}"
    " LEFT JOIN LATERAL (SELECT text_value, integer_value FROM samples_text t"
    " WHERE t.series_id = offered.series_id AND t.observed_at = offered.observed_at LIMIT 1) AS t ON true"
    " LEFT JOIN LATERAL (SELECT value FROM samples s"
    " WHERE s.series_id = offered.series_id AND s.observed_at = offered.observed_at LIMIT 1) AS s ON true"
    " WHERE (offered.text_value, offered.integer_value, offered.number)"
    f" IS DISTINCT FROM (t.text_value, t.integer_value, s.value)) {_SUMMARY}"
)


class Conflict(NamedTuple):
    """Samples of one series that said something else than what is stored, and the last of them as text (None: "no
    value"); received from `first_at` to `last_at`."""

    series_id: int
    samples: int
    first_at: datetime
    last_at: datetime
    last_observed_at: datetime
    kept: str | None
    offered: str | None


class Written(NamedTuple):
    """Series and instants of the samples that were new, shape (n,); how many were not, and which of them conflict."""

    series_id: Int32s
    observed_us: Int64s
    repeated: int
    conflicts: list[Conflict]


class SampleWriter:
    """Writes to `samples` and `samples_text` within the caller's transaction."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._conn = conn
        self._repeats_expected = False

    def write(self, rows: Rows, *, compare: bool) -> Written:
        """Store what is new. Every other sample is a repeat, and a conflict where its value is not the stored one; that
        is looked at only to `compare`."""
        numbers = self._write_numbers(by_key(rows.samples), compare=compare)
        if not rows.texts:
            return numbers
        texts = self._write_texts(rows.texts, compare=compare)
        return Written(
            np.concatenate([numbers.series_id, texts.series_id]),
            np.concatenate([numbers.observed_us, texts.observed_us]),
            numbers.repeated + texts.repeated,
            numbers.conflicts + texts.conflicts,
        )

    def _write_numbers(self, samples: Columns, *, compare: bool) -> Written:
        """Straight into the table, twice as fast as by way of a staging table, which only a repeat makes necessary.

        After a repeat more are likely (a redelivery), so staging it is until a batch brings nothing twice. Given by
        series and instant, the samples of two writers meet in one order and cannot wait for each other in a circle.
        """
        first = first_of_key(samples)
        if not len(first):
            return Written(samples.series_id, samples.observed_us, 0, [])
        if not self._repeats_expected and first.all():
            try:
                with self._conn.transaction(), self._conn.cursor() as cur, cur.copy(_COPY_SAMPLES) as copy:
                    copy.write(samples_as_copy(samples))
            except psycopg.errors.UniqueViolation:
                pass
            else:
                return Written(samples.series_id, samples.observed_us, 0, [])
        with self._conn.cursor(binary=True) as cur:
            cur.execute(_STAGING)
            with cur.copy(_COPY_STAGING) as copy:
                copy.write(staged_as_copy(samples, first))
            series_id, observed_us = cur.execute(_MERGE).fetchone() or (None, None)
            repeated = len(first) - len(series_id or ())
            self._repeats_expected = repeated > 0
            conflicts = [Conflict(*row) for row in cur.execute(_CLASHING)] if repeated and compare else []
        return Written(np.array(series_id or (), np.int32), np.array(observed_us or (), np.int64), repeated, conflicts)

    def _write_texts(self, texts: Sequence[TextSample], *, compare: bool) -> Written:
        """Texts, and numbers of series that hold text: a series has one row an instant in the two tables together."""
        firsts: dict[tuple[int, int], TextSample] = {}
        for sample in texts:
            firsts.setdefault((sample.series_id, sample.observed_us), sample)
        found: list[tuple[Any, ...]] = []
        for statement, part in (
            (_MERGE_NUMBERS, [t for t in firsts.values() if t.number is not None]),
            (_MERGE_TEXTS, [t for t in firsts.values() if t.number is None]),
        ):
            if part:
                found += self._conn.execute(statement, _columns(part)).fetchall()
        repeated = len(texts) - len(found)
        clashing = self._conn.execute(_CLASHING_TEXTS, _columns(texts)) if repeated and compare else ()
        keys = np.array(found, np.int64).reshape(-1, 2)
        return Written(keys[:, 0].astype(np.int32), keys[:, 1], repeated, [Conflict(*row) for row in clashing])


def _columns(texts: Sequence[TextSample]) -> list[list[Any]]:
    return [list(column) for column in zip(*texts, strict=True)]

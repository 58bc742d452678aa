"""Rows of telemetry for tests: a source, its series, samples, and the rollups that come of them."""

from collections.abc import Mapping
from datetime import datetime
from math import nan
from typing import LiteralString

import psycopg
from psycopg import sql

from services.health.data_manipulation.roll_up import ChangedRange
from shared.migrations import ensure_partitions_for

_ROLLUP = (
    "SELECT bucket, mean, minimum, maximum, last_value, extract(epoch FROM last_observed_at)::float8, increase,"
    " sample_count, covered_s FROM {} WHERE series_id = %s"
)


def add_series(conn: psycopg.Connection, name: str = "temperature", source: str = "bellwether/v1/plant") -> int:
    """A series of a device of a source; all three are made where they are missing."""
    conn.execute("INSERT INTO sources (topic_prefix) VALUES (%s) ON CONFLICT DO NOTHING", [source])
    conn.execute(
        "INSERT INTO devices (source_id, name) SELECT source_id, 'device' FROM sources WHERE topic_prefix = %s"
        " ON CONFLICT DO NOTHING",
        [source],
    )
    row = conn.execute(
        "INSERT INTO series (device_id, metric) SELECT device_id, %s FROM devices JOIN sources USING (source_id)"
        " WHERE topic_prefix = %s RETURNING series_id",
        [name, source],
    ).fetchone()
    assert row is not None
    return int(row[0])


def store(conn: psycopg.Connection, series_id: int, samples: Mapping[datetime, float | None]) -> ChangedRange:
    """Store samples as ingest does, what is there already staying as it is; the range they change."""
    ensure_partitions_for(conn, "samples", [(at, at) for at in samples])
    with conn.cursor() as cur:
        cur.executemany(
            "INSERT INTO samples (series_id, observed_at, received_at, value, quality, historical)"
            " VALUES (%s, %s, now(), %s, %s, false) ON CONFLICT DO NOTHING",
            [(series_id, at, value, 0 if value is None else 192) for at, value in samples.items()],
        )
    return ChangedRange(series_id=series_id, range_from=min(samples), range_through=max(samples))


def rollups(conn: psycopg.Connection, table: LiteralString, series_id: int) -> dict[datetime, tuple[float, ...]]:
    """Stored rollups of a series, in the form of `rollup_oracle.expected`."""
    query = sql.SQL(_ROLLUP).format(sql.Identifier(table))
    return {
        bucket: tuple(nan if column is None else column for column in row)
        for bucket, *row in conn.execute(query, [series_id])
    }


def assign(conn: psycopg.Connection, series_id: int) -> None:
    """Give the series' source a site of a customer of its own."""
    conn.execute(
        "WITH customer AS (INSERT INTO customers (record_source, external_id, name)"
        " VALUES ('test', %(id)s::text, 'customer') RETURNING customer_id),"
        " site AS (INSERT INTO sites (record_source, external_id, customer_id, name, timezone)"
        " SELECT 'test', %(id)s::text, customer_id, 'site', 'UTC' FROM customer RETURNING site_id)"
        " UPDATE sources SET site_id = site.site_id FROM site, devices, series"
        " WHERE series.series_id = %(id)s AND devices.device_id = series.device_id"
        " AND sources.source_id = devices.source_id",
        {"id": series_id},
    )


def observed(conn: psycopg.Connection, series_id: int, through: datetime, *, assessed: bool) -> None:
    """Advance the series' source, and with `assessed` its customer's assessment as well."""
    conn.execute(
        "UPDATE sources SET observed_through = %s FROM devices, series WHERE series.series_id = %s"
        " AND devices.device_id = series.device_id AND sources.source_id = devices.source_id",
        [through, series_id],
    )
    if assessed:
        conn.execute(
            "INSERT INTO model_states (customer_id, assessed_through, assessed_at, state_version, state)"
            " SELECT customer_id, %s, now(), 1, '' FROM series JOIN devices USING (device_id)"
            " JOIN sources USING (source_id) JOIN sites USING (site_id) WHERE series_id = %s"
            " ON CONFLICT (customer_id) DO UPDATE SET assessed_through = excluded.assessed_through",
            [through, series_id],
        )

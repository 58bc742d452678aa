"""Telemetry: what machines say, who said it, and its rollups.

`samples`, `samples_text` and the rollups are hypertables on TimescaleDB and range-partitioned tables on
PostgreSQL; `shared/migrations/engines.py` is the one place where that differs.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    text,
)

from shared.tables.metadata import Instant, metadata

# A source is a topic prefix, which the broker's access rules tie to one credential. `site_id` is null until a
# record assigns it: telemetry of unassigned sources is kept all the same. `observed_through` is the newest
# device clock seen and `received_at` when we received that, so that the source's event time is the one plus what has
# passed since the other; the first is never ahead of the second. `clock_offset_s` is by how much the device clock was
# ahead of ours (negative: behind) at `clock_checked_at`. `credential` is the broker's user name or the certificate's
# common name that alone may publish under the prefix.
sources = Table(
    "sources",
    metadata,
    Column("source_id", Integer, Identity(), primary_key=True),
    Column("topic_prefix", String, nullable=False, unique=True),
    Column("protocol", String),
    Column("site_id", ForeignKey("sites.site_id")),
    Column("first_seen_at", Instant),
    Column("received_at", Instant),
    Column("observed_through", Instant),
    Column("alive", Boolean),
    Column("credential", String),
    Column("clock_offset_s", Double),
    Column("clock_checked_at", Instant),
)

devices = Table(
    "devices",
    metadata,
    Column("device_id", Integer, Identity(), primary_key=True),
    Column("source_id", ForeignKey("sources.source_id"), nullable=False),
    Column("name", String, nullable=False),
    UniqueConstraint("source_id", "name"),
)

# Which asset a device speaks for, from `valid_from` on: a gateway's channel may be rewired to another machine.
bindings = Table(
    "bindings",
    metadata,
    Column("device_id", ForeignKey("devices.device_id"), primary_key=True),
    Column("valid_from", Instant, primary_key=True),
    Column("asset_id", ForeignKey("assets.asset_id"), nullable=False, index=True),
)

series = Table(
    "series",
    metadata,
    Column("series_id", Integer, Identity(), primary_key=True),
    Column("device_id", ForeignKey("devices.device_id"), nullable=False),
    Column("metric", String, nullable=False),
    Column("unit", String),
    UniqueConstraint("device_id", "metric"),
)

# Identity (series_id, observed_at): a repeated message stores nothing twice. `value` NaN never occurs; an
# explicit "no value" from the device has quality 0 and value null. quality: OPC UA severity, 192 good, 64 uncertain,
# 0 bad. No foreign key: it would cost a look-up a row.
samples = Table(
    "samples",
    metadata,
    Column("series_id", Integer, nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("value", Double),
    Column("quality", SmallInteger, nullable=False),
    Column("historical", Boolean, nullable=False),
    UniqueConstraint("series_id", "observed_at"),
)

# Text, and integers that a float64 cannot hold. Exactly one of `text_value` and `integer_value` is set where
# quality is not bad.
samples_text = Table(
    "samples_text",
    metadata,
    Column("series_id", Integer, nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("text_value", String),
    Column("integer_value", Numeric(30, 0)),
    Column("quality", SmallInteger, nullable=False),
    Column("historical", Boolean, nullable=False),
    UniqueConstraint("series_id", "observed_at"),
)


def _rollup(name: str) -> Table:
    """Rollup table: time-weighted `mean` over `covered_s` seconds of the bucket.

    `increase` is what a counter went on while it was in force, without resets, rollovers and jumps. `last_value` and
    `last_observed_at` are those of the newest sample in or before the bucket's end, so holds can go on.
    """
    return Table(
        name,
        metadata,
        Column("series_id", Integer, nullable=False),
        Column("bucket", Instant, nullable=False),
        Column("mean", Double),
        Column("minimum", Double),
        Column("maximum", Double),
        Column("last_value", Double),
        Column("last_observed_at", Instant),
        Column("increase", Double),
        Column("sample_count", Integer, nullable=False),
        Column("covered_s", Double, nullable=False),
        UniqueConstraint("series_id", "bucket"),
    )


rollups_1m = _rollup("rollups_1m")
rollups_1h = _rollup("rollups_1h")
rollups_1d = _rollup("rollups_1d")

# Repeats with another value: the first stays, this counts the others. `kept` and `offered` are those of the last one.
sample_conflicts = Table(
    "sample_conflicts",
    metadata,
    Column("series_id", ForeignKey("series.series_id"), primary_key=True),
    Column("conflicts", BigInteger, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("last_observed_at", Instant, nullable=False),
    Column("kept", String),
    Column("offered", String),
)

# What a committed batch changed: appended by ingest in the same transaction as its rows, consumed by health in
# the order of `change_id`. One row per series and run of samples without a gap of a day.
changed_ranges = Table(
    "changed_ranges",
    metadata,
    Column("change_id", BigInteger, Identity(), primary_key=True),
    Column("series_id", Integer, nullable=False),
    Column("range_from", Instant, nullable=False),
    Column("range_through", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
)

# Event time of an idle source, as ingest reckoned it while it was itself connected.
ticks = Table(
    "ticks",
    metadata,
    Column("tick_id", BigInteger, Identity(), primary_key=True),
    Column("source_id", ForeignKey("sources.source_id"), nullable=False, index=True),
    Column("observed_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
)

# When ingest itself was listening: outside these, silence is ours and no source is blamed.
ingest_sessions = Table(
    "ingest_sessions",
    metadata,
    Column("session_id", Integer, Identity(), primary_key=True),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# Which of several processes does what only one may do; it holds until `expires_at` by the database's clock.
leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("dead_letter_id", BigInteger, Identity(), primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("topic", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("qos", SmallInteger, nullable=False),
    Column("retained", Boolean, nullable=False),
    Column("reason", String, nullable=False),
    Column("replayed_at", Instant),
    Index("ix_dead_letters_received_at", text("received_at DESC")),
)

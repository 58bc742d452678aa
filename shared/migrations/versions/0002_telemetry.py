"""What machines say: sources, samples laid out in time, rollups, dead letters."""

import sqlalchemy as sa
from alembic import op

from shared.migrations.engines import create_extension, driver_of, lay_out, partitioning

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    conn = driver_of(op.get_bind())
    create_extension(conn)
    op.create_table(
        "changed_ranges",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("range_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("range_through", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_changed_ranges")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("dead_letter_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("qos", sa.SmallInteger(), nullable=False),
        sa.Column("retained", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("dead_letter_id", name=op.f("pk_dead_letters")),
    )
    op.create_index(
        "ix_dead_letters_received_at", "dead_letters", [sa.literal_column("received_at DESC")], unique=False
    )
    op.create_table(
        "ingest_sessions",
        sa.Column("session_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_ingest_sessions")),
    )
    op.create_table(
        "rollups_1d",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("last_value", sa.Double(), nullable=True),
        sa.Column("last_observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("increase", sa.Double(), nullable=True),
        sa.Column("sample_count", sa.Integer(), nullable=False),
        sa.Column("covered_s", sa.Double(), nullable=False),
        sa.UniqueConstraint("series_id", "bucket", name=op.f("uq_rollups_1d_series_id_bucket")),
        **partitioning(conn, "rollups_1d"),
    )
    lay_out(conn, "rollups_1d")
    op.create_table(
        "rollups_1h",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("last_value", sa.Double(), nullable=True),
        sa.Column("last_observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("increase", sa.Double(), nullable=True),
        sa.Column("sample_count", sa.Integer(), nullable=False),
        sa.Column("covered_s", sa.Double(), nullable=False),
        sa.UniqueConstraint("series_id", "bucket", name=op.f("uq_rollups_1h_series_id_bucket")),
        **partitioning(conn, "rollups_1h"),
    )
    lay_out(conn, "rollups_1h")
    op.create_table(
        "rollups_1m",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("bucket", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mean", sa.Double(), nullable=True),
        sa.Column("minimum", sa.Double(), nullable=True),
        sa.Column("maximum", sa.Double(), nullable=True),
        sa.Column("last_value", sa.Double(), nullable=True),
        sa.Column("last_observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("increase", sa.Double(), nullable=True),
        sa.Column("sample_count", sa.Integer(), nullable=False),
        sa.Column("covered_s", sa.Double(), nullable=False),
        sa.UniqueConstraint("series_id", "bucket", name=op.f("uq_rollups_1m_series_id_bucket")),
        **partitioning(conn, "rollups_1m"),
    )
    lay_out(conn, "rollups_1m")
    op.create_table(
        "samples",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("quality", sa.SmallInteger(), nullable=False),
        sa.Column("historical", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("series_id", "observed_at", name=op.f("uq_samples_series_id_observed_at")),
        **partitioning(conn, "samples"),
    )
    lay_out(conn, "samples")
    op.create_table(
        "samples_text",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_value", sa.String(), nullable=True),
        sa.Column("integer_value", sa.Numeric(precision=30, scale=0), nullable=True),
        sa.Column("quality", sa.SmallInteger(), nullable=False),
        sa.Column("historical", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("series_id", "observed_at", name=op.f("uq_samples_text_series_id_observed_at")),
        **partitioning(conn, "samples_text"),
    )
    lay_out(conn, "samples_text")
    op.create_table(
        "sources",
        sa.Column("source_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("topic_prefix", sa.String(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=True),
        sa.Column("site_id", sa.Integer(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("observed_through", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alive", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_sources_site_id")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_sources")),
        sa.UniqueConstraint("topic_prefix", name=op.f("uq_sources_topic_prefix")),
    )
    op.create_table(
        "devices",
        sa.Column("device_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.source_id"], name=op.f("fk_devices_source_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_devices")),
        sa.UniqueConstraint("source_id", "name", name=op.f("uq_devices_source_id_name")),
    )
    op.create_table(
        "ticks",
        sa.Column("tick_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.source_id"], name=op.f("fk_ticks_source_id")),
        sa.PrimaryKeyConstraint("tick_id", name=op.f("pk_ticks")),
    )
    op.create_index(op.f("ix_ticks_source_id"), "ticks", ["source_id"], unique=False)
    op.create_table(
        "bindings",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.asset_id"], name=op.f("fk_bindings_asset_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name=op.f("fk_bindings_device_id")),
        sa.PrimaryKeyConstraint("device_id", "valid_from", name=op.f("pk_bindings")),
    )
    op.create_index(op.f("ix_bindings_asset_id"), "bindings", ["asset_id"], unique=False)
    op.create_table(
        "series",
        sa.Column("series_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.device_id"], name=op.f("fk_series_device_id")),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_series")),
        sa.UniqueConstraint("device_id", "metric", name=op.f("uq_series_device_id_metric")),
    )

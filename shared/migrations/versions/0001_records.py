"""What people say: records and events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asset_types",
        sa.Column("asset_type_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "state_decoder",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("asset_type_id", name=op.f("pk_asset_types")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_asset_types_record_source_external_id")),
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("data_use", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customers")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_customers_record_source_external_id")),
    )
    op.create_table(
        "events",
        sa.Column("event_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("scope_type", sa.String(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column(
            "attributes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_events_record_source_external_id")),
    )
    op.create_index("ix_events_scope", "events", ["scope_type", "scope_id", "at"], unique=False)
    op.create_table(
        "mappings",
        sa.Column("mapping_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("topic_pattern", sa.String(), nullable=False),
        sa.Column("specification", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.PrimaryKeyConstraint("mapping_id", name=op.f("pk_mappings")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_mappings_record_source_external_id")),
    )
    op.create_table(
        "assets",
        sa.Column("asset_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("asset_type_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=True),
        sa.Column("commissioned_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["asset_type_id"], ["asset_types.asset_type_id"], name=op.f("fk_assets_asset_type_id")),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_assets")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_assets_record_source_external_id")),
    )
    op.create_table(
        "contracts",
        sa.Column("contract_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("annual_value", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("guaranteed_availability", sa.Double(), nullable=True),
        sa.Column("guarantee_window_days", sa.Integer(), nullable=True),
        sa.Column("guarantee_exclusions", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("credit_per_point", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("promised_annual_value", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("promised_availability", sa.Double(), nullable=True),
        sa.Column("promise_basis", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_contracts_customer_id")),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contracts")),
        sa.UniqueConstraint(
            "record_source", "external_id", "valid_from", name=op.f("uq_contracts_record_source_external_id_valid_from")
        ),
    )
    op.create_table(
        "metrics",
        sa.Column("metric_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("asset_type_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("sampling", sa.String(), nullable=False),
        sa.Column("interval_s", sa.Double(), nullable=True),
        sa.Column("max_hold_s", sa.Double(), nullable=True),
        sa.Column("capability", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_type_id"], ["asset_types.asset_type_id"], name=op.f("fk_metrics_asset_type_id")
        ),
        sa.PrimaryKeyConstraint("metric_id", name=op.f("pk_metrics")),
        sa.UniqueConstraint("asset_type_id", "name", name=op.f("uq_metrics_asset_type_id_name")),
    )
    op.create_table(
        "objectives",
        sa.Column("objective_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kpi", sa.String(), nullable=False),
        sa.Column("target", sa.Double(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_objectives_customer_id")),
        sa.PrimaryKeyConstraint("objective_id", name=op.f("pk_objectives")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_objectives_record_source_external_id")),
    )
    op.create_table(
        "owners",
        sa.Column("owner_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_owners_customer_id")),
        sa.PrimaryKeyConstraint("owner_id", name=op.f("pk_owners")),
        sa.UniqueConstraint(
            "record_source", "external_id", "valid_from", name=op.f("uq_owners_record_source_external_id_valid_from")
        ),
    )
    op.create_table(
        "sites",
        sa.Column("site_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_sites_customer_id")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_sites")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_sites_record_source_external_id")),
    )
    op.create_table(
        "economics",
        sa.Column("economics_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("line_of_business", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("margin_per_good_unit", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("downtime_cost_per_hour", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_economics_site_id")),
        sa.PrimaryKeyConstraint("economics_id", name=op.f("pk_economics")),
        sa.UniqueConstraint(
            "record_source", "external_id", "valid_from", name=op.f("uq_economics_record_source_external_id_valid_from")
        ),
    )
    op.create_table(
        "entitlements",
        sa.Column("entitlement_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Integer(), nullable=True),
        sa.Column("capability", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("annual_fee", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.asset_id"], name=op.f("fk_entitlements_asset_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_entitlements_customer_id")),
        sa.PrimaryKeyConstraint("entitlement_id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_entitlements_record_source_external_id")),
    )
    op.create_table(
        "lines",
        sa.Column("line_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("line_of_business", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_lines_site_id")),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_lines")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_lines_record_source_external_id")),
    )
    op.create_table(
        "shifts",
        sa.Column("shift_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("weekdays", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("starts_at", sa.String(length=5), nullable=False),
        sa.Column("ends_at", sa.String(length=5), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_shifts_site_id")),
        sa.PrimaryKeyConstraint("shift_id", name=op.f("pk_shifts")),
        sa.UniqueConstraint(
            "record_source", "external_id", "valid_from", name=op.f("uq_shifts_record_source_external_id_valid_from")
        ),
    )
    op.create_table(
        "placements",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.asset_id"], name=op.f("fk_placements_asset_id")),
        sa.ForeignKeyConstraint(["line_id"], ["lines.line_id"], name=op.f("fk_placements_line_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_placements_site_id")),
        sa.PrimaryKeyConstraint("asset_id", "valid_from", name=op.f("pk_placements")),
    )
    op.create_table(
        "planned_stops",
        sa.Column("planned_stop_id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("record_source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("site_id", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["line_id"], ["lines.line_id"], name=op.f("fk_planned_stops_line_id")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name=op.f("fk_planned_stops_site_id")),
        sa.PrimaryKeyConstraint("planned_stop_id", name=op.f("pk_planned_stops")),
        sa.UniqueConstraint("record_source", "external_id", name=op.f("uq_planned_stops_record_source_external_id")),
    )

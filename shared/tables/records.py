"""Records and events: what CRM, engineering and the plant say.

Every record is keyed by (record_source, external_id), the id it has where it comes from. What may change
over fifteen years is effective-dated: the row with the latest `valid_from` not after a moment holds at it.
"""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.tables.metadata import Instant, metadata


def _external_key() -> tuple[Column[str], Column[str]]:
    return Column("record_source", String, nullable=False), Column("external_id", String, nullable=False)


customers = Table(
    "customers",
    metadata,
    Column("customer_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("name", String, nullable=False),
    Column("segment", String),
    Column("data_use", ARRAY(String), nullable=False, server_default="{}"),
    UniqueConstraint("record_source", "external_id"),
)

contracts = Table(
    "contracts",
    metadata,
    Column("contract_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("valid_from", Date, nullable=False),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False),
    Column("signed_on", Date),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("annual_value", Numeric(18, 2)),
    Column("currency", String(3)),
    Column("guaranteed_availability", Double),
    Column("guarantee_window_days", Integer),
    Column("guarantee_window", String, nullable=False, server_default="fixed"),
    Column("guarantee_exclusions", ARRAY(String), nullable=False, server_default="{}"),
    Column("credit_per_point", Numeric(18, 2)),
    Column("credit_cap", Numeric(18, 2)),
    Column("bonus_per_point", Numeric(18, 2)),
    Column("promised_annual_value", Numeric(18, 2)),
    Column("promised_availability", Double),
    Column("promise_basis", String),
    UniqueConstraint("record_source", "external_id", "valid_from"),
)

sites = Table(
    "sites",
    metadata,
    Column("site_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False),
    Column("name", String, nullable=False),
    Column("timezone", String, nullable=False),
    UniqueConstraint("record_source", "external_id"),
)

shifts = Table(
    "shifts",
    metadata,
    Column("shift_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("weekdays", ARRAY(Integer), nullable=False),
    Column("starts_at", String(5), nullable=False),
    Column("ends_at", String(5), nullable=False),
    UniqueConstraint("record_source", "external_id", "valid_from"),
)

planned_stops = Table(
    "planned_stops",
    metadata,
    Column("planned_stop_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("line_id", ForeignKey("lines.line_id")),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", String),
    UniqueConstraint("record_source", "external_id"),
)

economics = Table(
    "economics",
    metadata,
    Column("economics_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("line_of_business", String, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("margin_per_good_unit", Numeric(18, 4)),
    Column("downtime_cost_per_hour", Numeric(18, 2)),
    Column("currency", String(3), nullable=False),
    Column("basis", String, nullable=False),
    Column("author", String),
    UniqueConstraint("record_source", "external_id", "valid_from"),
)

lines = Table(
    "lines",
    metadata,
    Column("line_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("name", String, nullable=False),
    Column("line_of_business", String),
    UniqueConstraint("record_source", "external_id"),
)

asset_types = Table(
    "asset_types",
    metadata,
    Column("asset_type_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("name", String, nullable=False),
    Column("state_decoder", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("unit_time_s", Double),
    Column("capacity_per_hour", Double),
    UniqueConstraint("record_source", "external_id"),
)

metrics = Table(
    "metrics",
    metadata,
    Column("metric_id", Integer, Identity(), primary_key=True),
    Column("asset_type_id", ForeignKey("asset_types.asset_type_id"), nullable=False),
    Column("name", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("role", String, nullable=False),
    Column("sampling", String, nullable=False),
    Column("interval_s", Double),
    Column("max_hold_s", Double),
    Column("capability", String),
    Column("rollover_at", Double),
    Column("max_per_hour", Double),
    UniqueConstraint("asset_type_id", "name"),
)

assets = Table(
    "assets",
    metadata,
    Column("asset_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("asset_type_id", ForeignKey("asset_types.asset_type_id"), nullable=False),
    Column("name", String, nullable=False),
    Column("serial", String),
    Column("commissioned_on", Date),
    UniqueConstraint("record_source", "external_id"),
)

placements = Table(
    "placements",
    metadata,
    Column("asset_id", ForeignKey("assets.asset_id"), primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("site_id", ForeignKey("sites.site_id"), nullable=False),
    Column("line_id", ForeignKey("lines.line_id")),
)

owners = Table(
    "owners",
    metadata,
    Column("owner_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False),
    Column("role", String, nullable=False),
    Column("person", String, nullable=False),
    Column("email", String),
    Column("valid_from", Date, nullable=False),
    UniqueConstraint("record_source", "external_id", "valid_from"),
)

objectives = Table(
    "objectives",
    metadata,
    Column("objective_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False),
    Column("kpi", String, nullable=False),
    Column("target", Double, nullable=False),
    Column("due_on", Date),
    Column("description", String),
    UniqueConstraint("record_source", "external_id"),
)

entitlements = Table(
    "entitlements",
    metadata,
    Column("entitlement_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False),
    Column("asset_id", ForeignKey("assets.asset_id")),
    Column("capability", String, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("ends_on", Date),
    Column("annual_fee", Numeric(18, 2)),
    Column("currency", String(3)),
    UniqueConstraint("record_source", "external_id"),
)

events = Table(
    "events",
    metadata,
    Column("event_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("scope_type", String, nullable=False),
    Column("scope_id", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String, nullable=False),
    Column("attributes", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    UniqueConstraint("record_source", "external_id"),
    Index("ix_events_scope", "scope_type", "scope_id", "at"),
)

mappings = Table(
    "mappings",
    metadata,
    Column("mapping_id", Integer, Identity(), primary_key=True),
    *_external_key(),
    Column("topic_pattern", String, nullable=False),
    Column("specification", JSONB, nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=text("true")),
    UniqueConstraint("record_source", "external_id"),
)

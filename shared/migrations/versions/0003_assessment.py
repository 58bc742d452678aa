"""What follows and who may ask: signals, health, value, alerts, the change feed, keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "changes",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("transition", sa.String(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_customer_id"), "changes", ["customer_id"], unique=False)
    op.create_table(
        "deployment",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.CheckConstraint("purpose in ('demo', 'live')", name=op.f("ck_deployment_purpose")),
        sa.CheckConstraint("only_row", name=op.f("ck_deployment_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_deployment")),
    )
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope_type", sa.String(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("pending_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snooze_reason", sa.String(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stake_hours", sa.Double(), nullable=True),
        sa.Column("stake_contract_value", sa.Double(), nullable=True),
        sa.Column("stake_money", sa.Double(), nullable=True),
        sa.Column("stake_money_low", sa.Double(), nullable=True),
        sa.Column("stake_money_high", sa.Double(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_low", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_high", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("owner_role", sa.String(), nullable=False),
        sa.Column("play", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_alerts_customer_id")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "ix_alerts_customer", "alerts", ["customer_id", sa.literal_column("pending_since DESC")], unique=False
    )
    op.create_index(
        "ix_alerts_list",
        "alerts",
        [sa.literal_column("pending_since DESC"), sa.literal_column("alert_id DESC")],
        unique=False,
    )
    op.create_index(
        "uq_alerts_live_episode",
        "alerts",
        ["customer_id", "kind", "scope_type", "scope_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'resolved'"),
    )
    op.create_table(
        "customer_health",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("health", sa.Double(), nullable=True),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("contributions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_customer_health_customer_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", "day", name=op.f("pk_customer_health")),
    )
    op.create_table(
        "assessments_due",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("changed_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_assessments_due_customer_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_assessments_due")),
    )
    op.create_table(
        "model_states",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("assessed_through", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_model_states_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_model_states")),
    )
    op.create_table(
        "signals",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("scope_type", sa.String(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("expected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_low", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_high", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "evidence", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_signals_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "scope_type", "scope_id", "kind", "day", name=op.f("pk_signals")),
    )
    op.create_table(
        "value_monthly",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("line_of_business", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("counterfactual", sa.String(), nullable=False),
        sa.Column("hours_avoided", sa.Double(), nullable=True),
        sa.Column("good_units_gained", sa.Double(), nullable=True),
        sa.Column("money", sa.Double(), nullable=True),
        sa.Column("money_low", sa.Double(), nullable=True),
        sa.Column("money_high", sa.Double(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("promised_money", sa.Double(), nullable=True),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_value_monthly_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "month", "line_of_business", name=op.f("pk_value_monthly")),
    )
    op.create_table(
        "alert_actions",
        sa.Column("action_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.alert_id"], name=op.f("fk_alert_actions_alert_id")),
        sa.PrimaryKeyConstraint("action_id", name=op.f("pk_alert_actions")),
    )
    op.create_index(op.f("ix_alert_actions_alert_id"), "alert_actions", ["alert_id"], unique=False)
    op.create_table(
        "state_intervals",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("failure", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.asset_id"], name=op.f("fk_state_intervals_asset_id")),
        sa.PrimaryKeyConstraint("asset_id", "started_at", name=op.f("pk_state_intervals")),
    )
    op.create_table(
        "times_daily",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pot_s", sa.Double(), nullable=False),
        sa.Column("planned_s", sa.Double(), nullable=False),
        sa.Column("pbt_s", sa.Double(), nullable=False),
        sa.Column("apt_s", sa.Double(), nullable=False),
        sa.Column("adet_s", sa.Double(), nullable=False),
        sa.Column("adot_s", sa.Double(), nullable=False),
        sa.Column("unknown_s", sa.Double(), nullable=False),
        sa.Column("supplier_down_s", sa.Double(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("repair_s", sa.Double(), nullable=False),
        sa.Column("produced", sa.Double(), nullable=True),
        sa.Column("good", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.asset_id"], name=op.f("fk_times_daily_asset_id")),
        sa.PrimaryKeyConstraint("asset_id", "day", name=op.f("pk_times_daily")),
    )

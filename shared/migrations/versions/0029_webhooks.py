"""Webhooks and their deliveries: seen by keys that see all customers of the key that made them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.tables.metadata import Instant

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_LISTED = "string_to_array(nullif(current_setting('bellwether.customers', true), 'all'), ',')::int[]"
_POLICIES = {
    "webhooks": f"(SELECT current_setting('bellwether.customers', true)) = 'all'"
    f" OR customers <@ (SELECT {_LISTED})::int[]",
    "webhook_secrets": "EXISTS (SELECT FROM webhooks w WHERE w.webhook_id = webhook_secrets.webhook_id)",
    "webhook_deliveries": "EXISTS (SELECT FROM webhooks w WHERE w.webhook_id = webhook_deliveries.webhook_id)",
}


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("customers", ARRAY(sa.Integer())),
        sa.Column("url", sa.String(), nullable=False),
        *(sa.Column(name, ARRAY(sa.String())) for name in ("transitions", "tiers", "kinds", "owner_roles")),
        sa.Column("customer_id", sa.Integer()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("held_by", sa.String()),
        sa.Column("held_until", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.CheckConstraint("state in ('active', 'paused', 'disabled')", name=op.f("ck_webhooks_state")),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.key_id"], name=op.f("fk_webhooks_key_id")),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("until", Instant),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.webhook_id"], name=op.f("fk_webhook_secrets_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret", name=op.f("pk_webhook_secrets")),
    )
    op.create_index(op.f("ix_webhook_secrets_webhook_id"), "webhook_secrets", ["webhook_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("webhook_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger()),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant),
        sa.Column("last_attempt_at", Instant),
        sa.Column("status", sa.Integer()),
        sa.Column("problem", sa.String()),
        sa.CheckConstraint("state in ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state")),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.webhook_id"],
            name=op.f("fk_webhook_deliveries_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_webhook_deliveries_of", "webhook_deliveries", ["webhook_id", "created_at", "message_id"])
    for table, policy in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY services ON {table} TO CURRENT_USER USING (true)")
        op.execute(f"CREATE POLICY askers ON {table} TO bellwether_api USING ({policy})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON webhooks TO bellwether_api")
    # A secret that was given out is never read again by the API.
    op.execute("GRANT SELECT (webhook_id, until), INSERT, UPDATE (until) ON webhook_secrets TO bellwether_api")
    op.execute("GRANT SELECT, INSERT ON webhook_deliveries TO bellwether_api")


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_secrets")
    op.drop_table("webhooks")

"""Who wants to be told of changes, and how each delivery stands."""

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from shared.tables.metadata import Instant, metadata

# customers: those of the key that made it, null for all. cursor: the change of the feed that was handed on last.
# held_by, held_until: the worker that delivers to it now. reason: why it is disabled.
webhooks = Table(
    "webhooks",
    metadata,
    Column("webhook_id", String, primary_key=True),
    Column("key_id", String, ForeignKey("api_keys.key_id"), nullable=False),
    Column("customers", ARRAY(Integer)),
    Column("url", String, nullable=False),
    Column("transitions", ARRAY(String)),
    Column("tiers", ARRAY(String)),
    Column("kinds", ARRAY(String)),
    Column("owner_roles", ARRAY(String)),
    Column("customer_id", Integer),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("cursor", BigInteger, nullable=False),
    Column("held_by", String),
    Column("held_until", Instant),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("state in ('active', 'paused', 'disabled')", name="state"),
)

# What messages are signed with; until: when a secret ends that was replaced.
webhook_secrets = Table(
    "webhook_secrets",
    metadata,
    Column("secret", String, primary_key=True),
    Column("webhook_id", String, ForeignKey("webhooks.webhook_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("until", Instant),
)

# sequence: of the change in the feed, null for a trial. status: what the receiver answered last.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("message_id", String, primary_key=True),
    Column("webhook_id", String, ForeignKey("webhooks.webhook_id", ondelete="CASCADE"), nullable=False),
    Column("sequence", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant),
    Column("last_attempt_at", Instant),
    Column("status", Integer),
    Column("problem", String),
    CheckConstraint("state in ('pending', 'delivered', 'failed')", name="state"),
    Index("ix_webhook_deliveries_of", "webhook_id", "created_at", "message_id"),
)

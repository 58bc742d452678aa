"""Who may ask, and what this deployment is for."""

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Column, Integer, String, Table, text

from shared.tables.metadata import Instant, metadata

# scopes: customer, read, act, admin. customers: which it may see, null for all.
api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("secret_sha256", String(64), nullable=False),
    Column("name", String, nullable=False),
    Column("scopes", ARRAY(String), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("customers", ARRAY(Integer)),
    Column("last_used_at", Instant),
)

# One row, where BELLWETHER_PUBLIC_URL is set: alerts link to it.
public_address = Table(
    "public_address",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("url", String, nullable=False),
    CheckConstraint("only_row", name="only_row"),
)

# One row: `demo` or `live`. Records of the one kind are refused by a database of the other.
deployment = Table(
    "deployment",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("purpose", String, nullable=False),
    CheckConstraint("only_row", name="only_row"),
    CheckConstraint("purpose in ('demo', 'live')", name="purpose"),
)

"""What is found about accounts from stored rows and records."""

from sqlalchemy import Column, Date, Double, ForeignKey, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from shared.tables.metadata import Instant, metadata

# What was known about a customer at a day's midnight (UTC); kept for each month's first day and the newest midnight.
# verdict: a word of the kind. value, low, high in `unit`, null where nobody can know. basis: measured, assumed,
# supplier, agreed. ready_on: when there will be enough data. evidence: dated facts in words, and more of the kind.
account_findings = Table(
    "account_findings",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("verdict", String, nullable=False),
    Column("value", Double),
    Column("low", Double),
    Column("high", Double),
    Column("unit", String),
    Column("currency", String(3)),
    Column("basis", String, nullable=False),
    Column("ready_on", Date),
    Column("evidence", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
)

# Customers whose findings have to be reckoned again, and from when on (event time); written with what changed.
accounts_due = Table(
    "accounts_due",
    metadata,
    Column("customer_id", ForeignKey("customers.customer_id"), primary_key=True),
    Column("changed_from", Instant, nullable=False),
    Column("due_since", Instant, nullable=False, server_default=text("now()")),
)

# What acting on alerts of a kind (`play`) brought over the fleet up to a month's first day, against those that nobody
# acted on: hours of stops saved a 1,000 known hours, with a 90 % interval. verdict: works, harms, not_shown, not_known.
# acted, left_alone: episodes; customers: whose the acted ones are; needed: episodes missing of the rarer group.
play_scores = Table(
    "play_scores",
    metadata,
    Column("play", String, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("verdict", String, nullable=False),
    Column("effect", Double),
    Column("low", Double),
    Column("high", Double),
    Column("acted", Integer, nullable=False),
    Column("left_alone", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("needed", Integer),
)

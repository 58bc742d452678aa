"""What health concludes over all customers, and the reviews that people had made for a customer."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.tables.metadata import Instant, metadata

# One figure as of a UTC midnight: of each month's first day, and of the newest. figure: renewal, fit, maturity,
# satisfaction, ranking. segment: as customers name theirs; empty where it is of all customers.
portfolio = Table(
    "portfolio",
    metadata,
    Column("as_of", Instant, primary_key=True),
    Column("figure", String, primary_key=True),
    Column("segment", String, primary_key=True),
    Column("body", JSONB, nullable=False),
)

# From when on (event time) the portfolio has to be reckoned again, null where nothing changed; and the checksums of the
# records that it was last reckoned from: by month of their events, and of all else.
portfolio_due = Table(
    "portfolio_due",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("changed_from", Instant),
    Column("records_sums", JSONB),
    CheckConstraint("only_row", name="only_row"),
)

# A review as it was made: `body` holds all that is printed, so that it can be printed again. Of one period there is a
# new version where what it is made from (inputs_digest) says something else by then; `changed` says what.
reviews = Table(
    "reviews",
    metadata,
    Column("review_id", Integer, Identity(), primary_key=True),
    Column("customer_id", ForeignKey("customers.customer_id"), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("version", Integer, nullable=False),
    Column("inputs_digest", String(64), nullable=False),
    Column("body", JSONB, nullable=False),
    Column("changed", JSONB, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", String, nullable=False),
    UniqueConstraint("customer_id", "first_day", "last_day", "version"),
)

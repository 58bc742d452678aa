"""The portfolio over all customers, and reviews for one of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "portfolio",
        sa.Column("as_of", _INSTANT, nullable=False),
        sa.Column("figure", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("as_of", "figure", "segment", name=op.f("pk_portfolio")),
    )
    op.create_table(
        "portfolio_due",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("changed_from", _INSTANT),
        sa.Column("records_sum", sa.String()),
        sa.CheckConstraint("only_row", name=op.f("ck_portfolio_due_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_portfolio_due")),
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("inputs_digest", sa.String(64), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("changed", JSONB(), nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_reviews_customer_id_customers")
        ),
        sa.UniqueConstraint(
            *("customer_id", "first_day", "last_day", "version"),
            name=op.f("uq_reviews_customer_id_first_day_last_day_version"),
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_reviews")),
    )


def downgrade() -> None:
    for table in ("reviews", "portfolio_due", "portfolio"):
        op.drop_table(table)

"""Checksums of the portfolio's records by month of their events: another event leaves earlier months as they are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("portfolio_due", "records_sum")
    op.add_column("portfolio_due", sa.Column("records_sums", JSONB()))


def downgrade() -> None:
    op.drop_column("portfolio_due", "records_sums")
    op.add_column("portfolio_due", sa.Column("records_sum", sa.String()))

"""How a guarantee's window lies, the most that a credit can come to, and the bonus for what is above it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contracts", sa.Column("guarantee_window", sa.String(), server_default="fixed", nullable=False))
    op.add_column("contracts", sa.Column("credit_cap", sa.Numeric(precision=18, scale=2), nullable=True))
    op.add_column("contracts", sa.Column("bonus_per_point", sa.Numeric(precision=18, scale=2), nullable=True))


def downgrade() -> None:
    for column in ("bonus_per_point", "credit_cap", "guarantee_window"):
        op.drop_column("contracts", column)

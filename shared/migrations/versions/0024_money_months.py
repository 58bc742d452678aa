"""Of how many months the money of value since the start is."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("value_cumulated", sa.Column("money_months", sa.Integer()))


def downgrade() -> None:
    op.drop_column("value_cumulated", "money_months")

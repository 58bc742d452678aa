"""What of a day's production time its counts of units are of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("times_daily", sa.Column("counted_apt_s", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("times_daily", "counted_apt_s")

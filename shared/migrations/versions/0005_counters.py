"""What a metric that counts can do: where it starts again at zero, and how fast it counts at most."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("metrics", sa.Column("rollover_at", sa.Double(), nullable=True))
    op.add_column("metrics", sa.Column("max_per_hour", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("metrics", "max_per_hour")
    op.drop_column("metrics", "rollover_at")

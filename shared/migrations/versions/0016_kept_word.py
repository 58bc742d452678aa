"""What condition alone foretold of a machine, kept beside what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("life_days", sa.Column("confidence", sa.Double()))


def downgrade() -> None:
    op.drop_column("life_days", "confidence")

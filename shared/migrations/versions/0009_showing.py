"""Which alerts people are shown, since when, and why the others are held back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("assessed_tier", sa.String()))
    op.add_column("alerts", sa.Column("shown_at", sa.DateTime(timezone=True)))
    op.add_column("alerts", sa.Column("withheld", sa.String()))
    op.execute("UPDATE alerts SET assessed_tier = tier, shown_at = opened_at")


def downgrade() -> None:
    for name in ("withheld", "shown_at", "assessed_tier"):
        op.drop_column("alerts", name)

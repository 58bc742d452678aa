"""Whose an alert is."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("assigned_to", sa.String()))
    op.add_column("alert_actions", sa.Column("assigned_to", sa.String()))


def downgrade() -> None:
    op.drop_column("alert_actions", "assigned_to")
    op.drop_column("alerts", "assigned_to")

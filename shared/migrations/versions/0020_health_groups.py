"""Customer health by groups, the exceptions that stand, and what moved it since the day before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "customer_health", sa.Column("groups", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb"))
    )
    op.add_column(
        "customer_health", sa.Column("exceptions", JSONB(), nullable=False, server_default=sa.text("'[]'::jsonb"))
    )
    op.add_column("customer_health", sa.Column("change", JSONB()))


def downgrade() -> None:
    for column in ("change", "exceptions", "groups"):
        op.drop_column("customer_health", column)

"""What acting on alerts brought, over the fleet."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "play_scores",
        sa.Column("play", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("effect", sa.Double()),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("acted", sa.Integer(), nullable=False),
        sa.Column("left_alone", sa.Integer(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("needed", sa.Integer()),
        sa.PrimaryKeyConstraint("play", "as_of", name=op.f("pk_play_scores")),
    )
    # What was found before there were more findings than one is found again.
    op.execute(
        "INSERT INTO accounts_due SELECT customer_id, timestamptz '0001-01-01 00:00:00+00' FROM model_states"
        " ON CONFLICT (customer_id) DO UPDATE SET changed_from = excluded.changed_from"
    )


def downgrade() -> None:
    op.drop_table("play_scores")

"""What the risk of failure is learned from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "risk_steps",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.asset_id"], name=op.f("fk_risk_steps_asset_id_assets")),
        sa.PrimaryKeyConstraint("asset_id", "at", name=op.f("pk_risk_steps")),
    )


def downgrade() -> None:
    op.drop_table("risk_steps")

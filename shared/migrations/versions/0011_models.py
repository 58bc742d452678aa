"""What remaining life is learned from, and the models that were learned."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "life_days",
        sa.Column("asset_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("readings", JSONB(), nullable=False),
        sa.Column("terms", JSONB(), nullable=False),
        sa.Column("deviation", sa.Double()),
        sa.Column("renewed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.asset_id"], name=op.f("fk_life_days_asset_id_assets")),
        sa.PrimaryKeyConstraint("asset_id", "day", name=op.f("pk_life_days")),
    )
    op.create_table(
        "models",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("asset_type", sa.String(), nullable=False),
        sa.Column("learned_through", sa.DateTime(timezone=True), nullable=False),
        sa.Column("layout_version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("skill", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "asset_type", "learned_through", "layout_version", name=op.f("pk_models")),
    )


def downgrade() -> None:
    op.drop_table("models")
    op.drop_table("life_days")

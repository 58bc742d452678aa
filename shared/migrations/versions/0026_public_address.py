"""Where people find this deployment, for the deep links in every alert."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "public_address",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_public_address_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_public_address")),
    )
    op.execute("GRANT SELECT ON public_address TO bellwether_api")


def downgrade() -> None:
    op.drop_table("public_address")

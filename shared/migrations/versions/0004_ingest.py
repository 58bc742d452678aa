"""What ingest knows of its sources: credential, clock, repeats with another value; and who is the Sparkplug host."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("credential", sa.String(), nullable=True))
    op.add_column("sources", sa.Column("clock_offset_s", sa.Double(), nullable=True))
    op.add_column("sources", sa.Column("clock_checked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sample_conflicts",
        sa.Column("series_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conflicts", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept", sa.String(), nullable=True),
        sa.Column("offered", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["series_id"], ["series.series_id"], name=op.f("fk_sample_conflicts_series_id_series")),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_sample_conflicts")),
    )
    op.create_table(
        "ingest_leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ingest_leases")),
    )


def downgrade() -> None:
    op.drop_table("ingest_leases")
    op.drop_table("sample_conflicts")
    op.drop_column("sources", "clock_checked_at")
    op.drop_column("sources", "clock_offset_s")
    op.drop_column("sources", "credential")

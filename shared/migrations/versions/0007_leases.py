"""Leases of every service in one table."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("ingest_leases", "leases")
    op.execute("ALTER TABLE leases RENAME CONSTRAINT pk_ingest_leases TO pk_leases")


def downgrade() -> None:
    op.execute("ALTER TABLE leases RENAME CONSTRAINT pk_leases TO pk_ingest_leases")
    op.rename_table("leases", "ingest_leases")

"""Where the record of alerts begins is found without reading all that it is reckoned from."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("outcomes", "forecasts"):
        op.create_index(op.f(f"ix_{table}_at"), table, ["at"])


def downgrade() -> None:
    for table in ("outcomes", "forecasts"):
        op.drop_index(op.f(f"ix_{table}_at"), table_name=table)

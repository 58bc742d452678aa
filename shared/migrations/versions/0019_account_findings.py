"""What is found about accounts, and whose findings have to be reckoned again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_findings",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("unit", sa.String()),
        sa.Column("currency", sa.String(3)),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("ready_on", sa.Date()),
        sa.Column("evidence", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_account_findings_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("customer_id", "kind", "subject", "day", name=op.f("pk_account_findings")),
    )
    op.create_table(
        "accounts_due",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("changed_from", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_accounts_due_customer_id_customers")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_accounts_due")),
    )
    op.execute("INSERT INTO accounts_due SELECT customer_id, timestamptz '0001-01-01 00:00:00+00' FROM model_states")


def downgrade() -> None:
    op.drop_table("accounts_due")
    op.drop_table("account_findings")

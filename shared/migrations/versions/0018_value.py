"""Value with its interval, author and net; value since the start, its outlook, and what software releases did."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NUMBERS = ("hours_low", "hours_high", "units_low", "units_high", "maintenance", "fees", "net", "net_low", "net_high")
_CURRENCIES = ("maintenance_currency", "fees_currency")
_TEXTS = ("author", "net_unknown")


def upgrade() -> None:
    for name in _NUMBERS:
        op.add_column("value_monthly", sa.Column(name, sa.Double(), nullable=True))
    for name in _CURRENCIES:
        op.add_column("value_monthly", sa.Column(name, sa.String(3), nullable=True))
    for name in _TEXTS:
        op.add_column("value_monthly", sa.Column(name, sa.String(), nullable=True))
    op.add_column("value_monthly", sa.Column("said_on", sa.Date(), nullable=True))
    op.create_table(
        "value_cumulated",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("line_of_business", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("counterfactual", sa.String(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("hours_avoided", sa.Double(), nullable=True),
        sa.Column("hours_low", sa.Double(), nullable=True),
        sa.Column("hours_high", sa.Double(), nullable=True),
        sa.Column("good_units_gained", sa.Double(), nullable=True),
        sa.Column("units_low", sa.Double(), nullable=True),
        sa.Column("units_high", sa.Double(), nullable=True),
        sa.Column("money", sa.Double(), nullable=True),
        sa.Column("money_low", sa.Double(), nullable=True),
        sa.Column("money_high", sa.Double(), nullable=True),
        sa.Column("money_unknown", sa.String(), nullable=True),
        sa.Column("net", sa.Double(), nullable=True),
        sa.Column("net_low", sa.Double(), nullable=True),
        sa.Column("net_high", sa.Double(), nullable=True),
        sa.Column("net_unknown", sa.String(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("said_on", sa.Date(), nullable=True),
        sa.Column("promised_money", sa.Double(), nullable=True),
        sa.Column("ratio", sa.Double(), nullable=True),
        sa.Column("ratio_low", sa.Double(), nullable=True),
        sa.Column("ratio_high", sa.Double(), nullable=True),
        sa.Column("ratio_of", sa.String(), nullable=True),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.customer_id"], name=op.f("fk_value_cumulated_customer_id")
        ),
        sa.PrimaryKeyConstraint("customer_id", "month", "line_of_business", name=op.f("pk_value_cumulated")),
    )
    op.create_table(
        "value_outlooks",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("line_of_business", sa.String(), nullable=False),
        sa.Column("horizon", sa.String(), nullable=False),
        sa.Column("at", sa.Date(), nullable=False),
        sa.Column("hours_avoided", sa.Double(), nullable=True),
        sa.Column("hours_low", sa.Double(), nullable=True),
        sa.Column("hours_high", sa.Double(), nullable=True),
        sa.Column("money", sa.Double(), nullable=True),
        sa.Column("money_low", sa.Double(), nullable=True),
        sa.Column("money_high", sa.Double(), nullable=True),
        sa.Column("net", sa.Double(), nullable=True),
        sa.Column("net_low", sa.Double(), nullable=True),
        sa.Column("net_high", sa.Double(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("promised_money", sa.Double(), nullable=True),
        sa.Column("ratio", sa.Double(), nullable=True),
        sa.Column("ratio_low", sa.Double(), nullable=True),
        sa.Column("ratio_high", sa.Double(), nullable=True),
        sa.Column("ratio_of", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_value_outlooks_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "month", "line_of_business", "horizon", name=op.f("pk_value_outlooks")),
    )
    op.create_table(
        "update_effects",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("asset_type", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("machines", sa.Integer(), nullable=False),
        sa.Column("controls", sa.Integer(), nullable=False),
        sa.Column("uptime", sa.Double(), nullable=True),
        sa.Column("uptime_low", sa.Double(), nullable=True),
        sa.Column("uptime_high", sa.Double(), nullable=True),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("rate_low", sa.Double(), nullable=True),
        sa.Column("rate_high", sa.Double(), nullable=True),
        sa.Column("unknown", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_update_effects_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "asset_type", "version", name=op.f("pk_update_effects")),
    )


def downgrade() -> None:
    for table in ("update_effects", "value_outlooks", "value_cumulated"):
        op.drop_table(table)
    for name in ("said_on", *_TEXTS, *_CURRENCIES, *_NUMBERS):
        op.drop_column("value_monthly", name)

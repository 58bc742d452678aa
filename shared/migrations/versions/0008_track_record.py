"""What alerts said when they opened, what came of it, and the record of how often they were right."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_ISSUED = ("expected_at", "expected_low", "expected_high")


def upgrade() -> None:
    op.add_column("alerts", sa.Column("issued_tier", sa.String()))
    for name in _ISSUED:
        op.add_column("alerts", sa.Column(f"issued_{name}", _INSTANT))
    op.add_column("alerts", sa.Column("issued_confidence", sa.Double()))
    op.create_table(
        "outcomes",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("scope_type", sa.String(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("happened", sa.Boolean(), nullable=False),
        *_of_customer("outcomes"),
        sa.PrimaryKeyConstraint("customer_id", "scope_type", "scope_id", "outcome", "at", name=op.f("pk_outcomes")),
    )
    op.create_table(
        "forecasts",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope_type", sa.String(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("until", _INSTANT, nullable=False),
        sa.Column("probability", sa.Double()),
        *_of_customer("forecasts"),
        sa.PrimaryKeyConstraint(
            "customer_id", "kind", "scope_type", "scope_id", "horizon_days", "at", name=op.f("pk_forecasts")
        ),
    )
    verdicts = ("came_true", "too_early", "false_alarms", "averted", "unjudged", "standing")
    counts = ("alerts", *verdicts, "outcomes", "caught")
    figures = ("precision", "recall", "base_rate", "lead_median_h", "lead_p10_h")
    op.create_table(
        "track_records",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("as_of", _INSTANT, nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        *(sa.Column(name, sa.Double()) for name in figures),
        sa.Column("skill", sa.String(), nullable=False),
        sa.Column("needed", sa.Integer()),
        sa.Column("ready_on", sa.Date()),
        sa.Column("calibration", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "as_of", name=op.f("pk_track_records")),
    )
    op.create_table(
        "track_record_due",
        sa.Column("only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("changed_from", _INSTANT, nullable=False),
        sa.CheckConstraint("only_row", name=op.f("ck_track_record_due_only_row")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("pk_track_record_due")),
    )


def _of_customer(table: str) -> tuple[sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_customer_id_customers")
    return (sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=name),)


def downgrade() -> None:
    for table in ("track_record_due", "track_records", "forecasts", "outcomes"):
        op.drop_table(table)
    for name in ("tier", *_ISSUED, "confidence"):
        op.drop_column("alerts", f"issued_{name}")

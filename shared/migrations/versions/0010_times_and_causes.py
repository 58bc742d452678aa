"""ISO 22400 times by order, cause and maintenance, why a stop has its cause, and what a type's machines can do."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TIMES = (
    "stopped_s",
    "asut_s",
    "customer_down_s",
    "external_down_s",
    "operator_down_s",
    "unknown_down_s",
    "failed_s",
)
_INPUTS = (
    "pmt_s",
    "cmt_s",
    "aubt_s",
    "aoet_s",
    "scrapped",
    "reworked",
    "inspected",
    "first_pass",
    "planned_run_s",
    "capacity",
)


def upgrade() -> None:
    for name in ("cause_basis", "cause_why"):
        op.add_column("state_intervals", sa.Column(name, sa.String(), nullable=True))
    for name in _TIMES:
        op.add_column("times_daily", sa.Column(name, sa.Double(), nullable=False, server_default=sa.text("0")))
    for name in _INPUTS:
        op.add_column("times_daily", sa.Column(name, sa.Double(), nullable=True))
    for name in ("unit_time_s", "capacity_per_hour"):
        op.add_column("asset_types", sa.Column(name, sa.Double(), nullable=True))


def downgrade() -> None:
    for name in ("unit_time_s", "capacity_per_hour"):
        op.drop_column("asset_types", name)
    for name in (*_INPUTS, *_TIMES):
        op.drop_column("times_daily", name)
    for name in ("cause_basis", "cause_why"):
        op.drop_column("state_intervals", name)

"""Alerts by urgency and by what is at stake, and the live ones apart: ten years of resolved ones lie between them."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_STAKE = """
    (CASE WHEN stake_money IS NOT NULL THEN 1 WHEN stake_contract_value IS NOT NULL THEN 2
     WHEN stake_hours IS NOT NULL THEN 3 ELSE 4 END),
    (CASE WHEN coalesce(stake_money, stake_contract_value) IS NULL THEN '' ELSE coalesce(currency, '') END),
    (-coalesce(stake_money, stake_contract_value, stake_hours, 0)), alert_id"""
_URGENCY = f"(coalesce(expected_at, 'infinity')), {_STAKE}"
_LIVE = "WHERE state <> 'resolved'"


def upgrade() -> None:
    op.execute(f"CREATE INDEX ix_alerts_urgency ON alerts ({_URGENCY})")
    op.execute(f"CREATE INDEX ix_alerts_stake ON alerts ({_STAKE})")
    op.execute(f"CREATE INDEX ix_alerts_live_list ON alerts (pending_since DESC, alert_id DESC) {_LIVE}")
    op.execute(f"CREATE INDEX ix_alerts_live_urgency ON alerts ({_URGENCY}) {_LIVE}")
    op.execute(f"CREATE INDEX ix_alerts_live_stake ON alerts ({_STAKE}) {_LIVE}")


def downgrade() -> None:
    for name in ("live_stake", "live_urgency", "live_list", "stake", "urgency"):
        op.execute(f"DROP INDEX ix_alerts_{name}")

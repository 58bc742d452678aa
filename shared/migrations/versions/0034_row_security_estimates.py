"""Row security that the planner does not take for a rare condition: it read all live alerts to show the newest hundred.

An OR with a setting counts as one row of two hundred, a CASE as one of two. And under row security no index is asked by
what is computed of a row, or by how texts are ordered, as these are not leakproof: what alerts are ordered by becomes
columns. `stake_group`: money 1, contract value 2, hours 3, unknown 4, times 2^24, and the letters of the currency.
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_ALL = "(SELECT current_setting('bellwether.customers', true)) = 'all'"
_LISTED = "string_to_array(nullif(current_setting('bellwether.customers', true), 'all'), ',')::int[]"
_MINE = f"customer_id = ANY ((SELECT {_LISTED})::int[])"
_TABLES = (
    "account_findings",
    "alerts",
    "assessments_due",
    "changes",
    "contracts",
    "customer_health",
    "customers",
    "entitlements",
    "forecasts",
    "model_states",
    "objectives",
    "outcomes",
    "owners",
    "reviews",
    "signals",
    "sites",
    "update_effects",
    "value_cumulated",
    "value_monthly",
    "value_outlooks",
)
_LETTERS = "ascii(currency) * 65536 + ascii(substr(currency, 2)) * 256 + ascii(substr(currency, 3))"
_GROUP = f"""
    CASE WHEN stake_money IS NOT NULL THEN 16777216 + coalesce({_LETTERS}, 0)
    WHEN stake_contract_value IS NOT NULL THEN 33554432 + coalesce({_LETTERS}, 0)
    WHEN stake_hours IS NOT NULL THEN 50331648 ELSE 67108864 END"""
_BELOW_ZERO = "-coalesce(stake_money, stake_contract_value, stake_hours, 0)"
_STAKE = "stake_group, stake_below_zero, alert_id"
_STAKE_BEFORE = f"""
    (CASE WHEN stake_money IS NOT NULL THEN 1 WHEN stake_contract_value IS NOT NULL THEN 2
     WHEN stake_hours IS NOT NULL THEN 3 ELSE 4 END),
    (CASE WHEN coalesce(stake_money, stake_contract_value) IS NULL THEN '' ELSE coalesce(currency, '') END),
    ({_BELOW_ZERO}), alert_id"""


_EXPECTED = "CASE WHEN expected_at IS NULL THEN 'infinity' ELSE expected_at END"
_EXPECTED_BEFORE = "coalesce(expected_at, 'infinity')"


def _index(expected: str, stake: str) -> None:
    for kind, where in (("", ""), ("live_", "WHERE state <> 'resolved'")):
        op.execute(f"DROP INDEX IF EXISTS ix_alerts_{kind}urgency, ix_alerts_{kind}stake")
        op.execute(f"CREATE INDEX ix_alerts_{kind}urgency ON alerts (({expected}), {stake}) {where}")
        op.execute(f"CREATE INDEX ix_alerts_{kind}stake ON alerts ({stake}) {where}")


def upgrade() -> None:
    op.execute(
        f"ALTER TABLE alerts ADD COLUMN stake_group integer GENERATED ALWAYS AS ({_GROUP}) STORED,"
        f" ADD COLUMN stake_below_zero double precision GENERATED ALWAYS AS ({_BELOW_ZERO}) STORED"
    )
    _index(_EXPECTED, _STAKE)
    for table in _TABLES:
        op.execute(f"ALTER POLICY askers ON {table} USING (CASE WHEN {_ALL} THEN true ELSE {_MINE} END)")


def downgrade() -> None:
    op.drop_column("alerts", "stake_below_zero")
    op.drop_column("alerts", "stake_group")
    _index(_EXPECTED_BEFORE, _STAKE_BEFORE)
    for table in _TABLES:
        op.execute(f"ALTER POLICY askers ON {table} USING ({_ALL} OR {_MINE})")

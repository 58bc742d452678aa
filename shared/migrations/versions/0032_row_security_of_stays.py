"""Of a machine a customer sees what was while it stood there: a seller saw the buyer's days, and the buyer his."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_ALL = "(SELECT current_setting('bellwether.customers', true)) = 'all'"
_LISTED = "string_to_array(nullif(current_setting('bellwether.customers', true), 'all'), ',')::int[]"
_STOOD = "{asset} IN (SELECT seen_assets()) AND standing_at({asset}, {day}) = ANY ((SELECT " + _LISTED + ")::int[])"
_SCOPE = """CASE scope_type
    WHEN 'customer' THEN scope_id IN (SELECT customer_id FROM customers)
    WHEN 'site' THEN scope_id IN (SELECT site_id FROM sites)
    WHEN 'line' THEN scope_id IN (SELECT line_id FROM lines)
    WHEN 'asset' THEN {asset} END"""
_POLICIES = {
    "times_daily": _STOOD.format(asset="asset_id", day="day"),
    "state_intervals": _STOOD.format(asset="asset_id", day="started_at::date"),
    "events": _SCOPE.format(asset=_STOOD.format(asset="scope_id", day="at::date")),
}
_BEFORE = {
    "times_daily": "asset_id IN (SELECT seen_assets())",
    "state_intervals": "asset_id IN (SELECT seen_assets())",
    "events": _SCOPE.format(asset="scope_id IN (SELECT seen_assets())"),
}


def upgrade() -> None:
    op.execute("""
        DO $do$ BEGIN EXECUTE format($make$
            CREATE FUNCTION standing_at(asset int, day date) RETURNS int
            STABLE SECURITY DEFINER SET search_path = %I, pg_temp LANGUAGE sql AS $sql$
                SELECT s.customer_id FROM placements p JOIN sites s USING (site_id)
                WHERE p.asset_id = asset AND p.valid_from <= day ORDER BY p.valid_from DESC LIMIT 1 $sql$
            $make$, current_schema());
        END $do$""")
    op.execute("REVOKE ALL ON FUNCTION standing_at(int, date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION standing_at(int, date) TO bellwether_api")
    for table, policy in _POLICIES.items():
        op.execute(f"ALTER POLICY askers ON {table} USING ({_ALL} OR {policy})")


def downgrade() -> None:
    for table, policy in _BEFORE.items():
        op.execute(f"ALTER POLICY askers ON {table} USING ({_ALL} OR {policy})")
    op.execute("DROP FUNCTION standing_at(int, date)")

"""The API sees only the customers of who asks: a role of its own, and row security that nobody's query can forget.

`bellwether.customers` is set in every transaction of the API: `all`, or customer ids with commas between them; unset
and empty show nothing. Telemetry (hypertables take no row security) is not granted at all. Keys name their customers
in a column of their own, and `write` is called `act`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from shared.tables.metadata import Instant

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ALL = "(SELECT current_setting('bellwether.customers', true)) = 'all'"
_LISTED = "string_to_array(nullif(current_setting('bellwether.customers', true), 'all'), ',')::int[]"
_MINE = f"customer_id = ANY ((SELECT {_LISTED})::int[])"
_OF_SITE = "site_id IN (SELECT site_id FROM sites)"
_OF_ASSET = "asset_id IN (SELECT seen_assets())"
# Where a machine went afterwards ends the stay before it, so that all placements of a machine are seen or none.
_SEEN_ASSETS = f"""
    SELECT DISTINCT p.asset_id FROM placements p JOIN sites s USING (site_id) WHERE s.{_MINE}"""
_OF_SCOPE = """CASE scope_type
    WHEN 'customer' THEN scope_id IN (SELECT customer_id FROM customers)
    WHEN 'site' THEN scope_id IN (SELECT site_id FROM sites)
    WHEN 'line' THEN scope_id IN (SELECT line_id FROM lines)
    WHEN 'asset' THEN scope_id IN (SELECT seen_assets()) END"""
# What hangs on another table is seen with it: that table has a policy of its own.
_POLICIES = {
    **dict.fromkeys(
        (
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
        ),
        _MINE,
    ),
    **dict.fromkeys(("economics", "lines", "planned_stops", "shifts"), _OF_SITE),
    **dict.fromkeys(("assets", "placements", "state_intervals", "times_daily"), _OF_ASSET),
    "alert_actions": "EXISTS (SELECT FROM alerts a WHERE a.alert_id = alert_actions.alert_id)",
    "events": _OF_SCOPE,
}
_FOR_ALL = ("api_keys", "asset_types", "deployment", "metrics", "play_scores", "portfolio", "track_records")
_WRITES = {
    "alerts": "UPDATE",
    "alert_actions": "INSERT",
    "assessments_due": "INSERT, UPDATE",
    "api_keys": "UPDATE (last_used_at)",
    "changes": "INSERT",
    "events": "INSERT",
    "reviews": "INSERT",
}


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("customers", ARRAY(sa.Integer)))
    op.add_column("api_keys", sa.Column("last_used_at", Instant))
    op.execute("""
        UPDATE api_keys SET
            customers = (SELECT array_agg(substr(s, 10)::int) FROM unnest(scopes) s WHERE s LIKE 'customer:%'),
            scopes = ARRAY(SELECT CASE s WHEN 'write' THEN 'act' ELSE s END FROM unnest(scopes) s
                           WHERE s NOT LIKE 'customer:%')""")
    # Roles are the whole server's: another database's migration may have made it, even just now.
    op.execute("""
        DO $$ BEGIN
            CREATE ROLE bellwether_api NOLOGIN NOBYPASSRLS;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$""")
    op.execute("""
        DO $$ BEGIN
            IF NOT pg_has_role(current_user, 'bellwether_api', 'MEMBER') THEN
                EXECUTE format('GRANT bellwether_api TO %I', current_user);
            END IF;
        END $$""")
    op.execute("""
        DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO bellwether_api', current_schema()); END $$""")
    op.execute(f"""
        DO $do$ BEGIN EXECUTE format($make$
            CREATE FUNCTION seen_assets() RETURNS SETOF int STABLE SECURITY DEFINER SET search_path = %I, pg_temp
            LANGUAGE sql AS $sql${_SEEN_ASSETS}$sql$ $make$, current_schema());
        END $do$""")
    op.execute("REVOKE ALL ON FUNCTION seen_assets() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION seen_assets() TO bellwether_api")
    for table, policy in _POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY services ON {table} TO CURRENT_USER USING (true)")
        op.execute(f"CREATE POLICY askers ON {table} TO bellwether_api USING ({_ALL} OR {policy})")
    op.execute(f"GRANT SELECT ON {', '.join((*_POLICIES, *_FOR_ALL))} TO bellwether_api")
    for table, what in _WRITES.items():
        op.execute(f"GRANT {what} ON {table} TO bellwether_api")


def downgrade() -> None:
    for table in _POLICIES:
        op.execute(f"DROP POLICY askers ON {table}")
        op.execute(f"DROP POLICY services ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION seen_assets()")
    op.execute(f"REVOKE ALL ON {', '.join((*_POLICIES, *_FOR_ALL))} FROM bellwether_api")
    op.execute("""
        DO $$ BEGIN EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM bellwether_api', current_schema()); END $$""")
    op.execute("""
        UPDATE api_keys SET scopes = ARRAY(SELECT CASE s WHEN 'act' THEN 'write' ELSE s END FROM unnest(scopes) s)
            || ARRAY(SELECT 'customer:' || c FROM unnest(customers) c)""")
    op.drop_column("api_keys", "last_used_at")
    op.drop_column("api_keys", "customers")

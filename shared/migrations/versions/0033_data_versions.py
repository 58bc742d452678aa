"""The database tells whose rows changed, so that what was answered before can be answered again without asking it.

`bellwether_data`: customer ids with commas between them, or `all`; `bellwether_keys`: a key that was changed. What
health saves of machines (state_intervals, times_daily, signals, forecasts) needs no telling of its own: model_states,
which says how far the customer is assessed, is written with it.
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_OF_CUSTOMERS = (
    "account_findings",
    "alerts",
    "changes",
    "customer_health",
    "model_states",
    "outcomes",
    "reviews",
    "update_effects",
    "value_cumulated",
    "value_monthly",
    "value_outlooks",
)
_OF_EVERYBODY = (
    "asset_types",
    "assets",
    "contracts",
    "customers",
    "deployment",
    "economics",
    "entitlements",
    "events",
    "lines",
    "metrics",
    "objectives",
    "owners",
    "placements",
    "planned_stops",
    "play_scores",
    "portfolio",
    "public_address",
    "shifts",
    "sites",
    "track_records",
)
_ROWS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}
_MOST = 100


def _function(name: str, body: str) -> None:
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$")


def upgrade() -> None:
    _function(
        "tell_of_customers",
        f"""
        PERFORM pg_notify('bellwether_data',
                          CASE WHEN count(*) > {_MOST} THEN 'all' ELSE string_agg(customer_id::text, ',') END)
        FROM (SELECT DISTINCT customer_id FROM changed ORDER BY customer_id) c HAVING count(*) > 0;""",
    )
    _function(
        "tell_of_actions",
        f"""
        PERFORM pg_notify('bellwether_data',
                          CASE WHEN count(*) > {_MOST} THEN 'all' ELSE string_agg(customer_id::text, ',') END)
        FROM (SELECT DISTINCT a.customer_id FROM changed JOIN alerts a USING (alert_id) ORDER BY 1) c
        HAVING count(*) > 0;""",
    )
    _function("tell_of_everybody", "PERFORM pg_notify('bellwether_data', 'all');")
    _function("tell_of_key", "PERFORM pg_notify('bellwether_keys', coalesce(NEW.key_id, OLD.key_id));")
    for table, function in [*((t, "tell_of_customers") for t in _OF_CUSTOMERS), ("alert_actions", "tell_of_actions")]:
        for event, rows in _ROWS.items():
            op.execute(
                f"CREATE TRIGGER tell_{event.lower()} AFTER {event} ON {table} REFERENCING {rows} TABLE AS changed"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            )
    for table in _OF_EVERYBODY:
        op.execute(
            f"CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tell_of_everybody()"
        )
    op.execute(
        "CREATE TRIGGER tell AFTER INSERT OR DELETE"
        " OR UPDATE OF secret_sha256, name, scopes, customers, expires_at, revoked_at ON api_keys"
        " FOR EACH ROW EXECUTE FUNCTION tell_of_key()"
    )
    op.create_index("ix_model_states_assessed_through", "model_states", ["assessed_through"])
    op.execute("CREATE INDEX ix_alerts_snoozed_until ON alerts (snoozed_until) WHERE snoozed_until IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX ix_alerts_snoozed_until")
    op.drop_index("ix_model_states_assessed_through")
    for name in ("tell_of_customers", "tell_of_actions", "tell_of_everybody", "tell_of_key"):
        op.execute(f"DROP FUNCTION {name}() CASCADE")

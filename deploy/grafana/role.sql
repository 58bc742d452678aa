-- The role that Grafana reads with: SELECT on what its panels show, and on nothing else. Grafana does not judge the SQL
-- that people type into it, so the database must. Run as the tables' owner after every migration; it may be run again.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bellwether_grafana') THEN
        CREATE ROLE bellwether_grafana LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT CONNECTION LIMIT 20;
    END IF;
END
$$;

ALTER ROLE bellwether_grafana SET default_transaction_read_only = on;
ALTER ROLE bellwether_grafana SET statement_timeout = '30s';
ALTER ROLE bellwether_grafana SET timezone = 'UTC';

GRANT USAGE ON SCHEMA public TO bellwether_grafana;
GRANT SELECT ON
    customers, sites, lines, assets, asset_types, placements, alerts, customer_health, times_daily, signals,
    value_monthly, state_intervals, sources, devices, bindings, series, rollups_1h, rollups_1d
    TO bellwether_grafana;
GRANT SELECT (customer_id, assessed_through, assessed_at) ON model_states TO bellwether_grafana;
GRANT SELECT (dead_letter_id, received_at, topic, reason, replayed_at) ON dead_letters TO bellwether_grafana;

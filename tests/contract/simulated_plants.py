"""The simulated plants as they stand in the database after 40 days: the demo's own records, and rows of every kind that
ingest and health make of them, some of each machine."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from deploy.local.plants.records import write_records
from shared.migrations import ensure_partitions
from shared.records import import_directory
from shared.tables import metadata

TO = datetime(2026, 3, 30, 9, tzinfo=UTC)
FROM = TO - timedelta(days=40)
_EVENING = TO.replace(hour=0)

_STATEMENTS = (
    # Telemetry.
    "UPDATE sources SET protocol = 'json', alive = true, first_seen_at = %(from)s, received_at = %(to)s,"
    " observed_through = %(to)s, clock_offset_s = 0.4, clock_checked_at = %(to)s",
    "INSERT INTO series (device_id, metric, unit) SELECT DISTINCT b.device_id, m.name, m.unit"
    " FROM bindings b JOIN assets USING (asset_id) JOIN metrics m USING (asset_type_id)",
    "INSERT INTO samples_text (series_id, observed_at, received_at, text_value, quality, historical)"
    " SELECT series_id, at, at, version, 192, false FROM series,"
    " (VALUES (%(to)s::timestamptz - interval '30 days', '4.1'), (%(to)s::timestamptz - interval '20 days', '4.1'),"
    "         (%(to)s::timestamptz - interval '10 days', '4.2')) said (at, version) WHERE metric = 'firmware'",
    *(
        f"INSERT INTO rollups_{name} (series_id, bucket, mean, minimum, maximum, increase, sample_count, covered_s)"
        " SELECT series_id, bucket, 5, 4, 6, 1, 60, 3600 FROM series, generate_series(%(evening)s::timestamptz"
        f" - interval '{stretch}', %(evening)s, interval '{step}') bucket WHERE metric <> 'firmware'"
        for name, stretch, step in (("1h", "1 day", "1 hour"), ("1d", "30 days", "1 day"))
    ),
    "INSERT INTO dead_letters (received_at, topic, payload, qos, retained, reason)"
    " VALUES (%(to)s::timestamptz - interval '1 day', 'a/b', 'x', 1, false, 'not JSON')",
    "INSERT INTO sample_conflicts SELECT min(series_id), 2, %(from)s, %(to)s, %(to)s, '1', '2' FROM series",
    "INSERT INTO ingest_sessions (started_at, seen_at) VALUES (%(from)s, %(to)s)",
    # What health makes of it.
    "INSERT INTO model_states SELECT customer_id, %(to)s, %(to)s, 1, '' FROM customers",
    "INSERT INTO assessments_due SELECT customer_id, %(to)s, %(to)s, %(to)s FROM customers",
    "INSERT INTO state_intervals (asset_id, started_at, ended_at, state, cause, failure, cause_basis, cause_why)"
    " SELECT asset_id, %(to)s::timestamptz - interval '3 days', %(to)s::timestamptz - interval '70 hours', 'down',"
    " 'supplier', true, 'default', 'a failure' FROM assets",
    "INSERT INTO times_daily (asset_id, day, pot_s, planned_s, pbt_s, apt_s, adet_s, adot_s, unknown_s,"
    " supplier_down_s, stopped_s, failures, repair_s, produced, good)"
    " SELECT asset_id, day::date, 86400, 28800, 57600, 43200, 7200, 3600, 3600, 7200, 7200, 1, 3600, 90, 80"
    " FROM assets, generate_series(%(from)s, %(evening)s::timestamptz, interval '1 day') day",
    "INSERT INTO customer_health (customer_id, day, health, coverage, contributions)"
    ' SELECT customer_id, day::date, 70, 0.9, \'{"availability": 20, "not_known": 10}\''
    " FROM customers, generate_series(%(from)s, %(evening)s::timestamptz, interval '1 day') day",
    "INSERT INTO signals (customer_id, scope_type, scope_id, kind, day, value, confidence, expected_at, expected_low,"
    " expected_high) SELECT customer_id, 'asset', asset_id, kind, %(evening)s::date - ago, 2.5, 0.7,"
    " %(to)s::timestamptz + interval '9 days', %(to)s::timestamptz + interval '5 days',"
    " %(to)s::timestamptz + interval '20 days' FROM bellwether_views.assets,"
    " unnest(ARRAY['deviation', 'remaining_life', 'failure_risk']) kind, generate_series(1, 20) ago",
    "INSERT INTO signals (customer_id, scope_type, scope_id, kind, day, value, confidence, expected_at, evidence)"
    " SELECT customer_id, 'contract', contract_id, kind, %(evening)s::date - ago, 0.97, 0.2,"
    ' %(to)s::timestamptz + interval \'9 days\', \'{"window": "rolling", "guaranteed": 0.96, "coverage": 0.9,'
    ' "spent_h": 12, "budget_h": 29, "expected_h": 20, "first_day": "2026-01-01", "last_day": "2026-04-01",'
    ' "low": 0, "high": 900, "currency": "EUR"}\''
    " FROM contracts, unnest(ARRAY['attributed_availability', 'guarantee_credit']) kind, generate_series(1, 20) ago",
    "INSERT INTO forecasts SELECT customer_id, 'failure_risk', 'asset', asset_id, 7,"
    " %(evening)s::timestamptz - ago * interval '1 day', %(to)s, 0.2 FROM bellwether_views.assets,"
    " generate_series(1, 20) ago",
    "INSERT INTO alerts (alert_id, customer_id, kind, scope_type, scope_id, tier, state, resolution, pending_since,"
    " opened_at, resolved_at, sentence, evidence, stake_hours, stake_money, currency, basis, expected_at, confidence,"
    " owner_role, play, version, updated_at)"
    " SELECT gen_random_uuid(), customer_id, 'wear', 'asset', asset_id, 'act', state,"
    " CASE state WHEN 'resolved' THEN 'averted' END, %(to)s::timestamptz - interval '9 days',"
    " %(to)s::timestamptz - interval '8 days', CASE state WHEN 'resolved' THEN %(to)s::timestamptz END,"
    " asset || ' wears out.', '{}', 5, 900, 'EUR', 'measured', %(to)s::timestamptz + interval '9 days', 0.7,"
    " 'service_manager', 'Replace it.', 1, %(to)s"
    " FROM bellwether_views.assets, unnest(ARRAY['open', 'resolved']) state",
    "INSERT INTO alerts (alert_id, customer_id, kind, scope_type, scope_id, tier, state, pending_since, opened_at,"
    " sentence, evidence, basis, owner_role, play, version, updated_at)"
    " SELECT gen_random_uuid(), customer_id, 'guarantee_breach', 'contract', contract_id, 'watch', 'open', %(from)s,"
    " %(from)s, 'It does not last.', '{}', 'measured', 'account_manager', 'Call.', 1, %(to)s FROM contracts",
    "INSERT INTO value_monthly (customer_id, month, line_of_business, rung, counterfactual, hours_avoided, money,"
    " money_low, money_high, net, currency, basis, promised_money, coverage, hours_low, hours_high)"
    " SELECT customer_id, date_trunc('month', %(to)s::timestamptz)::date, 'packaging', 'hours', 'before', 40, 9000,"
    " 7000, 11000, 8000, 'EUR', 'agreed', 8500, 0.9, 30, 50 FROM customers",
    "INSERT INTO value_outlooks SELECT customer_id, date_trunc('month', %(to)s::timestamptz)::date, '*', '1_year',"
    " '2027-03-31', 400, 300, 500, 90000, 70000, 110000, 80000, 60000, 100000, 'EUR', 'agreed', 95000, 0.95, 0.7, 1.2,"
    " 'money' FROM customers",
    # The record.
    "INSERT INTO track_records (kind, as_of, horizon_days, alerts, came_true, too_early, false_alarms, averted,"
    " unjudged, standing, outcomes, caught, precision, recall, base_rate, lead_median_h, lead_p10_h, skill,"
    " calibration) SELECT 'wear', at, 90, 92, 47, 40, 5, 0, 0, 0, 100, 45, 0.51, 0.45, 0.28, 300, 40, 'demonstrated',"
    ' \'[{"horizon_days": 90, "forecasts": 500, "happened": 100, "brier": 0.12, "brier_skill": 0.2,'
    ' "calibration_error": 0.03, "bins": [{"forecasts": 50, "told": 0.1, "happened": 0.12}]}]\''
    " FROM generate_series(%(from)s, %(evening)s::timestamptz, interval '7 days') at",
    "INSERT INTO play_scores SELECT 'wear', date_trunc('month', %(to)s::timestamptz)::date, 'works', 3, 1, 5, 20, 30,"
    " 4, NULL",
)


# More in one message ends TimescaleDB in WebAssembly.
_ROWS_AT_ONCE = 100


def records(conn: psycopg.Connection, directory: Path) -> dict[str, list[object]]:
    """Import the demo's records; the rows that this left in each table, tables in the order of their keys.

    TimescaleDB in WebAssembly is given these: it ends on the pipelines that an import sends.
    """
    write_records(directory, TO)
    import_directory(conn, directory, purpose="demo")
    found = {}
    for table in metadata.sorted_tables:
        row = conn.execute(f"SELECT jsonb_agg(t) FROM {table.name} t").fetchone()
        if row and row[0]:
            found[table.name] = row[0]
    return found


def fill(conn: psycopg.Connection, recorded: Mapping[str, list[object]]) -> None:
    """Fill an empty database."""
    for table, rows in recorded.items():
        insert = f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, %s)"
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            conn.execute(insert, [Jsonb(rows[first : first + _ROWS_AT_ONCE])])
    for table in ("rollups_1h", "rollups_1d", "samples_text"):
        ensure_partitions(conn, table, FROM, TO)
    for statement in _STATEMENTS:
        conn.execute(statement, {"from": FROM, "to": TO, "evening": _EVENING})
    conn.execute("ANALYZE")

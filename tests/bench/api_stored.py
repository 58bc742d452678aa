"""What `bench_api` asks about: customers with ten years of alerts, made by the database itself."""

import psycopg

_CUSTOMERS = """
INSERT INTO customers (record_source, external_id, name, segment)
SELECT 'bench', 'C-' || n, 'Customer ' || n, 'food' FROM generate_series(1, %(customers)s) n;
"""
_ASSESSED = """
INSERT INTO model_states (customer_id, assessed_through, assessed_at, state_version, state)
SELECT customer_id, now(), now(), 1, '' FROM customers
"""
# Nine of ten are resolved; one of three has money, one contract value, one hours.
_ALERTS = """
INSERT INTO alerts (alert_id, customer_id, kind, scope_type, scope_id, tier, state, resolution, pending_since,
    opened_at, resolved_at, sentence, evidence, stake_money, stake_money_low, stake_money_high,
    stake_contract_value, stake_hours, currency, expected_at, expected_low,
    expected_high, basis, confidence, owner_role, play, version, updated_at)
SELECT md5(n::text)::uuid, 1 + n %% %(customers)s, (ARRAY['wear', 'jam', 'silent_source', 'slow_spare'])[1 + n %% 4],
    'asset', n, (ARRAY['watch', 'act'])[1 + n %% 2], state, CASE state WHEN 'resolved' THEN 'recovered' END, at, at,
    CASE state WHEN 'resolved' THEN at + interval '9 days' END,
    'Filler ' || n || ' is likely to stop around the end of the month: its valve block wears faster than its like.',
    jsonb_build_object('metrics', jsonb_build_object('vibration', 0.8, 'seal_pressure', n %% 100), 'days', 42),
    CASE n %% 3 WHEN 0 THEN n %% 99991 END, CASE n %% 3 WHEN 0 THEN n %% 99991 * 0.8 END,
    CASE n %% 3 WHEN 0 THEN n %% 99991 * 1.2 END, CASE n %% 3 WHEN 1 THEN n %% 999983 END, n %% 400,
    (ARRAY['EUR', 'SEK', 'USD'])[1 + n %% 3], at + interval '20 days', at + interval '12 days', at + interval '31 days',
    'agreed', 0.7, 'service', 'Replace valve block 4 in the planned stop before.', 1, at
FROM (SELECT n, now() - n * interval '5 min' AS at,
             CASE WHEN n %% 10 = 0 THEN 'open' ELSE 'resolved' END AS state FROM generate_series(1, %(alerts)s) n) made
"""
_HISTORY = """
INSERT INTO customer_health (customer_id, day, health, coverage, contributions)
SELECT 1, now()::date - n, 70 + n % 20, 0.9, '{"wear": 12.5, "reliability": 7.5}' FROM generate_series(0, 1999) n
"""
_CHANGES = """
INSERT INTO changes (sequence, at, customer_id, subject, subject_id, transition, body)
SELECT row_number() OVER (ORDER BY pending_since), pending_since, customer_id, 'alert', alert_id::text, 'opened',
       jsonb_build_object('id', alert_id, 'sentence', sentence, 'evidence', evidence)
FROM alerts ORDER BY pending_since DESC LIMIT 100000
"""


def store(conn: psycopg.Connection, *, customers: int, alerts: int) -> None:
    """Store so many customers and alerts, a customer's history and a feed, and let the planner know."""
    size = {"customers": customers, "alerts": alerts}
    for statement in (_CUSTOMERS, _ASSESSED, _ALERTS, _HISTORY, _CHANGES):
        conn.execute(statement, size if "%(" in statement else None)
    conn.commit()
    conn.autocommit = True
    conn.execute("VACUUM ANALYZE")
    conn.autocommit = False

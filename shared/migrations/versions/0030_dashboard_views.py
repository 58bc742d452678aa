"""What dashboards read: a schema of views whose names and units stay, and a role that may read these and nothing else.

A view runs with its owner's rights, whom row security lets see every row: who has this role sees all customers. Columns
say their unit in their name; shares are 0 to 1 and called `_ratio`. A migration that takes away or changes the type of
a column that a view shows drops the view first and makes it again.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_DAY = "(d.day::timestamp AT TIME ZONE 'UTC') AS time, d.day"
_MONTH = "(d.month::timestamp AT TIME ZONE 'UTC') AS time, d.month"
_SINCE_EPOCH = "extract(epoch FROM {}) / 3600"
# Where a machine stood and which device spoke for it, with an end: one look at an index a row, so that a filter on one
# machine reads that machine alone.
_VIEWS = {
    "placements": """
        SELECT p.asset_id, a.name AS asset, t.name AS asset_type, a.serial, a.commissioned_on, p.valid_from,
               (SELECT min(n.valid_from) FROM placements n
                WHERE n.asset_id = p.asset_id AND n.valid_from > p.valid_from) AS valid_until,
               p.line_id, l.name AS line, s.site_id, s.name AS site, s.timezone, c.customer_id, c.name AS customer
        FROM placements p JOIN assets a USING (asset_id) JOIN asset_types t USING (asset_type_id)
        JOIN sites s USING (site_id) JOIN customers c USING (customer_id) LEFT JOIN lines l ON l.line_id = p.line_id""",
    "assets": "SELECT * FROM bellwether_views.placements WHERE valid_until IS NULL",
    "sites": """
        SELECT s.site_id, s.name AS site, s.timezone, c.customer_id, c.name AS customer
        FROM sites s JOIN customers c USING (customer_id)""",
    "customers": """
        SELECT c.customer_id, c.name AS customer, c.segment, m.assessed_through, h.day AS health_day,
               h.health AS health_points, h.coverage AS coverage_ratio
        FROM customers c LEFT JOIN model_states m USING (customer_id)
        LEFT JOIN LATERAL (SELECT day, health, coverage FROM customer_health
                           WHERE customer_id = c.customer_id ORDER BY day DESC LIMIT 1) h ON true""",
    "contracts": """
        SELECT DISTINCT ON (k.record_source, k.external_id) k.contract_id, k.external_id AS contract, k.customer_id,
               c.name AS customer, k.valid_from, k.starts_on, k.ends_on, k.annual_value AS annual_value_money,
               k.promised_annual_value AS promised_annual_money, k.currency,
               k.guaranteed_availability AS guaranteed_availability_ratio, k.guarantee_window
        FROM contracts k JOIN customers c USING (customer_id)
        ORDER BY k.record_source, k.external_id, k.valid_from DESC""",
    "customer_health_daily": f"""
        SELECT {_DAY}, d.customer_id, c.name AS customer, d.health AS health_points, d.coverage AS coverage_ratio
        FROM customer_health d JOIN customers c USING (customer_id)""",
    "health_points_lost_daily": f"""
        SELECT {_DAY}, d.customer_id, c.name AS customer, lost.key AS measure, lost.value::float8 AS lost_points
        FROM customer_health d JOIN customers c USING (customer_id),
             LATERAL jsonb_each_text(d.contributions) AS lost""",
    "alerts": """
        SELECT a.alert_id, a.customer_id, c.name AS customer,
               CASE a.scope_type WHEN 'site' THEN s.site_id WHEN 'asset' THEN p.site_id END AS site_id,
               CASE a.scope_type WHEN 'asset' THEN a.scope_id END AS asset_id, a.scope_type,
               CASE a.scope_type WHEN 'customer' THEN c.name WHEN 'site' THEN s.name WHEN 'asset' THEN p.asset
                    WHEN 'contract' THEN k.external_id END AS scope,
               a.kind, a.tier, a.state, a.resolution, a.withheld, a.opened_at, a.acknowledged_at, a.resolved_at,
               a.snoozed_until, a.sentence, a.play, a.owner_role, a.expected_at, a.expected_low AS expected_earliest_at,
               a.expected_high AS expected_latest_at, a.confidence AS confidence_ratio, a.stake_hours,
               a.stake_money, a.stake_money_low, a.stake_money_high, a.currency, a.basis,
               a.stake_contract_value AS stake_contract_money,
               a.state IN ('open', 'acknowledged') AND a.withheld IS NULL
                   AND (a.snoozed_until IS NULL OR a.snoozed_until <= now()) AS needs_attention
        FROM alerts a JOIN customers c USING (customer_id)
        LEFT JOIN bellwether_views.assets p ON a.scope_type = 'asset' AND p.asset_id = a.scope_id
        LEFT JOIN sites s ON a.scope_type = 'site' AND s.site_id = a.scope_id
        LEFT JOIN contracts k ON a.scope_type = 'contract' AND k.contract_id = a.scope_id""",
    "asset_times_daily": f"""
        SELECT {_DAY}, p.customer_id, p.customer, p.site_id, p.site, d.asset_id, p.asset, p.asset_type,
               d.pbt_s / 3600 AS planned_hours, (d.pbt_s - d.unknown_s) / 3600 AS known_hours,
               d.unknown_s / 3600 AS unknown_hours, d.apt_s / 3600 AS production_hours,
               d.stopped_s / 3600 AS stopped_hours, d.supplier_down_s / 3600 AS supplier_stopped_hours,
               d.customer_down_s / 3600 AS customer_stopped_hours, d.external_down_s / 3600 AS external_stopped_hours,
               d.operator_down_s / 3600 AS operator_stopped_hours,
               d.unknown_down_s / 3600 AS unexplained_stopped_hours, d.failures, d.repair_s / 3600 AS repair_hours,
               d.produced AS produced_units, d.good AS good_units
        FROM times_daily d JOIN bellwether_views.placements p ON p.asset_id = d.asset_id AND p.valid_from <= d.day
             AND (p.valid_until IS NULL OR d.day < p.valid_until)""",
    "asset_signals_daily": f"""
        SELECT {_DAY}, d.customer_id, d.scope_id AS asset_id, a.name AS asset, d.kind, d.value,
               d.confidence AS confidence_ratio, d.expected_at, d.expected_low AS expected_earliest_at,
               d.expected_high AS expected_latest_at
        FROM signals d JOIN assets a ON a.asset_id = d.scope_id WHERE d.scope_type = 'asset'""",
    # How far away, on an evening, the failure was expected, with the band between its earliest and latest date.
    "asset_failure_forecasts_daily": f"""
        SELECT {_DAY}, d.customer_id, d.scope_id AS asset_id, a.name AS asset, d.kind, d.confidence AS confidence_ratio,
               {_SINCE_EPOCH.format("d.expected_at - (d.day + 1)::timestamp AT TIME ZONE 'UTC'")} / 24 AS expected_days,
               {_SINCE_EPOCH.format("d.expected_low - (d.day + 1)::timestamp AT TIME ZONE 'UTC'")} / 24
                   AS earliest_days,
               {_SINCE_EPOCH.format("d.expected_high - (d.day + 1)::timestamp AT TIME ZONE 'UTC'")} / 24 AS latest_days
        FROM signals d JOIN assets a ON a.asset_id = d.scope_id
        WHERE d.scope_type = 'asset' AND d.expected_at IS NOT NULL""",
    "forecasts": """
        SELECT f.at AS time, f.customer_id, c.name AS customer, f.kind, f.scope_type, f.scope_id, f.horizon_days,
               f.until AS horizon_ends_at, f.probability AS probability_ratio
        FROM forecasts f JOIN customers c USING (customer_id)""",
    "asset_states": """
        SELECT i.started_at AS time, i.ended_at, p.customer_id, p.site_id, i.asset_id, p.asset, i.state, i.cause,
               i.failure, i.cause_why
        FROM state_intervals i JOIN bellwether_views.assets p USING (asset_id)""",
    "asset_series": """
        SELECT b.asset_id, a.name AS asset, b.valid_from,
               (SELECT min(n.valid_from) FROM bindings n
                WHERE n.device_id = b.device_id AND n.valid_from > b.valid_from) AS valid_until,
               r.series_id, r.metric, coalesce(m.unit, r.unit) AS unit, m.role
        FROM bindings b JOIN assets a USING (asset_id) JOIN series r USING (device_id)
        LEFT JOIN metrics m ON m.asset_type_id = a.asset_type_id AND m.name = r.metric""",
    "asset_readings_hourly": """
        SELECT d.bucket AS time, b.asset_id, b.asset, b.metric, b.unit, b.role, d.mean, d.minimum, d.maximum,
               d.increase, d.sample_count AS samples, d.covered_s / 3600 AS covered_ratio
        FROM bellwether_views.asset_series b JOIN rollups_1h d ON d.series_id = b.series_id
             AND d.bucket >= b.valid_from AND (b.valid_until IS NULL OR d.bucket < b.valid_until)""",
    "asset_readings_daily": """
        SELECT d.bucket AS time, b.asset_id, b.asset, b.metric, b.unit, b.role, d.mean, d.minimum, d.maximum,
               d.increase, d.sample_count AS samples, d.covered_s / 86400 AS covered_ratio
        FROM bellwether_views.asset_series b JOIN rollups_1d d ON d.series_id = b.series_id
             AND d.bucket >= b.valid_from AND (b.valid_until IS NULL OR d.bucket < b.valid_until)""",
    # When a machine first said that it runs another version than before.
    "firmware_versions": """
        SELECT t.observed_at AS time, p.customer_id, p.site_id, b.asset_id, b.asset, b.metric AS component,
               before.text_value AS version_before, t.text_value AS version
        FROM bellwether_views.asset_series b JOIN bellwether_views.assets p USING (asset_id)
        JOIN samples_text t ON t.series_id = b.series_id
             AND t.observed_at >= b.valid_from AND (b.valid_until IS NULL OR t.observed_at < b.valid_until)
        LEFT JOIN LATERAL (SELECT text_value FROM samples_text e
                           WHERE e.series_id = t.series_id AND e.observed_at < t.observed_at
                               AND e.text_value IS NOT NULL
                           ORDER BY e.observed_at DESC LIMIT 1) before ON true
        WHERE b.role = 'version' AND t.text_value IS NOT NULL AND t.text_value IS DISTINCT FROM before.text_value""",
    "guarantees_daily": f"""
        SELECT {_DAY}, d.customer_id, c.name AS customer, d.scope_id AS contract_id, k.external_id AS contract,
               d.value AS attributed_availability_ratio, (d.evidence->>'guaranteed')::float8 AS guaranteed_ratio,
               (d.evidence->>'spent_h')::float8 AS spent_hours, (d.evidence->>'budget_h')::float8 AS budget_hours,
               (d.evidence->>'expected_h')::float8 AS expected_hours,
               (d.evidence->>'spent_h')::float8 / nullif((d.evidence->>'budget_h')::float8, 0) AS spent_ratio,
               d.confidence AS breach_probability_ratio, d.expected_at AS breach_expected_at,
               d.expected_low AS breach_earliest_at, d.expected_high AS breach_latest_at,
               (d.evidence->>'coverage')::float8 AS coverage_ratio, d.evidence->>'window' AS guarantee_window,
               (d.evidence->>'first_day')::date AS window_first_day, (d.evidence->>'last_day')::date AS window_last_day,
               d.evidence->>'not_claimed' AS not_claimed_why
        FROM signals d JOIN customers c USING (customer_id) JOIN contracts k ON k.contract_id = d.scope_id
        WHERE d.scope_type = 'contract' AND d.kind = 'attributed_availability'""",
    "guarantee_credits_daily": f"""
        SELECT {_DAY}, d.customer_id, k.external_id AS contract, d.value AS credit_money,
               (d.evidence->>'low')::float8 AS credit_low_money, (d.evidence->>'high')::float8 AS credit_high_money,
               d.evidence->>'currency' AS currency
        FROM signals d JOIN contracts k ON k.contract_id = d.scope_id
        WHERE d.scope_type = 'contract' AND d.kind = 'guarantee_credit'""",
    "value_monthly": f"""
        SELECT {_MONTH}, d.customer_id, c.name AS customer, d.line_of_business, d.counterfactual, d.basis,
               d.hours_avoided AS avoided_hours, d.hours_low AS avoided_low_hours, d.hours_high AS avoided_high_hours,
               d.money AS gross_money, d.money_low AS gross_low_money, d.money_high AS gross_high_money,
               d.net AS net_money, d.promised_money, d.currency, d.coverage AS coverage_ratio
        FROM value_monthly d JOIN customers c USING (customer_id)""",
    "value_outlooks": f"""
        SELECT {_MONTH}, d.customer_id, c.name AS customer, d.line_of_business, d.horizon, d.at AS horizon_day,
               d.hours_avoided AS avoided_hours, d.hours_low AS avoided_low_hours, d.hours_high AS avoided_high_hours,
               d.money AS gross_money, d.money_low AS gross_low_money, d.money_high AS gross_high_money, d.currency,
               d.promised_money, d.ratio AS kept_ratio, d.ratio_low AS kept_low_ratio, d.ratio_high AS kept_high_ratio
        FROM value_outlooks d JOIN customers c USING (customer_id)""",
    "track_records": """
        SELECT as_of AS time, kind, horizon_days, alerts, came_true, too_early, false_alarms, averted, unjudged,
               standing, outcomes, caught, precision AS precision_ratio, recall AS recall_ratio,
               base_rate AS base_rate_ratio, lead_median_h AS lead_median_hours, lead_p10_h AS lead_p10_hours, skill,
               needed, ready_on
        FROM track_records""",
    "track_record_calibration": """
        SELECT r.as_of AS time, r.kind, (c->>'horizon_days')::int AS horizon_days, (c->>'forecasts')::int AS forecasts,
               (c->>'happened')::int AS happened, (c->>'brier')::float8 AS brier_score,
               (c->>'brier_skill')::float8 AS brier_skill, (c->>'calibration_error')::float8 AS calibration_error_ratio
        FROM track_records r, LATERAL jsonb_array_elements(r.calibration) AS c""",
    "track_record_reliability": """
        SELECT r.as_of AS time, r.kind, (c->>'horizon_days')::int AS horizon_days, (b->>'forecasts')::int AS forecasts,
               (b->>'told')::float8 AS told_ratio, (b->>'happened')::float8 AS happened_ratio
        FROM track_records r, LATERAL jsonb_array_elements(r.calibration) AS c,
             LATERAL jsonb_array_elements(c->'bins') AS b""",
    "plays_monthly": """
        SELECT (as_of::timestamp AT TIME ZONE 'UTC') AS time, play, verdict, effect AS saved_hours_per_1000_hours,
               low AS saved_low_hours_per_1000_hours, high AS saved_high_hours_per_1000_hours, acted, left_alone,
               customers, needed
        FROM play_scores""",
    "sources": """
        SELECT o.source_id, o.topic_prefix AS source, o.protocol, s.site_id, s.name AS site, c.customer_id,
               c.name AS customer, o.alive, o.received_at, o.observed_through,
               extract(epoch FROM now() - o.received_at) AS silent_seconds, o.clock_offset_s AS clock_offset_seconds
        FROM sources o LEFT JOIN sites s USING (site_id) LEFT JOIN customers c USING (customer_id)""",
    "samples_hourly": """
        SELECT d.bucket AS time, o.source_id, o.topic_prefix AS source, s.customer_id, sum(d.sample_count) AS samples
        FROM rollups_1h d JOIN series USING (series_id) JOIN devices USING (device_id) JOIN sources o USING (source_id)
        LEFT JOIN sites s ON s.site_id = o.site_id
        GROUP BY d.bucket, o.source_id, o.topic_prefix, s.customer_id""",
    "dead_letters": "SELECT received_at AS time, topic, reason, qos, retained, replayed_at FROM dead_letters",
    "sample_conflicts": """
        SELECT x.last_at AS time, x.first_at, o.topic_prefix AS source, v.name AS device, r.metric, x.conflicts,
               x.kept, x.offered
        FROM sample_conflicts x JOIN series r USING (series_id) JOIN devices v USING (device_id)
        JOIN sources o USING (source_id)""",
    "ingest_sessions": "SELECT started_at AS time, seen_at AS ended_at FROM ingest_sessions",
    "assessments": """
        SELECT c.customer_id, c.name AS customer, m.assessed_through, m.assessed_at, q.due_since,
               extract(epoch FROM now() - q.due_since) AS waiting_seconds
        FROM customers c LEFT JOIN model_states m USING (customer_id)
        LEFT JOIN assessments_due q USING (customer_id)""",
}


def upgrade() -> None:
    # Roles are the whole server's: another database's migration may have made it, even just now.
    op.execute("""
        DO $$ BEGIN
            CREATE ROLE bellwether_grafana NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$""")
    # What the role was given of tables by hand before there were views.
    op.execute("""
        DO $$ BEGIN
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %1$I FROM bellwether_grafana', current_schema());
            EXECUTE format('REVOKE ALL ON SCHEMA %1$I FROM bellwether_grafana', current_schema());
        END $$""")
    op.execute("CREATE SCHEMA bellwether_views")
    for name, query in _VIEWS.items():
        op.execute(f"CREATE VIEW bellwether_views.{name} AS {query}")
    op.execute("GRANT USAGE ON SCHEMA bellwether_views TO bellwether_grafana")
    op.execute("GRANT SELECT ON ALL TABLES IN SCHEMA bellwether_views TO bellwether_grafana")


def downgrade() -> None:
    op.execute("DROP SCHEMA bellwether_views CASCADE")

"""Read what the record of alerts is reckoned from: alerts, outcomes and forecasts of all customers."""

from datetime import datetime

import psycopg
from psycopg.rows import class_row

from services.health.assessment import ForecastRow, OutcomeRow
from services.health.track_record.gathering import FleetRows, OpenedAlert

# An alert that the data no longer support has nothing issued. What a person ended was over, in event time, where the
# assessment stood when they said so.
_ALERTS = """
SELECT customer_id, kind, scope_type, scope_id, opened_at, resolution, issued_expected_at AS expected_at,
       CASE WHEN state = 'resolved' THEN coalesce((SELECT max(x.effective_at) FROM alert_actions x
           WHERE x.alert_id = a.alert_id AND x.action = 'resolve'), resolved_at) END AS ended_at
FROM alerts a WHERE kind = ANY(%s) AND opened_at IS NOT NULL AND issued_tier IS NOT NULL ORDER BY alert_id
"""
_OUTCOMES = "SELECT customer_id, scope_type, scope_id, outcome, at, happened FROM outcomes"
_FORECASTS = """
SELECT customer_id, kind, scope_type, scope_id, horizon_days, at, until, probability FROM forecasts
"""
_UNSEEN = """
SELECT customer_id, asset_id, day FROM times_daily
JOIN (SELECT DISTINCT customer_id, asset_id FROM placements JOIN sites USING (site_id)) stood USING (asset_id)
WHERE pbt_s > 0 AND unknown_s > pbt_s / 2
"""
_THROUGH = "SELECT customer_id, assessed_through FROM model_states"


def read_fleet_rows(conn: psycopg.Connection, kinds: list[str]) -> FleetRows:
    """Everything that the record of these kinds is made of."""
    with conn.cursor(row_factory=class_row(OpenedAlert)) as cur:
        alerts = cur.execute(_ALERTS, [kinds]).fetchall()
    through: dict[int, datetime] = dict(conn.execute(_THROUGH).fetchall())
    outcomes = [
        (customer, OutcomeRow(scope_type=scope_type, scope_id=scope_id, outcome=outcome, at=at, happened=happened))
        for customer, scope_type, scope_id, outcome, at, happened in conn.execute(_OUTCOMES)
    ]
    forecasts = [
        (
            customer,
            ForecastRow(
                kind=kind,
                scope_type=scope_type,
                scope_id=scope_id,
                horizon_days=horizon,
                at=at,
                until=until,
                probability=probability,
            ),
        )
        for customer, kind, scope_type, scope_id, horizon, at, until, probability in conn.execute(_FORECASTS)
    ]
    unseen = conn.execute(_UNSEEN).fetchall()
    return FleetRows(alerts=alerts, outcomes=outcomes, forecasts=forecasts, through=through, unseen=unseen)

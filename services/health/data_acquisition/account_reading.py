"""Read what is stored about one account: rows that assessments saved, and records with their owners' ids."""

from collections.abc import Iterator
from datetime import date
from typing import Any, TypeVar

import psycopg
from psycopg.rows import class_row, dict_row

from services.health.account_assessment.account import (
    Account,
    AccountAlert,
    AccountAsset,
    AccountEvent,
    FleetVersion,
    MonthTimes,
    Objective,
    PlayScore,
)
from services.health.assessment import OutcomeRow, UpdateEffectRow, ValueRow
from services.health.data_acquisition.record_reading import read_records
from services.health.fleet_learning.stored_models import read_models
from services.health.value_assessment.value_realized import NO_LINE_OF_BUSINESS
from shared.kpis import COLUMNS, INPUTS, Totals
from shared.stays import STAYS, lasted_on

_Row = TypeVar("_Row")

# When each machine stood with the customer.
_HERE = f"""
SELECT asset_id, valid_from, until, site_id, line_id FROM {STAYS} p
JOIN sites USING (site_id) WHERE customer_id = %(customer)s
"""
_ASSETS = f"""
SELECT asset_id, a.name, t.name AS asset_type, a.commissioned_on, s.since, s.until, s.site_id,
       coalesce(l.line_of_business, '{NO_LINE_OF_BUSINESS}') AS line_of_business
FROM (SELECT asset_id, min(valid_from) AS since, (array_agg(site_id ORDER BY valid_from DESC))[1] AS site_id,
             (array_agg(line_id ORDER BY valid_from DESC))[1] AS line_id,
             CASE WHEN bool_or(until IS NULL) THEN NULL ELSE max(until) END AS until
      FROM ({_HERE}) each GROUP BY asset_id) s
JOIN assets a USING (asset_id) JOIN asset_types t USING (asset_type_id) LEFT JOIN lines l USING (line_id)
ORDER BY asset_id
"""
_SUMS = ", ".join(f"sum(t.{name})::float8 AS {name}" for name in COLUMNS)
_SAME_INPUTS = ", ".join(f"t.{name} IS NULL" for name in INPUTS)
_TIMES = f"""
SELECT t.asset_id, date_trunc('month', t.day)::date AS month, {_SUMS}
FROM times_daily t JOIN ({_HERE}) s ON s.asset_id = t.asset_id AND {lasted_on("s", "t.day")}
WHERE t.day < %(through)s GROUP BY t.asset_id, 2, {_SAME_INPUTS} ORDER BY t.asset_id, 2, {_SAME_INPUTS}
"""
_HEARD = f"""
SELECT t.asset_id, min(t.day)
FROM times_daily t JOIN ({_HERE}) s ON s.asset_id = t.asset_id AND {lasted_on("s", "t.day")}
WHERE t.day < %(through)s AND t.pbt_s > t.unknown_s GROUP BY t.asset_id ORDER BY t.asset_id
"""
_EVENTS = """
SELECT external_id AS event_id, scope_type, scope_id, at, kind, attributes FROM events
WHERE at < %(through)s AND (
    (scope_type = 'customer' AND scope_id = %(customer)s)
    OR (scope_type = 'site' AND scope_id IN (SELECT site_id FROM sites WHERE customer_id = %(customer)s))
    OR (scope_type = 'line' AND scope_id IN
        (SELECT line_id FROM lines JOIN sites USING (site_id) WHERE customer_id = %(customer)s))
    OR (scope_type = 'asset' AND scope_id = ANY(%(assets)s)))
ORDER BY at, record_source, external_id
"""
_OBJECTIVES = """
SELECT external_id AS objective_id, kpi, target, due_on, description FROM objectives
WHERE customer_id = %(customer)s ORDER BY record_source, external_id
"""
_VALUES = """
SELECT month, line_of_business, rung, counterfactual, hours_avoided, good_units_gained, money, money_low, money_high,
       currency, basis, promised_money, coverage
FROM value_monthly WHERE customer_id = %(customer)s AND month < date_trunc('month', %(through)s::date)
ORDER BY month, line_of_business
"""
# An alert that the data no longer support has nothing issued, and never was. What a person ended was over, in event
# time, where the assessment stood when they said so.
_ALERTS = """
SELECT alert_id::text, kind, scope_type, scope_id, issued_tier AS tier, opened_at, resolution,
       CASE WHEN state = 'resolved' THEN coalesce((SELECT max(x.effective_at) FROM alert_actions x
           WHERE x.alert_id = a.alert_id AND x.action = 'resolve'), resolved_at) END AS ended_at,
       (SELECT min(x.effective_at) FROM alert_actions x WHERE x.alert_id = a.alert_id
            AND (x.action = 'acknowledge' OR (x.action = 'resolve' AND a.resolution = 'averted'))
            AND NOT EXISTS (SELECT FROM alert_actions b WHERE b.alert_id = x.alert_id AND b.action = 'unacknowledge'
                AND b.action_id > x.action_id)) AS acted_at
FROM alerts a WHERE customer_id = %(customer)s AND opened_at < %(through)s AND issued_tier IS NOT NULL
ORDER BY opened_at, kind, scope_id
"""
_OUTCOMES = """
SELECT scope_type, scope_id, outcome, at, happened FROM outcomes
WHERE customer_id = %(customer)s AND at < %(through)s ORDER BY at, outcome, scope_id
"""
_SCORES = """
SELECT play, as_of, verdict, effect, low, high, acted, left_alone, customers, needed FROM play_scores
WHERE as_of <= %(through)s ORDER BY as_of, play
"""


# Releases that were told of machines of the same types, of all customers; and what they did to this one's.
_FLEET_VERSIONS = """
SELECT t.external_id AS asset_type, e.attributes->>'version' AS version,
       min((e.at AT TIME ZONE 'UTC')::date) AS first_seen
FROM events e JOIN assets a ON a.asset_id = e.scope_id JOIN asset_types t USING (asset_type_id)
WHERE e.scope_type = 'asset' AND e.kind = 'software_release' AND e.attributes->>'version' IS NOT NULL
  AND e.at < %(through)s
  AND asset_type_id IN (SELECT asset_type_id FROM assets WHERE asset_id = ANY(%(assets)s))
GROUP BY 1, 2 ORDER BY 3, 2, 1
"""
_UPDATES = """
SELECT DISTINCT ON (u.version, u.asset_type) t.external_id AS asset_type, version, released_on, as_of, days, machines,
       controls, uptime, uptime_low, uptime_high, rate, rate_low, rate_high, unknown
FROM update_effects u JOIN asset_types t ON t.name = u.asset_type
WHERE customer_id = %(customer)s AND as_of < %(through)s ORDER BY u.version, u.asset_type, t.external_id
"""


def read_account(conn: psycopg.Connection, customer_id: int, through: date) -> Account:
    """Everything stored about one customer before the midnight of `through`, in an order of event time."""
    records = read_records(conn, customer_id)
    asked: dict[str, Any] = {"customer": customer_id, "through": through}
    asked["assets"] = [asset.asset_id for asset in records.assets]
    return Account(
        customer_id=customer_id,
        name=records.name,
        through=through,
        heard=dict(conn.execute(_HEARD, asked).fetchall()),
        contracts=records.contracts,
        objectives=_rows(conn, Objective, _OBJECTIVES, asked),
        entitlements=records.entitlements,
        assets=_rows(conn, AccountAsset, _ASSETS, asked),
        owner_roles=records.owner_roles,
        events=_rows(conn, AccountEvent, _EVENTS, asked),
        times=tuple(_times(conn, asked)),
        values=_rows(conn, ValueRow, _VALUES, asked),
        alerts=_rows(conn, AccountAlert, _ALERTS, asked),
        outcomes=_rows(conn, OutcomeRow, _OUTCOMES, asked),
        data_use=records.data_use,
        peers=read_models(conn, sorted({asset.asset_type for asset in records.assets})).peers,
        scores=_rows(conn, PlayScore, _SCORES, asked),
        fleet_versions=_rows(conn, FleetVersion, _FLEET_VERSIONS, asked),
        updates=_rows(conn, UpdateEffectRow, _UPDATES, asked),
        economics=records.economics,
    )


def _rows(conn: psycopg.Connection, kind: type[_Row], query: str, asked: dict[str, Any]) -> tuple[_Row, ...]:
    with conn.cursor(row_factory=class_row(kind)) as cur:
        return tuple(cur.execute(query, asked).fetchall())


def _times(conn: psycopg.Connection, asked: dict[str, Any]) -> Iterator[MonthTimes]:
    with conn.cursor(row_factory=dict_row) as cur:
        for row in cur.execute(_TIMES, asked):
            yield MonthTimes(
                asset_id=row["asset_id"],
                month=row["month"],
                totals=Totals(**{name: row[name] for name in COLUMNS}),
            )

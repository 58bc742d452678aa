"""The one form in which an alert is shown: by the API, and as the body of its entries in the change feed.

The database makes it, as JSON. Instants are RFC 3339 in UTC; what is not known is null and never zero.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg


def _instant(column: str) -> str:
    written = f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    return f"replace({written}, '.000000Z', 'Z')"


_STAKE = """json_build_object(
    'hours', a.stake_hours,
    'contract_value', CASE WHEN a.stake_contract_value IS NOT NULL THEN json_build_object(
        'amount', a.stake_contract_value, 'currency', a.currency, 'basis', 'contract') END,
    'money', CASE WHEN a.stake_money IS NOT NULL THEN json_build_object(
        'amount', a.stake_money, 'low', a.stake_money_low, 'high', a.stake_money_high,
        'currency', a.currency, 'basis', a.basis) END,
    'basis', a.basis)"""
_EXPECTED = f"""CASE WHEN a.expected_at IS NOT NULL THEN json_build_object(
    'at', {_instant("a.expected_at")},
    'low', {_instant("a.expected_low")},
    'high', {_instant("a.expected_high")}) END"""
_BODY = f"""json_build_object(
    'id', a.alert_id,
    'url', (SELECT url FROM public_address) || '/alerts/' || a.alert_id,
    'customer', json_build_object('id', a.customer_id, 'external_id', c.external_id, 'name', c.name,
        'demo', coalesce((SELECT purpose = 'demo' FROM deployment), false)),
    'kind', a.kind,
    'scope', json_build_object('type', a.scope_type, 'id', a.scope_id,
        'name', coalesce(s.name, l.name, x.name, k.external_id, c.name)),
    'tier', a.tier,
    'state', a.state,
    'resolution', a.resolution,
    'sentence', a.sentence,
    'play', a.play,
    'owner_role', a.owner_role,
    'stake', {_STAKE},
    'expected', {_EXPECTED},
    'confidence', a.confidence,
    'skill', (SELECT skill FROM track_records t WHERE t.kind = a.kind ORDER BY as_of DESC LIMIT 1),
    'evidence', a.evidence,
    'pending_since', {_instant("a.pending_since")},
    'opened_at', {_instant("a.opened_at")},
    'shown_at', {_instant("a.shown_at")},
    'withheld', a.withheld,
    'acknowledged_at', {_instant("a.acknowledged_at")},
    'acknowledged_by', a.acknowledged_by,
    'resolved_at', {_instant("a.resolved_at")},
    'snoozed_until', {_instant("a.snoozed_until")},
    'snooze_reason', a.snooze_reason,
    'assigned_to', a.assigned_to,
    'version', a.version,
    'updated_at', {_instant("a.updated_at")},
    'assessed_through', {_instant("m.assessed_through")})"""


def alert_rows(alerts: str, *columns: str) -> str:
    """The query of `alerts`, a table or a parenthesised query of its columns: `body` of each, and these columns.

    `a` is the alert and `c` its customer, for what a caller puts after it.
    """
    return f"""
        SELECT {", ".join((f"{_BODY} AS body", *columns))}
        FROM {alerts} a
        JOIN customers c USING (customer_id)
        LEFT JOIN model_states m USING (customer_id)
        LEFT JOIN sites s ON a.scope_type = 'site' AND s.site_id = a.scope_id
        LEFT JOIN lines l ON a.scope_type = 'line' AND l.line_id = a.scope_id
        LEFT JOIN assets x ON a.scope_type = 'asset' AND x.asset_id = a.scope_id
        LEFT JOIN contracts k ON a.scope_type = 'contract' AND k.contract_id = a.scope_id
    """


def alert_bodies(conn: psycopg.Connection, alert_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The alerts as JSON objects, as they stand inside the caller's transaction; unknown ids are absent."""
    query = f"{alert_rows('alerts', 'a.alert_id')} WHERE a.alert_id = ANY(%s)"
    return {alert_id: body for body, alert_id in conn.execute(query, [list(alert_ids)]).fetchall()}

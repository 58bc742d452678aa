"""The one form in which an alert is shown: by the API, and as the body of its entries in the change feed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

# Every query of alerts starts so; `a` is the alert, `c` its customer.
ALERT_ROWS = """
SELECT a.*, c.name AS customer_name, c.external_id AS customer_external_id, m.assessed_through,
       coalesce(s.name, l.name, x.name, k.external_id, c.name) AS scope_name,
       coalesce((SELECT purpose = 'demo' FROM deployment), false) AS demo,
       (SELECT url FROM public_address) AS public_url,
       (SELECT skill FROM track_records t WHERE t.kind = a.kind ORDER BY as_of DESC LIMIT 1) AS skill
FROM alerts a
JOIN customers c USING (customer_id)
LEFT JOIN model_states m USING (customer_id)
LEFT JOIN sites s ON a.scope_type = 'site' AND s.site_id = a.scope_id
LEFT JOIN lines l ON a.scope_type = 'line' AND l.line_id = a.scope_id
LEFT JOIN assets x ON a.scope_type = 'asset' AND x.asset_id = a.scope_id
LEFT JOIN contracts k ON a.scope_type = 'contract' AND k.contract_id = a.scope_id
"""


def alert_bodies(conn: psycopg.Connection, alert_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """The alerts as JSON objects, as they stand inside the caller's transaction; unknown ids are absent."""
    with conn.cursor(row_factory=dict_row) as cur:
        rows = cur.execute(f"{ALERT_ROWS} WHERE a.alert_id = ANY(%s)", [list(alert_ids)]).fetchall()
    return {row["alert_id"]: alert_body(row) for row in rows}


def alert_body(row: dict[str, Any]) -> dict[str, Any]:
    """One row of ALERT_ROWS as a JSON object: instants RFC 3339 in UTC, what is not known null and never zero."""
    return {
        "id": str(row["alert_id"]),
        "url": None if row["public_url"] is None else f"{row['public_url']}/alerts/{row['alert_id']}",
        "customer": {
            "id": row["customer_id"],
            "external_id": row["customer_external_id"],
            "name": row["customer_name"],
            "demo": row["demo"],
        },
        "kind": row["kind"],
        "scope": {"type": row["scope_type"], "id": row["scope_id"], "name": row["scope_name"]},
        "tier": row["tier"],
        "state": row["state"],
        "resolution": row["resolution"],
        "sentence": row["sentence"],
        "play": row["play"],
        "owner_role": row["owner_role"],
        "stake": _stake(row),
        "expected": _expected(row),
        "confidence": row["confidence"],
        "skill": row["skill"],
        "evidence": row["evidence"],
        "pending_since": rfc3339(row["pending_since"]),
        "opened_at": rfc3339(row["opened_at"]),
        "shown_at": rfc3339(row["shown_at"]),
        "withheld": row["withheld"],
        "acknowledged_at": rfc3339(row["acknowledged_at"]),
        "acknowledged_by": row["acknowledged_by"],
        "resolved_at": rfc3339(row["resolved_at"]),
        "snoozed_until": rfc3339(row["snoozed_until"]),
        "snooze_reason": row["snooze_reason"],
        "assigned_to": row["assigned_to"],
        "version": row["version"],
        "updated_at": rfc3339(row["updated_at"]),
        "assessed_through": rfc3339(row["assessed_through"]),
    }


def rfc3339(at: datetime | None) -> str | None:
    """`2026-03-01T06:00:00Z`; None stays None."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _stake(row: dict[str, Any]) -> dict[str, Any]:
    currency, basis = row["currency"], row["basis"]
    contract, money = row["stake_contract_value"], row["stake_money"]
    return {
        "hours": row["stake_hours"],
        "contract_value": None if contract is None else {"amount": contract, "currency": currency, "basis": "contract"},
        "money": None
        if money is None
        else {
            "amount": money,
            "low": row["stake_money_low"],
            "high": row["stake_money_high"],
            "currency": currency,
            "basis": basis,
        },
        "basis": basis,
    }


def _expected(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["expected_at"] is None:
        return None
    return {
        "at": rfc3339(row["expected_at"]),
        "low": rfc3339(row["expected_low"]),
        "high": rfc3339(row["expected_high"]),
    }

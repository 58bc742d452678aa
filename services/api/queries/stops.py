"""Stops of one asset with their causes, and what people say about a cause."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from services.api.database import row, rows
from services.api.queries.assets import customer_of
from services.api.queries.customers import stood_at
from shared.changes import Change, append_changes
from shared.errors import NotFoundError
from shared.records.vocabulary import CORRECTION

# Two parts of one stop, cut at a midnight where its cause changed, are two rows. A correction speaks of every stop that
# reaches into its time; the newest word is the one that holds.
_STOPS = f"""
SELECT i.started_at, i.ended_at, i.state, i.cause, i.cause_basis AS basis, i.cause_why AS why, i.failure,
       coalesce((SELECT jsonb_agg(jsonb_build_object(
                    'cause', e.attributes ->> 'cause', 'reason', e.attributes ->> 'reason',
                    'actor', e.attributes ->> 'actor', 'said_at', e.attributes ->> 'said_at')
                    ORDER BY e.attributes ->> 'said_at')
                 FROM events e
                 WHERE e.scope_type = 'asset' AND e.scope_id = i.asset_id AND e.kind = '{CORRECTION}'
                   AND (i.ended_at IS NULL OR e.at < i.ended_at)
                   AND (e.at = i.started_at OR to_timestamp((e.attributes ->> 'until_s')::float8) > i.started_at)),
                '[]'::jsonb) AS corrections
FROM state_intervals i
WHERE i.asset_id = %(asset)s AND i.cause IS NOT NULL
  AND {stood_at("i.asset_id", "i.started_at::date")} = %(customer)s
"""
_FILTERS = """
  AND (%(first)s::date IS NULL OR i.started_at >= %(first)s::date)
  AND (%(last)s::date IS NULL OR i.started_at < %(last)s::date + 1)
  AND (%(cause)s::text IS NULL OR i.cause = %(cause)s)
  AND (%(before)s::timestamptz IS NULL OR i.started_at < %(before)s)
ORDER BY i.started_at DESC LIMIT %(limit)s
"""
_THROUGH = "SELECT assessed_through FROM model_states WHERE customer_id = %s"
_INSERT = """
INSERT INTO events (record_source, external_id, scope_type, scope_id, at, kind, attributes)
VALUES ('api', %s, 'asset', %s, %s, %s, %s)
"""
# Health goes back to where a customer's conclusions may have changed.
_DUE = """
INSERT INTO assessments_due AS due (customer_id, changed_from, due_since, received_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (customer_id) DO UPDATE SET changed_from = least(due.changed_from, excluded.changed_from)
"""


@dataclass(frozen=True, kw_only=True)
class StopFilters:
    """Which stops to list; None means any. Days are UTC days on which a stop began, both included."""

    first: date | None = None
    last: date | None = None
    cause: str | None = None


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a person says of a stop's cause, in wall time."""

    cause: str
    reason: str
    actor: str


def list_stops(
    conn: psycopg.Connection,
    customers: list[int] | None,
    asset: int,
    filters: StopFilters,
    *,
    before: datetime | None,
    limit: int,
    today: date,
) -> tuple[list[dict[str, Any]], datetime | None]:
    """Up to `limit` stops of an asset at its present customer that began before `before`, newest first, and how far
    they are assessed; raise NotFoundError outside the scope."""
    customer = customer_of(conn, customers, asset, today=today)
    asked = {"asset": asset, "customer": customer, "before": before, "limit": limit, **filters.__dict__}
    return rows(conn, _STOPS + _FILTERS, asked), _through(conn, customer)


def get_stop(
    conn: psycopg.Connection, customers: list[int] | None, asset: int, started_at: datetime, *, today: date
) -> tuple[dict[str, Any], datetime | None]:
    """One stop of an asset, and how far it is assessed; raise NotFoundError where none began at that moment."""
    customer = customer_of(conn, customers, asset, today=today)
    asked = {"asset": asset, "customer": customer, "started_at": started_at}
    found = row(conn, _STOPS + " AND i.started_at = %(started_at)s", asked)
    if found is None:
        raise NotFoundError(f"no stop of asset {asset} began at {started_at.isoformat()}")
    return found, _through(conn, customer)


def correct_cause(
    conn: psycopg.Connection,
    customers: list[int] | None,
    asset: int,
    started_at: datetime,
    *,
    said: Correction,
    now: datetime,
) -> None:
    """Store a person's word as an event, have the time since assessed again, and tell the change feed, all in one
    transaction. Raises NotFoundError where no stop began at that moment."""
    customer = customer_of(conn, customers, asset, today=now.date())
    stop, through = get_stop(conn, customers, asset, started_at, today=now.date())
    until = stop["ended_at"] or through or started_at
    word = {"cause": said.cause, "reason": said.reason, "actor": said.actor, "said_at": now.isoformat()}
    attributes = Jsonb(word | {"until_s": until.timestamp()})
    conn.execute(_INSERT, [str(uuid4()), asset, started_at, CORRECTION, attributes])
    conn.execute(_DUE, [customer, started_at, now, now])
    body = {
        "asset_id": asset,
        "started_at": started_at.isoformat(),
        "ended_at": None if stop["ended_at"] is None else stop["ended_at"].isoformat(),
        "state": stop["state"],
        "cause_before": stop["cause"],
        **word,
    }
    change = Change(customer, "stop", f"{asset}/{started_at.isoformat()}", "corrected", body)
    append_changes(conn, [change], now)


def _through(conn: psycopg.Connection, customer: int) -> datetime | None:
    found = conn.execute(_THROUGH, [customer]).fetchone()
    return None if found is None else found[0]

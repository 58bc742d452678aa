"""How far things are assessed."""

from datetime import datetime

import psycopg

from services.api.database import row


def assessed_through(
    conn: psycopg.Connection, customers: list[int] | None, *, of: int | None = None
) -> datetime | None:
    """The least over the customers in scope that have been assessed at all, or of one of them; None without any."""
    found = row(
        conn,
        "SELECT min(assessed_through) AS through FROM model_states"
        " WHERE (%(customers)s::int[] IS NULL OR customer_id = ANY(%(customers)s))"
        " AND (%(of)s::int IS NULL OR customer_id = %(of)s)",
        {"customers": customers, "of": of},
    )
    return None if found is None else found["through"]


def next_awakening(conn: psycopg.Connection, customers: list[int] | None, *, now: datetime) -> datetime | None:
    """When the next snooze in scope ends, after which lists show another alert; None where nobody snoozed one."""
    found = row(
        conn,
        "SELECT min(snoozed_until) AS at FROM alerts WHERE snoozed_until > %(now)s"
        " AND (%(customers)s::int[] IS NULL OR customer_id = ANY(%(customers)s))",
        {"customers": customers, "now": now},
    )
    return None if found is None else found["at"]

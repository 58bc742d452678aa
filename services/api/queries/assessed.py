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

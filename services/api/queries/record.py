"""The record of alerts: the newest of each kind, and the history of one."""

from typing import Any

import psycopg

from services.api.database import rows
from shared.errors import NotFoundError

_NEWEST = "SELECT DISTINCT ON (kind) * FROM track_records ORDER BY kind, as_of DESC"
_OF_KIND = """
SELECT * FROM track_records WHERE kind = %(kind)s AND (%(before)s::timestamptz IS NULL OR as_of < %(before)s)
ORDER BY as_of DESC LIMIT %(limit)s
"""


def newest_records(conn: psycopg.Connection) -> list[dict[str, Any]]:
    """The newest record of each kind that forecasts, by name."""
    return rows(conn, _NEWEST, [])


def list_records(conn: psycopg.Connection, kind: str, *, before: str | None, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` records of one kind, newest first, before an instant; raise NotFoundError for one without any."""
    found = rows(conn, _OF_KIND, {"kind": kind, "before": before, "limit": limit})
    if not found and before is None:
        raise NotFoundError(f"no record of alerts of kind {kind}")
    return found

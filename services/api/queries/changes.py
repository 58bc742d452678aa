"""The change feed, in the order of commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from services.api.bodies.changes import Change
from services.api.cursors import feed_cursor, feed_sequence
from services.api.database import row, rows
from services.api.problems import GoneError

_BOUNDS = "SELECT * FROM feed_bounds(%(after)s)"
_PAGE = """
SELECT sequence, at, customer_id, subject, subject_id, transition, body FROM changes
WHERE sequence > %(after)s AND (%(customers)s::int[] IS NULL OR customer_id = ANY(%(customers)s))
ORDER BY sequence LIMIT %(limit)s
"""


_AFTER = """
SELECT sequence, at, customer_id, subject, subject_id, transition, body FROM changes
WHERE sequence > %(after)s ORDER BY sequence LIMIT %(limit)s
"""
_END = "SELECT coalesce(max(sequence), 0) FROM changes"
AT_ONCE = 1_000


class Entry(NamedTuple):
    """One change as it is streamed."""

    sequence: int
    customer_id: int
    cursor: str
    event: bytes


def entry_of(change: Mapping[str, Any]) -> Entry:
    """A change as an event of the stream, whose id is the cursor to go on from."""
    cursor = feed_cursor(change["sequence"], change["at"])
    event = f"id: {cursor}\ndata: {Change(**change).model_dump_json()}\n\n".encode()
    return Entry(change["sequence"], change["customer_id"], cursor, event)


def read_end(conn: psycopg.Connection) -> int:
    """The newest sequence number, 0 for an empty feed."""
    found = conn.execute(_END).fetchone()
    assert found is not None  # noqa: S101 - an aggregate always has its row
    return int(found[0])


def read_after(conn: psycopg.Connection, sequence: int) -> list[Entry]:
    """All changes after a sequence number that the transaction may see, up to a thousand."""
    return [entry_of(each) for each in rows(conn, _AFTER, {"after": sequence, "limit": AT_ONCE})]


@dataclass(frozen=True)
class FeedPage:
    """Changes after a cursor, whether there are more, and the cursor to go on from."""

    data: list[dict[str, Any]]
    has_more: bool
    next: str


def list_changes(conn: psycopg.Connection, customers: list[int] | None, *, since: str | None, limit: int) -> FeedPage:
    """Up to `limit` changes after `since` (None: from the oldest kept), from one snapshot.

    Raises BadCursorError for what has not the form of a cursor, and GoneError for one from which a gap-free
    continuation cannot be promised: ahead of the feed, before what is kept, or of another feed.
    """
    after = 0 if since is None else feed_sequence(since)
    # Of everybody's changes: who may see few of them goes past the others.
    bounds = row(conn, _BOUNDS, {"after": after})
    assert bounds is not None  # noqa: S101 - an aggregate always has its row
    if since is not None:
        _require_continuation(since, after, bounds)
    found = rows(conn, _PAGE, {"after": after, "customers": customers, "limit": limit + 1})
    page = found[:limit]
    if len(found) > limit:
        return FeedPage(page, True, feed_cursor(page[-1]["sequence"], page[-1]["at"]))
    return FeedPage(page, False, feed_cursor(bounds["last"], bounds["at_last"]))


def _require_continuation(since: str, after: int, bounds: dict[str, Any]) -> None:
    if after > bounds["last"]:
        raise GoneError("the feed ends before this cursor: it is of another database, or of one since restored")
    if after + 1 < bounds["first"]:
        raise GoneError("changes after this cursor are no longer kept")
    at: datetime | None = bounds["at_after"]
    if (at is not None or after == 0) and since != feed_cursor(after, at):
        raise GoneError("the change that this cursor names is not the one in this feed")

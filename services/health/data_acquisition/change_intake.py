"""Take what ingest says has changed, roll it up, and note whose assessment that makes due: one transaction."""

from dataclasses import dataclass
from datetime import datetime

import psycopg

from services.health.charge import Fence, unfenced
from services.health.data_manipulation.roll_up import ChangedRange, roll_up

# The customers that a series speaks of: through the site of its source, or through any asset it was ever bound to.
_CUSTOMERS_OF_SERIES = """
SELECT s.series_id, sites.customer_id FROM series s JOIN devices USING (device_id) JOIN sources USING (source_id)
JOIN sites USING (site_id)
UNION
SELECT s.series_id, sites.customer_id FROM series s JOIN bindings USING (device_id) JOIN placements USING (asset_id)
JOIN sites ON sites.site_id = placements.site_id
"""
# The oldest changes, as many as span so many hours together, at least one. Bounded by one number, found once: where the
# table was analyzed while empty, a join with the rows to take is planned as if there were one row, and took minutes.
_TAKE = """
DELETE FROM changed_ranges WHERE change_id <= (
    SELECT max(change_id) FROM (
        SELECT change_id, row_number() OVER arrival AS number,
               sum(extract(epoch FROM range_through - range_from) / 3600 + 1) OVER arrival AS hours
        FROM (SELECT * FROM changed_ranges WHERE change_id <= %(newest)s ORDER BY change_id LIMIT %(most)s) oldest
        WINDOW arrival AS (ORDER BY change_id)
    ) waiting
    WHERE number = 1 OR hours <= %(hours)s
)
RETURNING series_id, range_from, range_through, received_at
"""
_NEWEST = "SELECT coalesce(max(change_id), 0) FROM changed_ranges"
_MARK_DUE = f"""
INSERT INTO assessments_due AS due (customer_id, changed_from, due_since, received_at)
SELECT customer_id, min(range_from), %(now)s, max(received_at)
FROM unnest(%(series)s::int[], %(from)s::timestamptz[], %(received)s::timestamptz[])
    AS changed (series_id, range_from, received_at)
JOIN ({_CUSTOMERS_OF_SERIES}) AS speaks USING (series_id)
GROUP BY customer_id ORDER BY customer_id
ON CONFLICT (customer_id) DO UPDATE SET changed_from = least(due.changed_from, excluded.changed_from),
    received_at = greatest(due.received_at, excluded.received_at)
"""
_STILL_CHANGING = f"""
SELECT customer_id, min(range_from) FROM changed_ranges JOIN ({_CUSTOMERS_OF_SERIES}) AS speaks USING (series_id)
GROUP BY customer_id
"""
_DUE = "SELECT customer_id, changed_from, due_since, received_at FROM assessments_due"


@dataclass(frozen=True, kw_only=True)
class Due:
    """What changed for a customer since its last assessment, and when that came in (wall time)."""

    changed_from: datetime
    due_since: datetime
    received_at: datetime


def newest_change(conn: psycopg.Connection) -> int:
    """The number of the newest change that waits; 0 where none does."""
    row = conn.execute(_NEWEST).fetchone()
    return int(row[0]) if row else 0


def take_changes(
    conn: psycopg.Connection, *, newest: int, most: int, hours: float, now: datetime, fence: Fence = unfenced
) -> int:
    """Roll up the oldest changes up to number `newest`, and commit; return how many there were, 0 when all are done.

    It takes at most `most`, which together span at most `hours` unless one alone does. Changes of sources that belong
    to nobody yet are rolled up too: assigning them opens them again.
    """
    with conn.transaction():
        fence(conn)
        rows = conn.execute(_TAKE, {"newest": newest, "most": most, "hours": hours}).fetchall()
        if not rows:
            return 0
        roll_up(conn, [ChangedRange(series_id=s, range_from=a, range_through=b) for s, a, b, _ in rows])
        series, since, _, received = (list(column) for column in zip(*rows, strict=True))
        conn.execute(_MARK_DUE, {"series": series, "from": since, "received": received, "now": now})
    return len(rows)


def still_changing(conn: psycopg.Connection) -> dict[int, datetime]:
    """From when on each customer has changes that are not rolled up yet."""
    return dict(conn.execute(_STILL_CHANGING).fetchall())


def read_due(conn: psycopg.Connection) -> dict[int, Due]:
    """Customers whose rollups changed since their last assessment."""
    return {
        customer_id: Due(changed_from=changed_from, due_since=due_since, received_at=received_at)
        for customer_id, changed_from, due_since, received_at in conn.execute(_DUE)
    }

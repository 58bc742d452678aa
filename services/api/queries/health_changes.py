"""What moved customers' health between two days: the stored parts of the days between them, added up."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from services.api.database import rows

# From the day that was asked for, else seven days before the last; up to the day asked for, else the newest.
_SPANS = """
WITH spans AS (
    SELECT customer_id, coalesce(%(last)s::date, newest.day) AS last,
           coalesce(%(first)s::date, greatest(coalesce(%(last)s::date, newest.day) - 7, '0001-01-01')) AS first
    FROM unnest(%(customers)s::int[]) AS wanted (customer_id)
    CROSS JOIN LATERAL (SELECT max(day) AS day FROM customer_health h WHERE h.customer_id = wanted.customer_id) newest
)
"""
_ENDS = f"""
{_SPANS}
SELECT spans.customer_id, spans.first, spans.last, b.health AS before, a.health AS after FROM spans
LEFT JOIN customer_health b ON b.customer_id = spans.customer_id AND b.day = spans.first
LEFT JOIN customer_health a ON a.customer_id = spans.customer_id AND a.day = spans.last
WHERE spans.last IS NOT NULL
"""
# One row a scope, reason and cause of a measure. A scope is named as it is called now; a machine's line is the newest
# that it stood on with this customer.
_PARTS = f"""
{_SPANS}, moved AS (
    SELECT h.customer_id, part ->> 'measure' AS measure, part ->> 'why' AS why, part ->> 'scope_type' AS scope_type,
           (part ->> 'scope_id')::int AS scope_id, part ->> 'cause' AS cause,
           sum((part ->> 'points')::float8) AS points, sum((part ->> 'amount')::float8) AS amount,
           sum((part ->> 'past')::float8) AS past
    FROM spans JOIN customer_health h ON h.customer_id = spans.customer_id
        AND h.day > spans.first AND h.day <= spans.last
    CROSS JOIN LATERAL jsonb_array_elements(h.change -> 'parts') AS part
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT moved.*, CASE moved.scope_type WHEN 'asset' THEN a.name WHEN 'site' THEN s.name END AS scope_name,
       line.name AS line
FROM moved
LEFT JOIN assets a ON moved.scope_type = 'asset' AND a.asset_id = moved.scope_id
LEFT JOIN sites s ON moved.scope_type = 'site' AND s.site_id = moved.scope_id
LEFT JOIN LATERAL (
    SELECT l.name FROM placements p JOIN sites here USING (site_id) LEFT JOIN lines l ON l.line_id = p.line_id
    WHERE p.asset_id = a.asset_id AND here.customer_id = moved.customer_id
    ORDER BY p.valid_from DESC LIMIT 1) line ON true
ORDER BY moved.customer_id, moved.measure, moved.why, moved.scope_type, moved.scope_id, moved.cause
"""


def moved_between(
    conn: psycopg.Connection, customers: Sequence[int], *, first: date | None, last: date | None
) -> list[dict[str, Any]]:
    """For each of the customers of whom anything is judged: first and last day, health on both, and the summed parts.

    The caller holds the scope.
    """
    asked = {"customers": list(customers), "first": first, "last": last}
    parts: dict[int, list[dict[str, Any]]] = {}
    for part in rows(conn, _PARTS, asked):
        parts.setdefault(part.pop("customer_id"), []).append(part)
    return [{**ends, "parts": parts.get(ends["customer_id"], [])} for ends in rows(conn, _ENDS, asked)]

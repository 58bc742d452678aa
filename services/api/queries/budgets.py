"""How many new alerts owners were shown a week, and what the budget held back."""

from typing import Any

import psycopg

from services.api.database import rows
from services.api.queries.customers import DEMO
from shared.alerts import MOST_A_WEEK

_BUDGETS = f"""
SELECT c.customer_id AS id, c.external_id, c.name, {DEMO} AS demo, o.*,
       (SELECT count(*) FROM generate_series(o.first_week, o.last_week, interval '7 days')) AS weeks,
       (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY (
            SELECT count(*) FROM alerts s WHERE s.customer_id = c.customer_id AND s.owner_role = o.owner_role
                AND s.shown_at >= week AND s.shown_at < week + interval '7 days'))
        FROM generate_series(o.first_week, o.last_week, interval '7 days') week) AS new_a_week_p95
FROM (
    SELECT a.customer_id, owner_role, count(shown_at) AS shown,
           count(*) FILTER (WHERE shown_at > opened_at) AS delayed,
           count(*) FILTER (WHERE withheld = 'budget') AS held_back,
           count(*) FILTER (WHERE withheld = 'budget' AND resolution = 'materialised') AS held_back_materialised,
           sum(stake_hours) FILTER (WHERE withheld = 'budget') AS held_back_stake_hours,
           min(date_trunc('week', (SELECT min(f.opened_at) FROM alerts f WHERE f.customer_id = a.customer_id)))
               AS first_week,
           max(date_trunc('week', assessed_through)) AS last_week
    FROM alerts a JOIN model_states USING (customer_id)
    WHERE opened_at IS NOT NULL AND (%(customers)s::int[] IS NULL OR a.customer_id = ANY(%(customers)s))
    GROUP BY a.customer_id, owner_role
) o JOIN customers c USING (customer_id)
ORDER BY held_back DESC, c.customer_id, owner_role
"""


def list_budgets(conn: psycopg.Connection, customers: list[int] | None) -> list[dict[str, Any]]:
    """All owners that ever had an alert, those from whom most was held back first."""
    found = rows(conn, _BUDGETS, {"customers": customers})
    reference = ("id", "external_id", "name", "demo")
    hidden = {*reference, "customer_id", "first_week", "last_week"}
    return [
        {name: value for name, value in each.items() if name not in hidden}
        | {"customer": {name: each[name] for name in reference}, "most_a_week": MOST_A_WEEK}
        for each in found
    ]

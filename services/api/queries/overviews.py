"""What a row of an account shows beside its health and alerts, for all accounts at once."""

from collections.abc import Sequence
from typing import Any

import psycopg

from services.api.database import rows

_WEEKS = """
SELECT w.customer_id, array_agg(h.health ORDER BY w.day) AS weekly FROM (
    SELECT newest.customer_id, (newest.day - 7 * back)::date AS day
    FROM (SELECT customer_id, max(day) AS day FROM customer_health
          WHERE customer_id = ANY(%(customers)s) GROUP BY 1) newest
    CROSS JOIN generate_series(0, 25) back) w
LEFT JOIN customer_health h ON h.customer_id = w.customer_id AND h.day = w.day GROUP BY 1
"""
_PROMISES = """
SELECT DISTINCT ON (customer_id) customer_id, ratio AS value, ratio_low AS low, ratio_high AS high, ratio_of AS of
FROM value_cumulated WHERE customer_id = ANY(%(customers)s) AND line_of_business = '*' ORDER BY customer_id, month DESC
"""
_NEXT = """
SELECT f.customer_id, f.kind, f.subject, f.day, f.verdict, f.value, f.low, f.high, f.unit, f.currency, f.basis,
       f.ready_on, f.evidence
FROM account_findings f
JOIN (SELECT customer_id, max(day) AS day FROM account_findings
      WHERE customer_id = ANY(%(customers)s) GROUP BY 1) newest USING (customer_id, day)
WHERE f.kind = 'next_improvement'
"""
_SITES = "SELECT customer_id, count(*) AS sites FROM sites WHERE customer_id = ANY(%(customers)s) GROUP BY 1"
_BUDGETS = """
SELECT c.external_id AS contract, s.day, (s.evidence ->> 'spent_h')::float8 AS spent,
       (s.evidence ->> 'budget_h')::float8 AS budget
FROM signals s JOIN contracts c ON c.contract_id = s.scope_id
WHERE s.customer_id = %(customer)s AND s.scope_type = 'contract' AND s.kind = 'attributed_availability'
  AND s.day >= %(first)s AND s.evidence ? 'spent_h' ORDER BY s.day
"""


def overviews(conn: psycopg.Connection, customers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """By customer: health of each week, the newest ratio to the promise, the next improvement, how many sites.

    The caller holds the scope.
    """
    of = {"customers": list(customers)}
    weekly = {each["customer_id"]: each["weekly"] for each in rows(conn, _WEEKS, of)}
    promises = {each.pop("customer_id"): each for each in rows(conn, _PROMISES, of)}
    following = {each.pop("customer_id"): each for each in rows(conn, _NEXT, of)}
    sites = {each["customer_id"]: each["sites"] for each in rows(conn, _SITES, of)}
    return {
        customer: {
            "weekly": weekly.get(customer, []),
            "promise": promise if (promise := promises.get(customer)) and promise["value"] is not None else None,
            "next_improvement": following.get(customer),
            "sites": sites.get(customer, 0),
        }
        for customer in customers
    }


def budget_course(conn: psycopg.Connection, customer: int, first: object) -> list[dict[str, Any]]:
    """Hours of each guarantee spent and allowed, as judged on each day since `first`; the caller holds the scope."""
    return rows(conn, _BUDGETS, {"customer": customer, "first": first})

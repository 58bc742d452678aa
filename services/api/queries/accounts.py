"""Findings about an account, as health has stored them."""

from datetime import date
from typing import Any

import psycopg

from services.api.database import row, rows
from services.api.queries.customers import DEMO
from shared.errors import NotFoundError

_CUSTOMER = f"""
SELECT customer_id AS id, external_id, name, {DEMO} AS demo, assessed_through,
       (SELECT max(day) FROM account_findings f WHERE f.customer_id = c.customer_id
            AND (%(on)s::date IS NULL OR day <= %(on)s)) AS as_of
FROM customers c LEFT JOIN model_states USING (customer_id)
WHERE customer_id = %(customer)s AND (%(customers)s::int[] IS NULL OR customer_id = ANY(%(customers)s))
"""
_FINDINGS = """
SELECT kind, subject, day, verdict, value, low, high, unit, currency, basis, ready_on, evidence FROM account_findings
WHERE customer_id = %(customer)s AND day = %(as_of)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)
ORDER BY kind, subject
"""
_LEAST_CUSTOMERS = 5
_PLAYS = """
SELECT DISTINCT ON (play) play, as_of, verdict, effect, low, high, acted, left_alone, customers, needed
FROM play_scores ORDER BY play, as_of DESC
"""


def newest_plays(conn: psycopg.Connection, customers: list[int] | None) -> list[dict[str, Any]]:
    """The newest score of each play; to a key of some customers, only of plays at five customers at least."""
    found = rows(conn, _PLAYS, {})
    return [each for each in found if customers is None or each["customers"] >= _LEAST_CUSTOMERS]


def get_account(
    conn: psycopg.Connection,
    customers: list[int] | None,
    customer: int,
    *,
    on: date | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    """The customer and its findings at the newest kept midnight up to `on`; raise NotFoundError outside the scope."""
    found = row(conn, _CUSTOMER, {"customer": customer, "customers": customers, "on": on})
    if found is None:
        raise NotFoundError(f"no customer {customer}")
    as_of, through = found.pop("as_of"), found.pop("assessed_through")
    told = rows(conn, _FINDINGS, {"customer": customer, "as_of": as_of, "kind": kind})
    return {"customer": found, "as_of": as_of, "findings": told, "assessed_through": through}

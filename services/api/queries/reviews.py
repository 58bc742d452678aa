"""Reviews: what they are made from, and those that were made."""

from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.api.database import row, rows
from services.api.queries.customers import DEMO, customer_assessed_through
from services.api.review.assembling import in_this_layout, review_body
from services.api.review.differences import what_changed
from services.api.review.review_rows import (
    EventRow,
    HoursRow,
    PromiseRow,
    ReviewRows,
    SinceStartRow,
    SuggestionRow,
    ValueRow,
    WindowRow,
)
from shared.errors import InvalidActionError, NotFoundError
from shared.locks import AdvisoryLock
from shared.months import month_number, month_start
from shared.records.said_numbers import said_number
from shared.stays import STAYS, lasted_on

_CUSTOMER = f"SELECT name, {DEMO} AS demo FROM customers WHERE customer_id = %(customer)s"
_PROMISES = """
SELECT newest.external_id AS contract, starts_on, currency, promised_annual_value::float8, promised_availability,
       promise_basis, guaranteed_availability, g.value AS attributed_availability
FROM (SELECT DISTINCT ON (record_source, external_id) * FROM contracts
      WHERE customer_id = %(customer)s AND valid_from <= %(last)s
      ORDER BY record_source, external_id, valid_from DESC) newest
CROSS JOIN LATERAL (SELECT min(contract_id) AS scope_id FROM contracts v
    WHERE v.record_source = newest.record_source AND v.external_id = newest.external_id) first
LEFT JOIN LATERAL (SELECT value FROM signals WHERE customer_id = %(customer)s AND scope_type = 'contract'
    AND scope_id = first.scope_id AND kind = 'attributed_availability'
    AND day BETWEEN %(first)s AND %(last)s::date + 1 ORDER BY day DESC LIMIT 1) g
    ON guaranteed_availability IS NOT NULL
WHERE starts_on <= %(last)s AND (ends_on IS NULL OR ends_on >= %(first)s)
"""
_VALUES = """
SELECT month, line_of_business, counterfactual, hours_avoided, good_units_gained, money, money_low, money_high,
       CASE WHEN maintenance_currency = currency THEN maintenance END AS maintenance,
       CASE WHEN fees_currency = currency THEN fees END AS fees, net, currency, basis, said_on, promised_money
FROM value_monthly WHERE customer_id = %(customer)s AND month >= %(earliest)s AND month <= %(last)s
"""
_SINCE_START = """
SELECT months, money_months, hours_avoided, money, net, currency, promised_money, ratio, ratio_of FROM value_cumulated
WHERE customer_id = %(customer)s AND line_of_business = '*' AND month = date_trunc('month', %(last)s::date)::date
"""
# An id is of one source of records: what came from the same one is meant, else the first by its source's name.
# Nobody is named in it, and nothing is told of fewer than five others.
_SUGGESTIONS = """
SELECT day, f.evidence ->> 'title' AS title, f.value AS hours, coalesce(o.description, o.kpi) AS objective,
       (proof ->> 'customers')::int AS others, (proof ->> 'hours_saved_per_1000_h')::float8 AS saved
FROM account_findings f
LEFT JOIN LATERAL (SELECT f.evidence -> 'proof' AS proof) p ON proof ->> 'verdict' = 'works'
LEFT JOIN LATERAL (SELECT description, kpi FROM objectives WHERE customer_id = f.customer_id
    AND external_id = f.evidence ->> 'objective' ORDER BY record_source LIMIT 1) o ON true
WHERE f.customer_id = %(customer)s AND f.kind = 'next_improvement' AND verdict = 'to_propose'
  AND f.evidence ->> 'title' IS NOT NULL AND day BETWEEN %(first)s AND %(after)s ORDER BY day DESC LIMIT 1
"""
# Machines count as long as they stood at the customer.
_HOURS = f"""
SELECT date_trunc('month', day)::date AS month,
       sum(pbt_s) / 3600 AS planned_h, sum(pbt_s - unknown_s) / 3600 AS known_h,
       sum(supplier_down_s) / 3600 AS supplier_h, sum(customer_down_s) / 3600 AS customer_h,
       sum(operator_down_s) / 3600 AS operator_h, sum(external_down_s) / 3600 AS external_h,
       sum(unknown_down_s) / 3600 AS unknown_h
FROM times_daily t
JOIN {STAYS} p ON p.asset_id = t.asset_id AND {lasted_on("p", "t.day")}
JOIN sites USING (site_id)
WHERE customer_id = %(customer)s AND day BETWEEN %(first)s AND %(last)s GROUP BY 1
"""
_WINDOWS = """
SELECT k.external_id AS contract, (o.at - interval '1 second')::date AS ended_on, NOT o.happened AS kept
FROM outcomes o JOIN contracts k ON k.contract_id = o.scope_id
WHERE o.customer_id = %(customer)s AND o.scope_type = 'contract' AND o.outcome = 'guarantee_window'
  AND o.at > %(first)s AND o.at <= %(after)s
"""
_EVENTS = f"""
SELECT e.at, e.kind, coalesce(a.name, l.name, s.name) AS "where", e.attributes ->> 'id' AS id,
       e.attributes ->> 'title' AS title, e.attributes ->> 'status' AS status,
       e.attributes ->> 'capability' AS capability, e.attributes ->> 'version' AS version,
       e.attributes ->> 'what' AS what, e.attributes ->> 'due_on' AS due_on, e.attributes ->> 'kept_on' AS kept_on,
       e.attributes ->> 'expected_hours' AS expected_hours, e.attributes ->> 'expected_money' AS expected_money,
       e.attributes ->> 'currency' AS currency, coalesce(o.description, o.kpi) AS objective
FROM events e
LEFT JOIN sites s ON e.scope_type = 'site' AND s.site_id = e.scope_id
LEFT JOIN lines l ON e.scope_type = 'line' AND l.line_id = e.scope_id
LEFT JOIN assets a ON e.scope_type = 'asset' AND a.asset_id = e.scope_id
LEFT JOIN LATERAL (SELECT description, kpi FROM objectives WHERE customer_id = %(customer)s
    AND external_id = e.attributes ->> 'objective'
    ORDER BY record_source <> e.record_source, record_source LIMIT 1) o ON true
WHERE e.at < %(after)s AND e.kind IN ('software_release', 'retrofit', 'training', 'capability_adopted', 'baseline',
      'improvement', 'commitment')
  AND %(customer)s = CASE e.scope_type WHEN 'customer' THEN e.scope_id WHEN 'site' THEN s.customer_id
      WHEN 'line' THEN (SELECT customer_id FROM sites WHERE site_id = l.site_id)
      ELSE (SELECT customer_id FROM {STAYS} p JOIN sites USING (site_id) WHERE p.asset_id = e.scope_id
            AND {lasted_on("p", "e.at::date")}) END
ORDER BY e.at, e.record_source, e.external_id
"""
_COMMISSIONED = f"""
SELECT DISTINCT commissioned_on, name FROM assets JOIN {STAYS} p USING (asset_id)
WHERE commissioned_on BETWEEN %(first)s AND %(last)s
  AND {lasted_on("p", "commissioned_on")}
  AND site_id IN (SELECT site_id FROM sites WHERE customer_id = %(customer)s)
"""
_MADE = f"""
SELECT r.review_id AS id, r.customer_id, c.external_id, c.name, {DEMO} AS demo, first_day, last_day, version,
       inputs_digest, body, changed, made_at, made_by
FROM reviews r JOIN customers c USING (customer_id)
WHERE r.customer_id = %(customer)s
"""
_INSERT = """
INSERT INTO reviews (customer_id, first_day, last_day, version, inputs_digest, body, changed, made_at, made_by)
VALUES (%(customer)s, %(first)s, %(last)s, %(version)s, %(digest)s, %(body)s, %(changed)s, %(now)s, %(by)s)
RETURNING review_id
"""


def make_review(
    conn: psycopg.Connection,
    customers: list[int] | None,
    customer: int,
    *,
    first: date,
    last: date,
    now: datetime,
    by: str,
) -> dict[str, Any]:
    """The review of whole months, from what is stored now: a new version where that says something else than the
    newest one was made from, else that one.

    Raises NotFoundError outside the scope, InvalidActionError while the period is not over and assessed.
    """
    through = customer_assessed_through(conn, customers, customer)
    # Two who ask at once make one version; what health saves meanwhile is not held up.
    conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", [AdvisoryLock.REVIEWS_OF, customer])
    if through is None or through.date() <= last:
        reached = "not at all" if through is None else f"through {through:%Y-%m-%d %H:%M} UTC"
        raise InvalidActionError(f"the customer is assessed {reached}; ask for a period that ends before that")
    told = review_rows(conn, customer, first=first, last=last)
    asked = {"customer": customer, "first": first, "last": last}
    of_period = f"{_MADE} AND first_day = %(first)s AND last_day = %(last)s ORDER BY version DESC LIMIT 1"
    newest = row(conn, of_period, asked)
    digest = told.digest()
    if newest is None or newest["inputs_digest"] != digest:
        body = review_body(told, as_of=through)
        conn.execute(
            _INSERT,
            asked
            | {
                "version": 1 if newest is None else newest["version"] + 1,
                "digest": digest,
                "body": Jsonb(body),
                "changed": Jsonb([] if newest is None else what_changed(in_this_layout(newest["body"]), body)),
                "now": now,
                "by": by,
            },
        )
        newest = row(conn, of_period, asked)
    return _review(newest or {})


def review_rows(conn: psycopg.Connection, customer: int, *, first: date, last: date) -> ReviewRows:
    """What a review of [first, last] is made from, as it is stored now."""
    months = month_number(last) - month_number(first) + 1
    asked = {
        "customer": customer,
        "first": first,
        "last": last,
        "after": last + timedelta(days=1),
        "earliest": month_start(month_number(first) - months),
    }
    who = row(conn, _CUSTOMER, asked) or {}
    return ReviewRows(
        customer=who["name"],
        demo=who["demo"],
        first=first,
        last=last,
        promises=conn.cursor(row_factory=class_row(PromiseRow)).execute(_PROMISES, asked).fetchall(),
        values=conn.cursor(row_factory=class_row(ValueRow)).execute(_VALUES, asked).fetchall(),
        since_start=conn.cursor(row_factory=class_row(SinceStartRow)).execute(_SINCE_START, asked).fetchall(),
        suggestions=conn.cursor(row_factory=class_row(SuggestionRow)).execute(_SUGGESTIONS, asked).fetchall(),
        hours=conn.cursor(row_factory=class_row(HoursRow)).execute(_HOURS, asked).fetchall(),
        windows=conn.cursor(row_factory=class_row(WindowRow)).execute(_WINDOWS, asked).fetchall(),
        events=[_event(each) for each in rows(conn, _EVENTS, asked)],
        commissioned=conn.execute(_COMMISSIONED, asked).fetchall(),
    )


def _event(told: dict[str, Any]) -> EventRow:
    return EventRow(**told | {name: said_number(told[name]) for name in ("expected_hours", "expected_money")})


def list_reviews(
    conn: psycopg.Connection, customers: list[int] | None, customer: int, *, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Up to `limit` reviews of a customer, the newest first, those made before one; NotFoundError outside the scope."""
    customer_assessed_through(conn, customers, customer)
    query = f"{_MADE} AND (%(before)s::int IS NULL OR review_id < %(before)s) ORDER BY review_id DESC LIMIT %(limit)s"
    return [_review(each) for each in rows(conn, query, {"customer": customer, "before": before, "limit": limit})]


def get_review(conn: psycopg.Connection, customers: list[int] | None, customer: int, review: int) -> dict[str, Any]:
    """One review as it was made; raise NotFoundError for one that is not this customer's, or outside the scope."""
    customer_assessed_through(conn, customers, customer)
    found = row(conn, f"{_MADE} AND review_id = %(review)s", {"customer": customer, "review": review})
    if found is None:
        raise NotFoundError(f"no review {review} of customer {customer}")
    return _review(found)


def _review(found: dict[str, Any]) -> dict[str, Any]:
    named = ("id", "version", "inputs_digest", "body", "changed", "made_at", "made_by")
    return {name: found[name] for name in named} | {
        "customer": {
            "id": found["customer_id"],
            "external_id": found["external_id"],
            "name": found["name"],
            "demo": found["demo"],
        },
        "first_day": found["first_day"],
        "last_day": found["last_day"],
    }

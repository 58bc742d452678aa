"""Customers, their sites, contracts, owners, assets, value and health."""

from datetime import date, datetime
from typing import Any

import psycopg

from services.api.database import row, rows
from services.api.queries.world import world_of
from shared.errors import NotFoundError

DEMO = "coalesce((SELECT purpose = 'demo' FROM deployment), false)"
# Whose an asset was on a day: what it did elsewhere is nobody's business here.
_STOOD_AT = """(
    SELECT s.customer_id FROM placements p JOIN sites s USING (site_id)
    WHERE p.asset_id = {asset} AND p.valid_from <= {day} ORDER BY p.valid_from DESC LIMIT 1)"""


def stood_at(asset: str, day: str) -> str:
    """SQL for the customer at whose site an asset stood on a day, both given as SQL."""
    return _STOOD_AT.format(asset=asset, day=day)


# The newest state of asset `a` while it stood at customer `c`.
STATE = f"""
LEFT JOIN LATERAL (
    SELECT state, started_at, cause, failure FROM state_intervals
    WHERE asset_id = a.asset_id AND {stood_at("a.asset_id", "started_at::date")} = c.customer_id
    ORDER BY started_at DESC LIMIT 1) i ON true
"""
_CUSTOMERS = f"""
SELECT c.customer_id, c.external_id, c.record_source, c.name, c.segment, c.data_use, m.assessed_through,
       {DEMO} AS demo, h.day, h.health, h.coverage, h.contributions, a.act, a.watch
FROM customers c
LEFT JOIN model_states m USING (customer_id)
LEFT JOIN LATERAL (
    SELECT day, health, coverage, contributions FROM customer_health
    WHERE customer_id = c.customer_id ORDER BY day DESC LIMIT 1) h ON true
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE tier = 'act') AS act, count(*) FILTER (WHERE tier = 'watch') AS watch
    FROM alerts WHERE customer_id = c.customer_id AND state IN ('open', 'acknowledged')
                  AND withheld IS NULL AND (snoozed_until IS NULL OR snoozed_until <= %(now)s)) a
WHERE (%(customers)s::int[] IS NULL OR c.customer_id = ANY(%(customers)s))
"""
_SITES = """
SELECT s.site_id AS id, s.external_id, s.name, s.timezone,
       (SELECT count(*) FROM assets a WHERE s.site_id = (
            SELECT p.site_id FROM placements p WHERE p.asset_id = a.asset_id AND p.valid_from <= %(today)s
            ORDER BY p.valid_from DESC LIMIT 1)) AS assets
FROM sites s WHERE s.customer_id = %(customer)s ORDER BY s.site_id
"""
_CONTRACTS = """
SELECT * FROM (
    SELECT DISTINCT ON (record_source, external_id) * FROM contracts
    WHERE customer_id = %(customer)s AND valid_from <= %(on)s
    ORDER BY record_source, external_id, valid_from DESC) newest
WHERE starts_on <= %(on)s AND (ends_on IS NULL OR ends_on >= %(on)s)
ORDER BY starts_on, external_id
"""
# What was last concluded of each contract in force: its signals hang on the first row of its versions.
_GUARANTEES = f"""
SELECT c.external_id AS contract, g.day, g.value, g.confidence, g.expected_at, g.expected_low, g.expected_high,
       g.evidence, c.guaranteed_availability
FROM ({_CONTRACTS}) c
CROSS JOIN LATERAL (SELECT min(contract_id) AS scope_id FROM contracts v
                    WHERE v.record_source = c.record_source AND v.external_id = c.external_id) first
LEFT JOIN LATERAL (
    SELECT day, value, confidence, expected_at, expected_low, expected_high, evidence FROM signals
    WHERE customer_id = %(customer)s AND scope_type = 'contract' AND scope_id = first.scope_id
      AND kind = 'attributed_availability' ORDER BY day DESC LIMIT 1) g ON true
WHERE c.guaranteed_availability IS NOT NULL ORDER BY c.external_id
"""
# The newest `renewal_risk` of each contract in force.
_RENEWAL_RISKS = f"""
SELECT c.record_source, c.external_id, r.day, r.value, r.evidence
FROM ({_CONTRACTS}) c
CROSS JOIN LATERAL (SELECT min(contract_id) AS scope_id FROM contracts v
                    WHERE v.record_source = c.record_source AND v.external_id = c.external_id) first
JOIN LATERAL (
    SELECT day, value, evidence FROM signals
    WHERE customer_id = %(customer)s AND scope_type = 'contract' AND scope_id = first.scope_id
      AND kind = 'renewal_risk' ORDER BY day DESC LIMIT 1) r ON true
"""
_TREND = """
SELECT day, value, evidence FROM signals
WHERE customer_id = %(customer)s AND scope_type = 'customer' AND scope_id = %(customer)s AND kind = 'trend'
ORDER BY day DESC LIMIT 1
"""
_OWNERS = """
SELECT DISTINCT ON (role) role, person, email FROM owners
WHERE customer_id = %(customer)s AND valid_from <= %(on)s ORDER BY role, valid_from DESC, owner_id DESC
"""
_VALUE = """
SELECT month, line_of_business, rung, counterfactual, hours_avoided, good_units_gained, money, money_low, money_high,
       currency, basis, promised_money, coverage
FROM value_monthly WHERE customer_id = %(customer)s AND month > %(on)s::date - interval '24 months'
ORDER BY month, line_of_business
"""
_ASSETS = f"""
SELECT a.asset_id AS id, a.external_id, a.name, t.name AS asset_type, p.site_id, p.line_id, m.assessed_through,
       i.state, i.started_at, i.cause, i.failure
FROM assets a
JOIN asset_types t USING (asset_type_id)
JOIN LATERAL (SELECT site_id, line_id FROM placements WHERE asset_id = a.asset_id AND valid_from <= %(today)s
              ORDER BY valid_from DESC LIMIT 1) p ON true
JOIN sites s ON s.site_id = p.site_id AND s.customer_id = %(customer)s
JOIN customers c ON c.customer_id = s.customer_id
LEFT JOIN model_states m ON m.customer_id = c.customer_id
{STATE}
WHERE a.asset_id > %(after)s ORDER BY a.asset_id LIMIT %(limit)s
"""
_HEALTH = """
SELECT day, health, coverage, contributions, groups, exceptions FROM customer_health
WHERE customer_id = %(customer)s
  AND (%(before)s::date IS NULL OR day < %(before)s)
  AND (%(first)s::date IS NULL OR day >= %(first)s)
  AND (%(last)s::date IS NULL OR day <= %(last)s)
ORDER BY day DESC LIMIT %(limit)s
"""


def is_demo(conn: psycopg.Connection) -> bool:
    """Whether this deployment is a demonstration."""
    found = row(conn, f"SELECT {DEMO} AS demo", [])
    return found is not None and found["demo"]


def list_customers(
    conn: psycopg.Connection, customers: list[int] | None, *, after: int, limit: int, now: datetime
) -> list[dict[str, Any]]:
    """Up to `limit` customers with an id above `after`, by id."""
    query = f"{_CUSTOMERS} AND c.customer_id > %(after)s ORDER BY c.customer_id LIMIT %(limit)s"
    found = rows(conn, query, {"customers": customers, "after": after, "limit": limit, "now": now})
    return [_customer(each) for each in found]


def get_customer(
    conn: psycopg.Connection, customers: list[int] | None, customer: int, *, now: datetime
) -> dict[str, Any]:
    """One customer with what holds at its `assessed_through` (today where nothing is assessed yet).

    Where assets stand is told of today, as it decides who may see them.
    """
    found = _require(conn, customers, customer, now)
    at = {"customer": customer, "on": _holds_on(found, now), "today": now.date()}
    risks = {(r["record_source"], r["external_id"]): _renewal_risk(r) for r in rows(conn, _RENEWAL_RISKS, at)}
    return {
        **_customer(found),
        "data_use": found["data_use"],
        "sites": rows(conn, _SITES, at),
        "trend": _trend(row(conn, _TREND, at)),
        "contracts": [
            {**_contract(each), "renewal_risk": risks.get((each["record_source"], each["external_id"]))}
            for each in rows(conn, _CONTRACTS, at)
        ],
        "guarantees": [_guarantee(each) for each in rows(conn, _GUARANTEES, at)],
        "owners": rows(conn, _OWNERS, at),
        "value": [_value(each) for each in rows(conn, _VALUE, at)],
        **world_of(conn, customer),
    }


def customer_assessed_through(conn: psycopg.Connection, customers: list[int] | None, customer: int) -> datetime | None:
    """How far one customer is assessed; raise NotFoundError outside the scope."""
    found = row(
        conn,
        "SELECT m.assessed_through FROM customers c LEFT JOIN model_states m USING (customer_id)"
        " WHERE c.customer_id = %(customer)s"
        " AND (%(customers)s::int[] IS NULL OR c.customer_id = ANY(%(customers)s))",
        {"customer": customer, "customers": customers},
    )
    if found is None:
        raise NotFoundError(f"no customer {customer}")
    through: datetime | None = found["assessed_through"]
    return through


def list_health(
    conn: psycopg.Connection,
    customer: int,
    *,
    first: date | None,
    last: date | None,
    before: date | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Up to `limit` days of health from `first` through `last`, newest first, those before `before` only.

    The caller has asked `customer_assessed_through` first, which holds the scope.
    """
    return rows(conn, _HEALTH, {"customer": customer, "first": first, "last": last, "before": before, "limit": limit})


def list_assets(
    conn: psycopg.Connection, customers: list[int] | None, customer: int, *, after: int, limit: int, now: datetime
) -> list[dict[str, Any]]:
    """Up to `limit` assets that stand at the customer's sites today, with an id above `after`, by id."""
    _require(conn, customers, customer, now)
    at = {"customer": customer, "today": now.date(), "after": after, "limit": limit}
    return [_asset(each) for each in rows(conn, _ASSETS, at)]


def _require(conn: psycopg.Connection, customers: list[int] | None, customer: int, now: datetime) -> dict[str, Any]:
    found = row(
        conn,
        f"{_CUSTOMERS} AND c.customer_id = %(customer)s",
        {"customers": customers, "customer": customer, "now": now},
    )
    if found is None:
        raise NotFoundError(f"no customer {customer}")
    return found


def _holds_on(found: dict[str, Any], now: datetime) -> date:
    at: datetime = now if found["assessed_through"] is None else found["assessed_through"]
    return at.date()


def _customer(found: dict[str, Any]) -> dict[str, Any]:
    names = ("external_id", "record_source", "name", "demo", "segment", "assessed_through")
    health = {name: found[name] for name in ("day", "health", "coverage", "contributions")}
    return {
        "id": found["customer_id"],
        **{name: found[name] for name in names},
        "health": None if found["day"] is None else health,
        "open_alerts": {"act": found["act"], "watch": found["watch"]},
    }


def _money(amount: object, currency: str | None, basis: str) -> dict[str, Any] | None:
    return None if amount is None else {"amount": amount, "currency": currency, "basis": basis}


def _contract(found: dict[str, Any]) -> dict[str, Any]:
    names = (
        "external_id",
        "valid_from",
        "starts_on",
        "ends_on",
        "guaranteed_availability",
        "guarantee_window_days",
        "guarantee_window",
        "guarantee_exclusions",
        "promised_availability",
        "promise_basis",
    )
    amounts = ("annual_value", "credit_per_point", "credit_cap", "bonus_per_point", "promised_annual_value")
    return {name: found[name] for name in names} | {
        name: _money(found[name], found["currency"], "contract") for name in amounts
    }


def _renewal_risk(found: dict[str, Any]) -> dict[str, Any]:
    told = found["evidence"]
    learned_from = told.get("learned_from", 0)  # not said before there was any learning
    return {
        "day": found["day"],
        "risk": found["value"],
        "prior": told["prior"],
        "learned_from": learned_from,
        "contributions": told["contributions"],
    }


def _trend(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """How the customer's uptime has gone since the first month; None before its first month is over."""
    if found is None:
        return None
    names = ("verdict", "months", "ready_on", "slope", "low", "high", "p", "year_over_year")
    return {"day": found["day"], **{name: found["evidence"].get(name) for name in names}}


def _guarantee(found: dict[str, Any]) -> dict[str, Any]:
    """A guarantee as it was last judged; all figures null where it was not, with the reason."""
    told: dict[str, Any] = found["evidence"] or {}
    named = ("window", "first_day", "last_day", "coverage", "spent_h", "budget_h", "expected_h", "machines")
    spent, budget, at = told.get("spent_h"), told.get("budget_h"), found["expected_at"]
    return {
        "contract": found["contract"],
        "as_of": found["day"],
        "guaranteed_availability": found["guaranteed_availability"],
        "attributed_availability": found["value"],
        **{name: told.get(name) for name in named},
        "machines_without_calendar": told.get("machines_without_calendar"),
        "budget_spent": spent / budget if budget and spent is not None else None,
        "burn": told.get("burn", []),
        "breach_probability": found["confidence"],
        "breach_expected": None
        if at is None
        else {"at": at, "low": found["expected_low"], "high": found["expected_high"]},
        "credit": _expected_money(told.get("credit")),
        "bonus": _expected_money(told.get("bonus")),
        "basis": "measured" if "not_claimed" not in told and told else None,
        "not_claimed": told.get("not_claimed", None if told else "nothing is assessed yet"),
    }


def _expected_money(told: dict[str, Any] | None) -> dict[str, Any] | None:
    if told is None:
        return None
    money = _money(told["expected"], told["currency"], "contract")
    return None if money is None else {**money, "low": told["low"], "high": told["high"]}


def _value(found: dict[str, Any]) -> dict[str, Any]:
    money = _money(found.pop("money"), currency := found.pop("currency"), found["basis"])
    low, high = found.pop("money_low"), found.pop("money_high")
    promised = _money(found.pop("promised_money"), currency, "contract")
    return {
        **found,
        "money": None if money is None else {**money, "low": low, "high": high},
        "promised_money": promised,
    }


def _asset(found: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: found[name] for name in ("id", "external_id", "name", "asset_type", "site_id", "line_id")},
        "state": asset_state(found),
        "assessed_through": found["assessed_through"],
    }


def asset_state(found: dict[str, Any]) -> dict[str, Any] | None:
    """The newest state interval of a row, None where the asset never had one."""
    if found["state"] is None:
        return None
    return {
        "state": found["state"],
        "since": found["started_at"],
        "cause": found["cause"],
        "failure": found["failure"],
    }

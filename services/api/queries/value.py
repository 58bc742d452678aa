"""What a customer gained, as health stored it."""

from datetime import date, datetime
from typing import Any

import psycopg

from services.api.database import row, rows
from services.api.queries.customers import DEMO
from services.api.queries.world import world_of
from shared.errors import NotFoundError

_CUSTOMER = f"""
SELECT customer_id, external_id, name, {DEMO} AS demo, assessed_through
FROM customers LEFT JOIN model_states USING (customer_id)
WHERE customer_id = %(customer)s AND (%(customers)s::int[] IS NULL OR customer_id = ANY(%(customers)s))
"""
_SINCE = " WHERE customer_id = %(customer)s AND month > %(on)s::date - make_interval(months => %(months)s)"
_MONTHS = f"SELECT * FROM value_monthly {_SINCE} ORDER BY month, line_of_business"
_SINCE_START = f"SELECT * FROM value_cumulated {_SINCE} ORDER BY month, line_of_business"
_OUTLOOK = """
SELECT * FROM value_outlooks
WHERE customer_id = %(customer)s AND month = (SELECT max(month) FROM value_outlooks WHERE customer_id = %(customer)s)
ORDER BY line_of_business, at, horizon
"""
_UPDATES = (
    "SELECT * FROM update_effects WHERE customer_id = %(customer)s ORDER BY released_on DESC, asset_type, version"
)
_SAID = ("rung", "basis", "author", "said_on", "counterfactual", "coverage")


def get_value(
    conn: psycopg.Connection, customers: list[int] | None, customer: int, *, months: int, now: datetime
) -> dict[str, Any]:
    """One customer's value of its last months; raise NotFoundError outside the scope."""
    found = row(conn, _CUSTOMER, {"customer": customer, "customers": customers})
    if found is None:
        raise NotFoundError(f"no customer {customer}")
    through: datetime | None = found["assessed_through"]
    on: date = (now if through is None else through).date()
    at = {"customer": customer, "on": on, "months": months}
    named = {name: found[name] for name in ("external_id", "name", "demo")}
    return {
        "customer": {"id": found["customer_id"], **named},
        "months": [_month(each) for each in rows(conn, _MONTHS, at)],
        "since_start": [_since_start(each) for each in rows(conn, _SINCE_START, at)],
        "outlook": [_outlook(each) for each in rows(conn, _OUTLOOK, at)],
        "updates": [_update(each) for each in rows(conn, _UPDATES, at)],
        "baseline_proposal": world_of(conn, customer)["baseline_proposal"],
        "assessed_through": through,
    }


def _figure(found: dict[str, Any], name: str, short: str) -> dict[str, Any] | None:
    value = found[name]
    return None if value is None else {"value": value, "low": found[f"{short}_low"], "high": found[f"{short}_high"]}


def _range(found: dict[str, Any], name: str) -> dict[str, Any] | None:
    if found[name] is None:
        return None
    said = {"amount": found[name], "currency": found["currency"], "basis": found["basis"]}
    return {**said, "low": found[f"{name}_low"], "high": found[f"{name}_high"]}


def _money(amount: float | None, currency: str | None, basis: str) -> dict[str, Any] | None:
    return None if amount is None else {"amount": amount, "currency": currency, "basis": basis}


def _ratio(found: dict[str, Any]) -> dict[str, Any] | None:
    told = _figure(found, "ratio", "ratio")
    return None if told is None else {**told, "of": found["ratio_of"]}


def _month(found: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: found[name] for name in (*_SAID, "month", "line_of_business", "net_unknown")},
        "hours_avoided": _figure(found, "hours_avoided", "hours"),
        "good_units_gained": _figure(found, "good_units_gained", "units"),
        "gross": _range(found, "money"),
        "maintenance": _money(found["maintenance"], found["maintenance_currency"], "measured"),
        "fees": _money(found["fees"], found["fees_currency"], "contract"),
        "net": _range(found, "net"),
        "promised": _money(found["promised_money"], found["currency"], "contract"),
    }


def _since_start(found: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: found[name] for name in (*_SAID, "month", "line_of_business", "net_unknown")},
        "months": found["months"],
        "money_months": found["money_months"],
        "hours_avoided": _figure(found, "hours_avoided", "hours"),
        "good_units_gained": _figure(found, "good_units_gained", "units"),
        "gross": _range(found, "money"),
        "gross_unknown": found["money_unknown"],
        "net": _range(found, "net"),
        "promised": _money(found["promised_money"], found["currency"], "contract"),
        "realized_over_promised": _ratio(found),
    }


def _outlook(found: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: found[name] for name in ("month", "line_of_business", "horizon", "at")},
        "hours_avoided": _figure(found, "hours_avoided", "hours"),
        "gross": _range(found, "money"),
        "net": _range(found, "net"),
        "promised": _money(found["promised_money"], found["currency"], "contract"),
        "realized_over_promised": _ratio(found),
    }


def _update(found: dict[str, Any]) -> dict[str, Any]:
    names = ("asset_type", "version", "released_on", "as_of", "days", "machines", "controls", "unknown")
    return {
        **{name: found[name] for name in names},
        "uptime": _figure(found, "uptime", "uptime"),
        "good_rate": _figure(found, "rate", "rate"),
    }

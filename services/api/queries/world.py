"""A customer's business, what it could recover, and its open baseline proposal: the newest signals of it."""

from typing import Any

import psycopg

from services.api.database import rows

_NEWEST = """
SELECT DISTINCT ON (kind) kind, day, value, evidence FROM signals
WHERE customer_id = %(customer)s AND scope_type = 'customer'
  AND kind IN ('operating_mode', 'baseline_proposal', 'recoverable_loss') ORDER BY kind, day DESC
"""


def world_of(conn: psycopg.Connection, customer: int) -> dict[str, Any]:
    """What is known of the customer's world; each null where nothing is, or the customer did not agree to it."""
    newest = {each["kind"]: each for each in rows(conn, _NEWEST, {"customer": customer})}
    mode, loss = newest.get("operating_mode"), newest.get("recoverable_loss")
    return {
        "business": None if mode is None else _business(mode),
        "baseline_proposal": _proposal(newest.get("baseline_proposal")),
        "recoverable_loss": None if loss is None else _recoverable(loss),
    }


def _business(found: dict[str, Any]) -> dict[str, Any]:
    evidence = dict(found["evidence"])
    return {
        "as_of": found["day"],
        "mode": evidence.pop("mode"),
        "of_a_year_ago": found["value"],
        "evidence": evidence,
    }


def _proposal(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """The proposal, if it is open."""
    if found is None or not found["value"]:
        return None
    evidence = found["evidence"]
    return {"proposed_on": found["day"], "since": evidence["since"], "changed": evidence["changed"]}


def _recoverable(found: dict[str, Any]) -> dict[str, Any]:
    told = found["evidence"]
    losses = [_loss(each) for each in told["losses"]]
    return {"as_of": found["day"], "losses": losses, "missing_peers": told["missing_peers"]}


def _loss(told: dict[str, Any]) -> dict[str, Any]:
    money = told["money_a_year"]
    names = ("asset_type", "category", "share", "best_share", "median_share", "peers")
    return {
        **{name: told[name] for name in names},
        "hours": told["hours_a_year"],
        "units": told["units_a_year"],
        "money": None
        if money is None
        else {
            "amount": money["value"],
            "low": money["low"],
            "high": money["high"],
            "currency": money["currency"],
            "basis": told["basis"],
        },
    }

"""The OpenAPI document's example of a portfolio."""

from typing import Any

_CUSTOMER: dict[str, Any] = {"id": 3, "external_id": "C-0003", "name": "Northfield Foods", "demo": True}
_INTERVAL = {"value": 0.08, "low": 0.05, "high": 0.13}
_OF_PROMISE = {"customers": 22, "value": 0.86, "low": 0.74, "high": 0.98, "few": False}
_RENEWAL: dict[str, Any] = {
    "contracts": 41,
    "lost": 9,
    "running": 31,
    "undecided": 1,
    "contract_years": 107.5,
    "lost_a_year": _INTERVAL,
    "survival": [{"years": 1, "share": 0.95, "low": 0.86, "high": 0.98, "at_risk": 38}],
    "to_stand_still": [
        {"currency": "EUR", "in_force": 5400000.0, "needed": {"value": 432000.0, "low": 270000.0, "high": 702000.0}}
    ],
    "without_value": 2,
}
_FIT: dict[str, Any] = {
    "customers": 24,
    "hours_avoided_a_month": {"customers": 24, "value": 11.5, "low": 8.1, "high": 14.9, "few": False},
    "money_a_month": [
        {"currency": "EUR", "customers": 22, "value": 9200.0, "low": 7300.0, "high": 11100.0, "few": False}
    ],
    "net_a_month": [{"currency": "EUR", "customers": 4, "value": 7100.0, "low": 4000.0, "high": 10200.0, "few": True}],
    "of_promise": _OF_PROMISE,
    "hours_served_a_month": {"customers": 3, "value": 6.0, "low": 2.2, "high": 9.8, "few": True},
    "cost_to_serve": [{"currency": "EUR", "customers": 3, "value": 0.07, "low": 0.02, "high": 0.12, "few": True}],
    "against_others": None,
}
PORTFOLIO: dict[str, Any] = {
    "as_of": "2026-09-21T00:00:00Z",
    "segments": [
        {"segment": None, "renewal": _RENEWAL, "fit": _FIT},
        {
            "segment": "food",
            "renewal": _RENEWAL,
            "fit": _FIT
            | {"against_others": {"verdict": "no_difference_shown", "difference": 0.04, "low": -0.1, "high": 0.18}},
        },
    ],
    "maturity": [
        {
            "tenure": "3-7",
            "equipment_age": "1-3",
            "customers": [_CUSTOMER],
            "machines": 12,
            "contract_value": [{"currency": "EUR", "amount": 420000.0}],
        }
    ],
    "satisfaction": [
        {
            "customer": _CUSTOMER,
            "survey_level": 0.85,
            "value_trend": "flat",
            "room": True,
            "happy_but_flat": True,
            "complaints": 0,
            "voice": "quiet_failing",
        }
    ],
    "ranking": [
        {
            "rank": 1,
            "customer": _CUSTOMER,
            "hours_lost": 61.5,
            "renewal_risk": 0.31,
            "contracts": [{"currency": "EUR", "rank": 1, "in_force": 420000.0, "at_risk": 130200.0}],
        }
    ],
    "assessed_through": "2026-09-21T06:00:00Z",
}

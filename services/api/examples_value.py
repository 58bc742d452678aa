"""The example of a customer's value in the OpenAPI document; a test holds it to the schema."""

from typing import Any


def _money(amount: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    plain = {"amount": amount, "currency": "EUR", "basis": "agreed"}
    return plain if low is None else {**plain, "low": low, "high": high}


def _contract(amount: float) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR", "basis": "contract"}


_SAID = {
    "rung": "money_agreed",
    "basis": "agreed",
    "author": "plant controller",
    "said_on": "2025-01-01",
    "counterfactual": "acceptance_window",
    "coverage": 0.97,
}
VALUE: dict[str, Any] = {
    "customer": {"id": 3, "external_id": "C-0003", "name": "Northfield Foods", "demo": True},
    "months": [
        {
            **_SAID,
            "month": "2026-08-01",
            "line_of_business": "fresh milk",
            "hours_avoided": {"value": 61.0, "low": 38.5, "high": 84.2},
            "good_units_gained": {"value": 54000.0, "low": 31000.0, "high": 77500.0},
            "gross": _money(110300.0, 69000.0, 152600.0),
            "maintenance": {"amount": 1800.0, "currency": "EUR", "basis": "measured"},
            "fees": _contract(35000.0),
            "net": _money(73500.0, 32200.0, 115800.0),
            "net_unknown": None,
            "promised": _contract(25800.0),
        }
    ],
    "since_start": [
        {
            **_SAID,
            "month": "2026-08-01",
            "line_of_business": "*",
            "months": 20,
            "money_months": 19,
            "hours_avoided": {"value": 702.0, "low": 480.0, "high": 931.0},
            "good_units_gained": {"value": 631000.0, "low": 402000.0, "high": 866000.0},
            "gross": _money(1270000.0, 868000.0, 1684000.0),
            "gross_unknown": None,
            "net": None,
            "net_unknown": "no work order says yet who paid",
            "promised": _contract(516000.0),
            "realized_over_promised": {"value": 2.46, "low": 1.68, "high": 3.26, "of": "gross"},
        }
    ],
    "outlook": [
        {
            "month": "2026-08-01",
            "line_of_business": "*",
            "horizon": "renewal",
            "at": "2027-12-31",
            "hours_avoided": {"value": 1680.0, "low": 1010.0, "high": 2330.0},
            "gross": _money(3050000.0, 1840000.0, 4230000.0),
            "net": None,
            "promised": _contract(929000.0),
            "realized_over_promised": {"value": 3.28, "low": 1.98, "high": 4.55, "of": "gross"},
        }
    ],
    "updates": [
        {
            "asset_type": "filler",
            "version": "4.2.0",
            "released_on": "2026-03-02",
            "as_of": "2026-03-30",
            "days": 28,
            "machines": 5,
            "controls": 7,
            "uptime": {"value": 0.004, "low": -0.011, "high": 0.019},
            "good_rate": {"value": -0.061, "low": -0.068, "high": -0.054},
            "unknown": None,
        }
    ],
    "baseline_proposal": None,
    "assessed_through": "2026-09-21T06:00:00Z",
}

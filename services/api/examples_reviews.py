"""The OpenAPI document's examples of reviews."""

from typing import Any

_BODY: dict[str, Any] = {
    "layout": 2,
    "customer": "Northfield Foods",
    "demo": True,
    "from": "2026-06-01",
    "to": "2026-06-30",
    "as_of": "2026-07-01T06:00:00+00:00",
    "promise": [
        {
            "contract": "K-2023-07",
            "since": "2023-07-01",
            "value_a_year": {"amount": 310000.0, "currency": "EUR"},
            "availability": 0.96,
            "written_in": "business case signed with the offer",
            "guaranteed_availability": 0.965,
            "attributed_availability": 0.971,
        }
    ],
    "realized": {
        "months": 1,
        "hours_avoided": 12.5,
        "good_units_gained": 340.0,
        "money": {
            "amount": 20000.0,
            "low": 16000.0,
            "high": 24000.0,
            "currency": "EUR",
            "basis": "agreed",
            "promised": 25833.0,
            "maintenance": 1000.0,
            "fees": 2000.0,
            "net": 17000.0,
            "agreed_on": "2024-03-01",
            "months": 1,
        },
    },
    "since_start": {
        "months": 36,
        "money_months": 35,
        "hours_avoided": 410.0,
        "money": {"amount": 720000.0, "currency": "EUR"},
        "net": {"amount": 610000.0, "currency": "EUR"},
        "promised": {"amount": 930000.0, "currency": "EUR"},
        "ratio": 0.656,
        "ratio_of": "net",
    },
    "before": {"months": 1, "hours_avoided": None, "good_units_gained": None, "money": None},
    "by_business": [],
    "months": [
        {
            "month": "2026-06-01",
            "hours_avoided": 12.5,
            "money": {
                "amount": 20000.0,
                "low": 16000.0,
                "high": 24000.0,
                "currency": "EUR",
                "basis": "agreed",
                "promised": 25833.0,
                "maintenance": 1000.0,
                "fees": 2000.0,
                "net": 17000.0,
                "agreed_on": "2024-03-01",
                "months": 1,
            },
            "uptime": 0.972463768115942,
            "coverage": 0.9857142857142858,
        }
    ],
    "machines": {
        "planned_h": 700.0,
        "coverage": 0.9857142857142858,
        "uptime": 0.972463768115942,
        "stopped_h": {"equipment": 9.0, "operation": 7.0, "surroundings": 2.0, "not_told": 1.0},
    },
    "windows": [],
    "changes": [{"on": "2026-06-11", "what": "Software 4.3.0 installed", "where": ["Filler 2"]}],
    "commitments": [{"what": "Spare drive on site", "due_on": "2026-08-31", "kept_on": None}],
    "proposals": [
        {
            "what": "Let the filler slow down instead of stopping",
            "agreed": True,
            "since": "2026-05-20",
            "where": "Line 2",
            "objective": "OEE of 75 % by the end of the year",
            "expected_hours": 40.0,
            "expected_money": None,
            "elsewhere": None,
        }
    ],
    "counterfactuals": ["the first four weeks of each machine"],
}
REVIEW: dict[str, Any] = {
    "id": 12,
    "customer": {"id": 3, "external_id": "C-0003", "name": "Northfield Foods", "demo": True},
    "first_day": "2026-06-01",
    "last_day": "2026-06-30",
    "version": 2,
    "changed": [{"what": "Uptime, June 2026", "before": "97.1 %", "now": "97.2 %"}],
    "inputs_digest": "5d6a1b0e3a0c9f4b8f3c3b1f7e7c1c1d6a1b0e3a0c9f4b8f3c3b1f7e7c1c1d00",
    "made_at": "2026-07-03T08:12:00Z",
    "made_by": "r.lind@supplier.example (key: crm)",
    "body": _BODY,
    "page": "/customers/3/reviews/12",
}
REVIEWS: dict[str, Any] = {
    "data": [REVIEW],
    "has_more": False,
    "next": None,
    "assessed_through": "2026-09-21T06:00:00Z",
}

"""Examples in the OpenAPI document; a test holds them to the schemas."""

from typing import Any

_CUSTOMER: dict[str, Any] = {"id": 3, "external_id": "C-0003", "name": "Northfield Foods", "demo": True}
_HEALTH: dict[str, Any] = {
    "day": "2026-09-20",
    "health": 71.4,
    "coverage": 0.97,
    "contributions": {"availability": 9.1, "wear": 19.5},
}
_THROUGH = "2026-09-21T06:00:00Z"
ALERT: dict[str, Any] = {
    "id": "0192f0a4-7f5e-7c3a-9d1e-3a5f0c7b2e41",
    "url": "https://bellwether.example.com/alerts/0192f0a4-7f5e-7c3a-9d1e-3a5f0c7b2e41",
    "customer": _CUSTOMER,
    "kind": "wear",
    "scope": {"type": "asset", "id": 41, "name": "Filler 2"},
    "tier": "act",
    "state": "open",
    "resolution": None,
    "sentence": "Filler 2 is likely to stop around 24 September and take the line with it.",
    "play": "Offer to replace valve block 4 in the planned stop of Wednesday.",
    "owner_role": "service",
    "stake": {
        "hours": 14.0,
        "contract_value": {"amount": 420000.0, "currency": "EUR", "basis": "contract"},
        "money": {"amount": 84000.0, "currency": "EUR", "basis": "agreed", "low": 60000.0, "high": 96000.0},
        "basis": "agreed",
    },
    "expected": {"at": "2026-09-24T14:00:00Z", "low": "2026-09-22T00:00:00Z", "high": "2026-09-30T00:00:00Z"},
    "confidence": 0.72,
    "skill": "demonstrated",
    "evidence": {"metrics": {"vibration": 0.8, "temperature": 0.2}},
    "pending_since": "2026-09-17T02:00:00Z",
    "opened_at": "2026-09-18T05:00:00Z",
    "shown_at": "2026-09-18T05:00:00Z",
    "withheld": None,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "resolved_at": None,
    "snoozed_until": None,
    "snooze_reason": None,
    "assigned_to": "service_manager",
    "version": 4,
    "updated_at": "2026-09-21T06:01:12Z",
    "assessed_through": _THROUGH,
}
ALERT_WITH_ACTIONS: dict[str, Any] = {**ALERT, "actions": []}
_LISTED_CUSTOMER: dict[str, Any] = {
    **_CUSTOMER,
    "record_source": "crm",
    "segment": "food",
    "health": _HEALTH,
    "open_alerts": {"act": 1, "watch": 2},
    "assessed_through": _THROUGH,
}
CUSTOMER: dict[str, Any] = {
    **_LISTED_CUSTOMER,
    "data_use": ["service"],
    "sites": [{"id": 7, "external_id": "S-7", "name": "Malmö", "timezone": "Europe/Stockholm", "assets": 12}],
    "contracts": [
        {
            "external_id": "K-118",
            "valid_from": "2025-01-01",
            "starts_on": "2025-01-01",
            "ends_on": "2027-12-31",
            "annual_value": {"amount": 420000.0, "currency": "EUR", "basis": "contract"},
            "guaranteed_availability": 0.95,
            "guarantee_window_days": 90,
            "guarantee_window": "fixed",
            "guarantee_exclusions": ["customer", "external", "operator", "planned"],
            "credit_per_point": {"amount": 8000.0, "currency": "EUR", "basis": "contract"},
            "credit_cap": {"amount": 40000.0, "currency": "EUR", "basis": "contract"},
            "bonus_per_point": None,
            "promised_annual_value": None,
            "promised_availability": None,
            "promise_basis": None,
            "renewal_risk": {
                "day": "2026-08-31",
                "risk": 0.41,
                "prior": 0.25,
                "learned_from": 0,
                "contributions": {"trend": 0.12, "gain": -0.04, "orders": 0.05, "alerts": 0.03},
            },
        }
    ],
    "trend": {
        "day": "2026-08-31",
        "verdict": "declining",
        "months": 31,
        "ready_on": None,
        "slope": -0.014,
        "low": -0.019,
        "high": -0.008,
        "p": 0.002,
        "year_over_year": -0.011,
    },
    "guarantees": [
        {
            "contract": "K-118",
            "as_of": "2026-09-21",
            "guaranteed_availability": 0.95,
            "attributed_availability": 0.944,
            "window": "fixed",
            "first_day": "2026-08-24",
            "last_day": "2026-11-21",
            "coverage": 0.99,
            "spent_h": 447.1,
            "budget_h": 1296.0,
            "expected_h": 1510.4,
            "budget_spent": 0.345,
            "machines": 12,
            "machines_without_calendar": 0,
            "burn": [{"hours": 216, "long": 1.31, "short": 1.7, "threshold": 1.0}],
            "breach_probability": 0.78,
            "breach_expected": {
                "at": "2026-11-05T00:00:00Z",
                "low": "2026-10-19T00:00:00Z",
                "high": "2026-11-18T00:00:00Z",
            },
            "credit": {"amount": 6900.0, "currency": "EUR", "basis": "contract", "low": 0.0, "high": 16200.0},
            "bonus": None,
            "basis": "measured",
            "not_claimed": None,
        }
    ],
    "owners": [{"role": "service", "person": "Service desk north", "email": None}],
    "value": [],
    "business": None,
    "baseline_proposal": {
        "proposed_on": "2026-08-31",
        "since": "2026-06-01",
        "changed": [{"what": "Packer/speed", "unit": "its own", "before": 62.0, "since": 48.5}],
    },
    "recoverable_loss": {
        "as_of": "2026-08-31",
        "losses": [
            {
                "asset_type": "Packer",
                "category": "operator_down",
                "share": 0.061,
                "best_share": 0.024,
                "median_share": 0.041,
                "peers": 9,
                "hours": {"value": 1890.0, "low": 1310.0, "high": 2470.0},
                "units": None,
                "money": None,
            }
        ],
        "missing_peers": 0,
    },
}
_KPI_VALUES: dict[str, Any] = {
    "availability": 0.931,
    "attributed_availability": 0.974,
    "uptime": 0.963,
    "effectiveness": 0.902,
    "quality": 0.981,
    "oee": 0.824,
    "nee": 0.829,
    "allocation_efficiency": 0.968,
    "utilization_efficiency": 0.962,
    "technical_efficiency": 0.962,
    "setup_ratio": 0.006,
    "allocation_ratio": 0.821,
    "throughput_per_h": 241.0,
    "first_pass_yield": None,
    "scrap_ratio": None,
    "rework_ratio": None,
    "corrective_maintenance_ratio": 0.31,
    "load_ratio": 0.77,
    "mtbf_h": 127.3,
    "mttf_h": 132.1,
    "mttr_h": 3.5,
}
KPIS: dict[str, Any] = {
    "days": 30,
    "first_day": "2026-08-22",
    "last_day": "2026-09-20",
    "coverage": 0.97,
    **_KPI_VALUES,
    "coverages": {name: None if value is None else 0.97 for name, value in _KPI_VALUES.items()},
    "implausible": [],
    "failures": 4,
    "produced": 148_300.0,
    "good": 145_482.0,
    "scrapped": None,
    "reworked": None,
    "inspected": None,
    "first_pass": None,
    "times_h": {"pot": 720.0, "planned": 160.0, "pbt": 560.0, "apt": 506.0, "adet": 20.0, "adot": 14.2, "asut": 3.0},
}
ASSET: dict[str, Any] = {
    "id": 41,
    "external_id": "F-2",
    "record_source": "erp",
    "name": "Filler 2",
    "serial": "8841-02",
    "commissioned_on": "2024-03-01",
    "asset_type": "filler",
    "customer": _CUSTOMER,
    "site": {"id": 7, "name": "Malmö"},
    "line": {"id": 9, "name": "Line 2"},
    "state": {"state": "production", "since": "2026-09-21T04:10:00Z", "cause": None, "failure": False},
    "calendar_assumed": False,
    "kpis": KPIS,
    "signals": [
        {
            "kind": "condition",
            "day": "2026-09-20",
            "value": 3.4,
            "confidence": 0.72,
            "expected": ALERT["expected"],
            "evidence": ALERT["evidence"],
            "history": [{"day": "2026-09-19", "value": 3.1}, {"day": "2026-09-20", "value": 3.4}],
        }
    ],
    "assessed_through": _THROUGH,
}


_CONSTRAINT = {"id": 41, "name": "Filler 2", "by": "waiting"}
LINE: dict[str, Any] = {
    "id": 9,
    "external_id": "L-2",
    "record_source": "erp",
    "name": "Line 2",
    "line_of_business": "bottled water",
    "site": {"id": 7, "name": "Malmö"},
    "customer": _CUSTOMER,
    "calendar_assumed": False,
    "constraint": _CONSTRAINT,
    "kpis": KPIS,
    "coverage": 0.96,
    "assets": [
        {"id": 41, "name": "Filler 2", "availability": 0.931, "coverage": 0.97, "compared_by": 0.031},
        {"id": 42, "name": "Capper 2", "availability": 0.887, "coverage": 0.95, "compared_by": 0.094},
    ],
    "assessed_through": _THROUGH,
}
SITE: dict[str, Any] = {
    "id": 7,
    "external_id": "S-7",
    "record_source": "erp",
    "name": "Malmö",
    "timezone": "Europe/Stockholm",
    "customer": _CUSTOMER,
    "calendar_assumed": False,
    "kpis": KPIS,
    "coverage": 0.96,
    "lines": [
        {
            "id": 9,
            "name": "Line 2",
            "constraint": _CONSTRAINT,
            "availability": 0.931,
            "oee": 0.824,
            "coverage": 0.96,
        }
    ],
    "assessed_through": _THROUGH,
}


CUSTOMER_KPIS: dict[str, Any] = {"kpis": KPIS, "assessed_through": _THROUGH}


def page_of(row: dict[str, Any]) -> dict[str, Any]:
    """A list that ends with this one row."""
    return {"data": [row], "has_more": False, "next": None, "assessed_through": _THROUGH}


ALERTS = page_of(ALERT)
CUSTOMERS = page_of(_LISTED_CUSTOMER)
HEALTH = page_of(
    {
        **_HEALTH,
        "groups": {
            "machines": {
                "weight": 0.5,
                "coverage": 0.97,
                "points": 9.1,
                "measures": {
                    "availability": {
                        "weight": 0.5,
                        "goodness": 0.812,
                        "coverage": 0.97,
                        "freshness": 1.0,
                        "points": 9.1,
                        "not_known": 1.5,
                    }
                },
            }
        },
        "exceptions": [],
    }
)
HEALTH_CHANGE: dict[str, Any] = {
    "first_day": "2026-09-15",
    "last_day": "2026-09-20",
    "health_before": 77.5,
    "health_after": 71.4,
    "points": -6.1,
    "sentence": "\u22126.1 since Tuesday 15 September 2026: Filler on Line 2: 4.0 h of supplier downtime (\u22126.1).",
    "parts": [
        {
            "points": -6.1,
            "why": "downtime",
            "scope": {"type": "asset", "id": 41, "name": "Filler"},
            "line": "Line 2",
            "cause": "supplier",
            "amount": 4.0,
            "past": 0.0,
            "unit": "h",
            "measures": {"availability": -1.6, "guarantee": -4.5},
            "sentence": "Filler on Line 2: 4.0 h of supplier downtime",
        }
    ],
    "assessed_through": _THROUGH,
}
ASSETS = page_of(
    {
        **{name: ASSET[name] for name in ("id", "external_id", "name", "asset_type", "state", "assessed_through")},
        "site_id": 7,
        "line_id": 9,
    }
)
RECORD = page_of(
    {
        "kind": "wear",
        "as_of": "2026-09-21T00:00:00Z",
        "horizon_days": 90,
        "skill": "demonstrated",
        "ready_on": None,
        "needed": 23,
        "alerts": 61,
        "came_true": 33,
        "too_early": 9,
        "false_alarms": 7,
        "averted": 5,
        "unjudged": 4,
        "standing": 3,
        "outcomes": 52,
        "caught": 36,
        "precision": 0.673,
        "recall": 0.692,
        "base_rate": 0.21,
        "lead_median_h": 1160.0,
        "lead_p10_h": 410.0,
        "calibration": [
            {
                "horizon_days": 90,
                "forecasts": 190,
                "happened": 40,
                "base_rate": 0.21,
                "brier": 0.109,
                "brier_skill": 0.34,
                "calibration_error": 0.06,
                "bins": [
                    {"forecasts": 95, "told": 0.04, "happened": 0.03},
                    {"forecasts": 95, "told": 0.52, "happened": 0.39},
                ],
            }
        ],
    }
)
BUDGETS = page_of(
    {
        "customer": _CUSTOMER,
        "owner_role": "service",
        "weeks": 104,
        "shown": 61,
        "new_a_week_p95": 2.0,
        "most_a_week": 5,
        "delayed": 3,
        "held_back": 1,
        "held_back_materialised": 0,
        "held_back_stake_hours": 6.5,
    }
)
_STOP: dict[str, Any] = {
    "started_at": "2026-09-19T08:12:00Z",
    "ended_at": "2026-09-19T09:40:00Z",
    "state": "down",
    "cause": "external",
    "basis": "person",
    "why": "corrected by shift lead (key: service): power cut of the whole street",
    "failure": True,
    "corrections": [
        {
            "cause": "external",
            "reason": "power cut of the whole street",
            "actor": "shift lead (key: service)",
            "said_at": "2026-09-20T07:02:11Z",
        }
    ],
}
STOPS = page_of(_STOP)
STOP: dict[str, Any] = {**_STOP, "assessed_through": _THROUGH}
CHANGES: dict[str, Any] = {
    "data": [
        {
            "sequence": 1207,
            "at": "2026-09-21T06:01:12Z",
            "customer_id": 3,
            "subject": "alert",
            "subject_id": ALERT["id"],
            "transition": "acknowledged",
            "body": ALERT,
        }
    ],
    "has_more": False,
    "next": "1207-5e1f0a9b3c7d",
    "assessed_through": _THROUGH,
}
CHANGE_STREAM = 'id: 1207-5e1f0a9b3c7d\ndata: {"sequence":1207,"at":"2026-09-21T06:01:12Z","customer_id":3,...}\n\n'

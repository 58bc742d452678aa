"""Examples of what is found about an account; a test holds them to the schemas."""

from typing import Any

from services.api.examples import ALERT, page_of

_CUSTOMER: dict[str, Any] = ALERT["customer"]
_THROUGH = "2026-09-21T06:00:00Z"

ACCOUNT: dict[str, Any] = {
    "customer": _CUSTOMER,
    "as_of": "2026-09-21",
    "findings": {
        "onboarding": [
            {
                "kind": "onboarding",
                "subject": "",
                "day": "2026-09-21",
                "verdict": "done",
                "value": 171.0,
                "low": None,
                "high": None,
                "unit": "d",
                "currency": None,
                "basis": "measured",
                "ready_on": None,
                "evidence": {
                    "facts": [
                        {"what": "contract signed", "on": "2023-05-12", "value": None, "unit": None},
                        {"what": "first data", "on": "2023-07-04", "value": -27.0, "unit": "d after plan"},
                        {"what": "first value", "on": "2023-10-30", "value": -62.0, "unit": "d after plan"},
                    ]
                },
            }
        ]
    },
    "assessed_through": _THROUGH,
}


def _finding(kind: str, verdict: str, said: dict[str, Any]) -> dict[str, Any]:
    nothing: dict[str, Any] = dict.fromkeys(("value", "low", "high", "unit", "currency", "ready_on"))
    known = {"kind": kind, "subject": "", "day": "2026-09-21", "verdict": verdict, "basis": "measured"}
    return {"customer": _CUSTOMER, "finding": known | nothing | said, "assessed_through": _THROUGH}


_LATE = {"what": "late: joint value review", "on": "2026-09-01", "value": 20.0, "unit": "d"}
_LOAD = {"what": "load of the last three months", "on": "2026-09-21", "value": 78.0, "unit": "% of capacity"}
BACKS = _finding(
    "question_backs",
    "at_risk",
    {
        "value": 0.86,
        "unit": "share known",
        "evidence": {"items": [{"name": "open_commitments", "answer": "at_risk", "facts": [_LATE]}], "facts": [_LATE]},
    },
)
COMPETITIVE = _finding(
    "question_competitive",
    "yes",
    {
        "value": 0.75,
        "unit": "share known",
        "evidence": {"items": [{"name": "headroom", "answer": "yes", "facts": [_LOAD]}], "facts": [_LOAD]},
    },
)
NEXT_IMPROVEMENT = _finding(
    "next_improvement",
    "to_propose",
    {
        "value": 46.5,
        "unit": "h a year",
        "evidence": {
            "title": "Find the one cause of the failures of Filler 2",
            "source": "repeated_failures",
            "owner_role": "service_manager",
            "objective": "OB-1",
            "capability": None,
            "proof": {"verdict": "no_proof_yet", "needed": 5},
            "others": [],
            "facts": [
                {"what": "failures of Filler 2 in a year", "on": "2026-09-12", "value": 4.0, "unit": None},
                {"what": "hours of repair in the last twelve months", "on": "2026-09-21", "value": 62.0, "unit": "h"},
            ],
        },
    },
)
PLAYS = page_of(
    {
        "play": "repeated_failures",
        "as_of": "2026-09-01",
        "verdict": "works",
        "effect": 11.2,
        "low": 2.4,
        "high": 20.0,
        "acted": 14,
        "left_alone": 9,
        "customers": 8,
        "needed": None,
    }
)

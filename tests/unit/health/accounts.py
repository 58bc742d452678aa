"""Accounts for tests of what is found in them: what is not said is not there."""

from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any

from services.health.account_assessment.account import (
    Account,
    AccountAlert,
    AccountAsset,
    AccountEvent,
    MonthTimes,
    midnight,
)
from services.health.account_assessment.calendar_months import months_after
from services.health.assessment import ValueRow
from services.health.block import Contract
from shared.kpis import INPUTS, Totals

EMPTY = Account(
    customer_id=1,
    name="Northfield Foods",
    through=date(2026, 1, 1),
    heard={},
    contracts=(),
    objectives=(),
    entitlements=(),
    assets=(),
    owner_roles=(),
    events=(),
    times=(),
    values=(),
    alerts=(),
    outcomes=(),
)
_NOTHING: dict[str, Any] = {f.name: None if f.name in INPUTS else 0 for f in fields(Totals)}


def account(**said: Any) -> Account:
    return replace(EMPTY, **said)


def contract(**said: Any) -> Contract:
    nothing: dict[str, Any] = {f.name: None for f in fields(Contract)}
    known = {"contract_id": 1, "external_id": "K", "valid_from": date(1, 1, 1), "starts_on": date(2023, 1, 1)}
    return Contract(**nothing | known | {"guarantee_window": "fixed", "guarantee_exclusions": ()} | said)


def asset(asset_id: int, **said: Any) -> AccountAsset:
    known = {"name": f"Filler {asset_id}", "asset_type": "filler", "commissioned_on": None, "site_id": 1}
    known["line_of_business"] = "milk"
    return AccountAsset(**known | {"asset_id": asset_id, "since": date(1, 1, 1), "until": None} | said)


def event(kind: str, on: date, scope: tuple[str, int] = ("customer", 1), **attributes: object) -> AccountEvent:
    return AccountEvent(
        event_id=f"{kind}/{on}",
        scope_type=scope[0],
        scope_id=scope[1],
        at=midnight(on),
        kind=kind,
        attributes=attributes,
    )


def alert(kind: str, opened: datetime, ended: datetime | None = None, **said: Any) -> AccountAlert:
    known = {
        "alert_id": f"{kind}/{opened}",
        "scope_type": "customer",
        "scope_id": 1,
        "tier": "act",
        "resolution": None,
        "acted_at": None,
    }
    return AccountAlert(**known | {"kind": kind, "opened_at": opened, "ended_at": ended} | said)


def hours(month: date, asset_id: int = 1, *, known: float = 100.0, **said: float) -> MonthTimes:
    """A month of so many known hours of which the machine produced all, unless said otherwise (in hours, or counts)."""
    own = {"pot": known, "pbt": known, "apt": known - said.get("stopped", 0.0)} | said
    named = {name if name in _NOTHING else f"{name}_s": value for name, value in own.items()}
    totals = {
        name: value if (name in INPUTS and not name.endswith("_s")) or name == "failures" else value * 3600
        for name, value in named.items()
    }
    return MonthTimes(asset_id=asset_id, month=month, totals=Totals(**_NOTHING | totals))


def months(first: date, *stopped: float, asset_id: int = 1, **said: float) -> tuple[MonthTimes, ...]:
    """Months one after the other of 100 known hours, each with so many of them stopped."""
    return tuple(hours(months_after(first, n), asset_id, stopped=s, **said) for n, s in enumerate(stopped))


def value(month: date, hours_avoided: float | None = None, **said: Any) -> ValueRow:
    nothing: dict[str, Any] = {f.name: None for f in fields(ValueRow)}
    known = {"line_of_business": "milk", "rung": "hours", "counterfactual": "declared", "basis": "measured"}
    return ValueRow(**nothing | known | {"month": month, "hours_avoided": hours_avoided, "coverage": 1.0} | said)

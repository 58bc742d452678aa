"""Improvements from proposed to accepted to realized, and what was measured after. Pure.

What an improvement recovered is asked of its scope's own machines: stopped time over up to twelve whole months before
it was accepted against the months after it was realized. That is before and after, and no proof of the cause; whether
such plays work is asked over the fleet, against those nobody acted on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.health.account_assessment.account import Account, AccountEvent, Finding, fact
from services.health.account_assessment.calendar_months import first_of_month, months_after, months_between
from services.health.account_assessment.kpi_months import Change, Share, fell_by, stopped_share
from shared.records.said_numbers import said_number

PROPOSED, ACCEPTED, REALIZED, DECLINED = "proposed", "accepted", "realized", "declined"
LIVE = (PROPOSED, ACCEPTED)
MOST_MONTHS = 12


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """One improvement as it stood on a day; since: when it came to that. steps: status to the first day it had it.

    expected: hours or money with its unit, None where nobody said.
    """

    improvement_id: str
    title: str
    status: str
    since: date
    steps: dict[str, date]
    scope_type: str
    scope_id: int
    capability: str | None
    objective: str | None
    owner_role: str | None
    expected: float | None
    expected_unit: str | None


def improvements_on(account: Account, day: date) -> list[Improvement]:
    """All improvements told of before the day's midnight, by when they were first told of."""
    told: dict[str, list[AccountEvent]] = {}
    for event in account.events_of(day, "improvement"):
        told.setdefault(str(event.attributes["id"]), []).append(event)
    return [_improvement(key, events) for key, events in told.items()]


def _improvement(key: str, events: list[AccountEvent]) -> Improvement:
    said: dict[str, object] = {}
    steps: dict[str, date] = {}
    for event in events:
        said |= {name: value for name, value in event.attributes.items() if value is not None}
        steps.setdefault(str(event.attributes["status"]), event.at.date())
    money, hours = (said_number(said.get(name)) for name in ("expected_money", "expected_hours"))
    expected, unit = (money, str(said.get("currency"))) if money is not None else (hours, "h")
    status = str(said["status"])
    return Improvement(
        improvement_id=key,
        title=str(said["title"]),
        status=status,
        since=steps[status],
        steps=steps,
        scope_type=events[0].scope_type,
        scope_id=events[0].scope_id,
        capability=_text(said.get("capability")),
        objective=_text(said.get("objective")),
        owner_role=_text(said.get("owner_role")),
        expected=expected,
        expected_unit=None if expected is None else unit,
    )


def _text(said: object) -> str | None:
    return None if said is None else str(said)


def improvements(account: Account, day: date) -> Iterator[Finding]:
    """Each improvement with its status; value: hours of stops a year that were measured to be fewer since."""
    for one in improvements_on(account, day):
        change, after = recovered(account, one, day)
        a_year = None if after is None else 12 * after.known_h / max(1, _months_since(one, day))
        yield Finding(
            kind="improvement",
            subject=one.improvement_id,
            day=day,
            verdict=one.status,
            value=None if change is None or a_year is None else change.value * a_year,
            low=None if change is None or a_year is None else change.low * a_year,
            high=None if change is None or a_year is None else change.high * a_year,
            unit=None if change is None else "h a year",
            ready_on=months_after(first_of_month(one.since), 4) if one.status == REALIZED and change is None else None,
            evidence={
                "title": one.title,
                "capability": one.capability,
                "objective": one.objective,
                "owner_role": one.owner_role,
                "expected": one.expected,
                "expected_unit": one.expected_unit,
                "facts": [fact(status, on=on) for status, on in one.steps.items()],
            },
        )


def recovered(account: Account, one: Improvement, day: date) -> tuple[Change | None, Share | None]:
    """What stopped time fell by, and the share after; None until it was realized and three months are known of both."""
    if one.status != REALIZED:
        return None, None
    machines = scope_assets(one.scope_type, one.scope_id)
    accepted = first_of_month(one.steps.get(ACCEPTED, one.since))
    count = _months_since(one, day)
    before = stopped_share(account, [months_after(accepted, n) for n in range(-MOST_MONTHS, 0)], machines)
    begun = months_after(first_of_month(one.since), 1)
    after = stopped_share(account, [months_after(begun, n) for n in range(count)], machines)
    return (None, None) if before is None or after is None else (fell_by(before, after), after)


def _months_since(one: Improvement, day: date) -> int:
    """Whole months after the one in which it was realized, twelve at most."""
    return min(MOST_MONTHS, max(0, months_between(one.since, day) - 1))


def scope_assets(scope_type: str, scope_id: int) -> set[int] | None:
    """The machines of a scope; None for all of them, as of a site or line whose machines may have moved."""
    return {scope_id} if scope_type == "asset" else None

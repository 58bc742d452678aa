"""What could be improved next at an account, with the hours of stops a year that it would recover. Pure.

Each is what the rows allow to say, and what it assumes is said with it:

    repeated_failures   a machine that fails more than it and its like use to; its cause removed, the rest is spared
    regression          stops since a bad update against those before it
    promise_gap         stops beyond what was promised at the sale
    best_in_fleet       machines that stop more than the median machine of their type here come down to it
    peers               the type comes down to what the best of at least five other customers reach
    unused_capability   what is paid for and not used; what it would bring nobody can say before
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.health.account_assessment.account import Account, fact
from services.health.account_assessment.calendar_months import first_of_month, months_after, months_between
from services.health.account_assessment.chronic_failures import Chronic
from services.health.account_assessment.kpi_months import YEAR, Share, months_before, standing_here, stopped_share
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.health_assessment.daily_history import day_number
from services.health.health_assessment.records_in_force import promised_availability_on
from services.health.prognostic_assessment.peer_levels import DOWN_SHARE, newest, others
from shared.records.vocabulary import BENCHMARKING

_ENGINEERING = ("application_engineer", "customer_success")
_LEAST_MACHINES = 3


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One thing to improve. hours: of stops a year that it would recover, None where nobody can say. roles: who could
    own it, the first best."""

    source: str
    title: str
    hours: float | None
    roles: tuple[str, ...]
    facts: tuple[dict[str, object], ...]
    capability: str | None = None


def candidates(account: Account, day: date, failing: Sequence[Chronic]) -> list[Candidate]:
    """All of them, those that recover most first, those that nobody can put hours to last. failing: too often."""
    found = [
        *repeated_failures(failing, day),
        *regressions(account, day),
        *promise_gap(account, day),
        *best_in_fleet(account, day),
        *peers(account, day),
        *unused_capabilities(account, day),
    ]
    worth = [c for c in found if c.hours is None or c.hours > 0]
    return sorted(worth, key=lambda c: (c.hours is None, -(c.hours or 0.0), c.source, c.title))


def repeated_failures(failing: Sequence[Chronic], day: date) -> Iterator[Candidate]:
    """One root cause for each machine that fails too often; hours of repair beyond the usual."""
    for machine in failing:
        yield Candidate(
            source="repeated_failures",
            title=f"Find the one cause of the failures of {machine.name}",
            hours=machine.spared_h,
            roles=KINDS["repeated_failures"].owner_roles,
            facts=(
                fact(
                    f"failures of {machine.name} in a year",
                    on=machine.failures[-1].date(),
                    value=float(len(machine.failures)),
                ),
                fact("failures that would be usual", on=day, value=machine.usual),
                fact("hours of repair in the last twelve months", on=day, value=machine.repair_h, unit="h"),
            ),
        )


def regressions(account: Account, day: date) -> Iterator[Candidate]:
    """Updates after which a machine stops more: to be rolled back or mended."""
    names = standing_here(account, day)
    for alert in account.standing(day, "regression_after_update"):
        if alert.scope_id not in names:
            continue
        opened = first_of_month(alert.opened_at.date())
        before = stopped_share(account, [months_after(opened, n) for n in range(-6, 0)], {alert.scope_id})
        since = [months_after(opened, n) for n in range(1, max(1, months_between(opened, day)))]
        after = stopped_share(account, since, {alert.scope_id})
        hours = None
        if before is not None and after is not None:
            hours = (after.value - before.value) * 12 * after.known_h / len(since)
        yield Candidate(
            source="regression",
            title=f"Roll back or mend the update of {names[alert.scope_id]}",
            hours=hours,
            roles=KINDS["regression_after_update"].owner_roles,
            facts=(fact("regression after an update", on=alert.opened_at.date()),),
        )


def promise_gap(account: Account, day: date) -> Iterator[Candidate]:
    """Stops of the last twelve months beyond what the promised availability allows."""
    promised, own = promised_availability_on(account.contracts, day), _year(account, day)
    if promised is None or own is None:
        return
    yield Candidate(
        source="promise_gap",
        title="Close the gap to the availability that was promised",
        hours=(own.value - (1 - promised)) * own.known_h,
        roles=KINDS["promise_gap"].owner_roles,
        facts=(
            fact("availability promised at the sale", value=100 * promised, unit="%"),
            fact("uptime of the last twelve months", on=day, value=100 * (1 - own.value), unit="%"),
        ),
    )


def best_in_fleet(account: Account, day: date) -> Iterator[Candidate]:
    """Machines of one type against their own median here, of three at least."""
    names = standing_here(account, day)
    for kind in sorted(set(account.type_of.values())):
        shares = {
            asset: share
            for asset in names
            if account.type_of[asset] == kind and (share := _year(account, day, {asset})) is not None
        }
        if len(shares) < _LEAST_MACHINES:
            continue
        median = float(np.median([share.value for share in shares.values()]))
        worst, best = (pick(shares, key=lambda a: (shares[a].value, a)) for pick in (max, min))
        yield Candidate(
            source="best_in_fleet",
            title=f"Bring {names[worst]} to what {names[best]} does",
            hours=sum(max(0.0, share.value - median) * share.known_h for share in shares.values()),
            roles=_ENGINEERING,
            facts=tuple(
                fact(f"{names[asset]} stood still", on=day, value=100 * shares[asset].value, unit="%")
                for asset in (worst, best)
            ),
        )


def peers(account: Account, day: date) -> Iterator[Candidate]:
    """Each type against the best of other customers; only where it surely stops more than they do."""
    for kind in sorted(set(account.type_of.values())) if BENCHMARKING in account.data_use else ():
        level = others(newest(account.peers, kind, day_number(day)), DOWN_SHARE, account.customer_id).level
        own = _year(account, day, {asset for asset, own in account.type_of.items() if own == kind})
        if level is None or own is None or own.value - 1.645 * own.error <= level.best:
            continue
        yield Candidate(
            source="peers",
            title=f"Bring the {kind} machines to what the best of {level.peers} others reach",
            hours=(own.value - level.best) * own.known_h,
            roles=_ENGINEERING,
            facts=(
                fact(f"{kind}: stood still here", on=day, value=100 * own.value, unit="%"),
                fact(f"the best of {level.peers} others", on=day, value=100 * level.best, unit="%"),
            ),
        )


def unused_capabilities(account: Account, day: date) -> Iterator[Candidate]:
    """What is paid for and lies idle, as long as its alert stands."""
    standing = account.standing(day, "unused_capability")
    if not standing:
        return
    bought = capabilities_on(account, day)
    named = " and ".join(name.replace("_", " ") for name in bought)
    yield Candidate(
        source="unused_capability",
        title=f"Get what was bought into use: {named}",
        hours=None,
        roles=KINDS["unused_capability"].owner_roles,
        facts=tuple(fact("bought and hardly used", on=alert.opened_at.date()) for alert in standing),
        capability=bought[0] if len(bought) == 1 else None,
    )


def capabilities_on(account: Account, day: date) -> list[str]:
    """What the customer pays for on a day, by name."""
    in_force = (e for e in account.entitlements if e.starts_on <= day and (e.ends_on is None or day <= e.ends_on))
    return sorted({entitlement.capability for entitlement in in_force})


def _year(account: Account, day: date, assets: set[int] | None = None) -> Share | None:
    return stopped_share(account, months_before(day, YEAR), assets)


def fallback(day: date, known: float | None) -> Candidate:
    """What lets us find an improvement where nothing can be found yet; every account has a next step."""
    if known is None or known < 0.5:
        said = "No data came in the last three months" if known is None else "Too little is known of three months"
        facts: Sequence[dict[str, object]] = (fact(said, on=day, value=known),)
        title, roles = "Get the machines' data, which lets us find an improvement", ("field_service", "service_manager")
    else:
        facts = (fact("nothing measured can be improved surely; no objective says where to look", on=day),)
        title, roles = "Agree on a baseline and an objective with the customer", ("customer_success", "account_manager")
    return Candidate(source="foundation", title=title, hours=None, roles=roles, facts=tuple(facts))

"""Small figures of how the account is kept: maintenance, complaints, change, the plan, chronic machines. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from services.health.account_assessment.account import Account, Finding, fact, midnight
from services.health.account_assessment.candidates import capabilities_on
from services.health.account_assessment.chronic_failures import Chronic
from services.health.account_assessment.improvement_life import LIVE, REALIZED, improvements_on
from services.health.account_assessment.kpi_months import YEAR, months_before, standing_here, totals
from shared.kpis import kpi, summed
from shared.records.said_dates import date_said
from shared.records.vocabulary import ADOPTIONS

_YEAR = timedelta(days=365)
WARNED_WITHIN = timedelta(days=90)


def housekeeping(account: Account, day: date, failing: Sequence[Chronic]) -> Iterator[Finding]:
    """Each figure of the account's last year. failing: machines that fail too often."""
    yield corrective_share(account, day)
    yield maintenance_on_time(account, day)
    yield proactive_ratio(account, day)
    yield change_cadence(account, day)
    yield plan(account, day)
    yield from chronic_assets(failing, day)
    yield reporting(account, day)
    yield from idle_promises(account, day)


def _share(kind: str, day: date, part: int, whole: int, **told: object) -> Finding:
    """A share with its counts; not known where there is nothing to divide by."""
    known = whole > 0
    return Finding(
        kind=kind,
        day=day,
        verdict="known" if known else "not_known",
        value=part / whole if known else None,
        unit="share" if known else None,
        evidence={"count": part, "of": whole} | told,
    )


def corrective_share(account: Account, day: date) -> Finding:
    """Corrective of all maintenance time, CMT / (CMT + PMT) of ISO 22400-2, over twelve months."""
    own = totals(account, months_before(day, YEAR))
    value, sums = kpi("corrective_maintenance_ratio", own).value, summed(own)
    return Finding(
        kind="corrective_share",
        day=day,
        verdict="not_known" if value is None else "known",
        value=value,
        unit=None if value is None else "share",
        evidence={"cmt_h": sums["cmt_s"] / 3600, "pmt_h": sums["pmt_s"] / 3600},
    )


def maintenance_on_time(account: Account, day: date) -> Finding:
    """Of the preventive work orders of a year that say when they were due (`type`, `due_on`), those done by then."""
    since = midnight(day) - _YEAR
    orders = [e for e in account.events_of(day, "work_order") if e.at >= since]
    dated = [
        (e.at.date(), due)
        for e in orders
        if e.attributes.get("type") == "preventive" and (due := date_said(e.attributes, "due_on")) is not None
    ]
    return _share("maintenance_on_time", day, sum(done <= due for done, due in dated), len(dated))


def proactive_ratio(account: Account, day: date) -> Finding:
    """Of the complaints of a year (`touchpoint` with `complaint`), those that an alert foreran, by 90 days or less."""
    since = midnight(day) - _YEAR
    complaints = [e.at for e in account.events_of(day, "touchpoint") if e.at >= since and e.attributes.get("complaint")]
    warned = sum(any(at - WARNED_WITHIN <= a.opened_at < at for a in account.alerts) for at in complaints)
    return _share("proactive_ratio", day, warned, len(complaints))


def change_cadence(account: Account, day: date) -> Finding:
    """Days since the last improvement was realized or change adopted, and how many there were in a year."""
    changed = [e.at.date() for e in account.events_of(day, *ADOPTIONS)]
    changed += [i.since for i in improvements_on(account, day) if i.status == REALIZED]
    last = max(changed, default=None)
    return Finding(
        kind="change_cadence",
        day=day,
        verdict="not_known" if last is None else "known",
        value=None if last is None else float((day - last).days),
        unit=None if last is None else "d since the last change",
        evidence={"in_a_year": sum(on > day - _YEAR for on in changed), "last": last and last.isoformat()},
    )


def plan(account: Account, day: date) -> Finding:
    """Whether the plan has a live improvement with an owner and an objective; `missing` says what it lacks."""
    moving = [i for i in improvements_on(account, day) if i.status in LIVE]
    known = {objective.objective_id for objective in account.objectives}
    missing = [] if moving else ["a live improvement"]
    missing += [] if any(i.owner_role for i in moving) else ["an owner"]
    missing += [] if any(i.objective in known for i in moving) else ["an objective of the customer"]
    return Finding(kind="plan", day=day, verdict="lacking" if missing else "sound", evidence={"missing": missing})


def chronic_assets(failing: Sequence[Chronic], day: date) -> Iterator[Finding]:
    """Machines that failed three times in a year or more, and more often than usual."""
    for machine in failing:
        last = machine.failures[-1].date()
        yield Finding(
            kind="chronic_asset",
            subject=str(machine.asset_id),
            day=day,
            verdict="chronic",
            value=float(len(machine.failures)),
            unit="failures in a year",
            evidence={"usual": machine.usual, "facts": [fact(f"last failure of {machine.name}", on=last)]},
        )


def reporting(account: Account, day: date) -> Finding:
    """Machines of which anything was known in the last whole month, of those that stand here; and how many types."""
    here = standing_here(account, day)
    rows = [row for month in months_before(day, 1) for row in account.by_month.get(month, ())]
    heard = {row.asset_id for row in rows if row.totals.known_s > 0}
    types = len({account.type_of[asset] for asset in here})
    return _share("reporting_assets", day, len(heard & set(here)), len(here), asset_types=types)


def idle_promises(account: Account, day: date) -> Iterator[Finding]:
    """Capabilities that the customer pays for and that no improvement puts to one of its objectives."""
    known = {objective.objective_id for objective in account.objectives}
    serving = {i.capability for i in improvements_on(account, day) if i.objective in known}
    for capability in capabilities_on(account, day):
        if capability not in serving:
            yield Finding(kind="capability_without_objective", subject=capability, day=day, verdict="serves_none")

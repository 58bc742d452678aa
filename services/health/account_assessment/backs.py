"""Will you have our backs? What the last year says of our service to the customer. Pure.

Whether a year is slower than the one before is asked of the ratio of two means of exponential times, whose logarithm
has the variance 1 / n + 1 / m (delta method): slower where its 90 % interval says so, `no` where surely by half.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import exp, log, sqrt

from services.health.account_assessment.account import Account, Finding, fact, midnight
from services.health.account_assessment.answers import AT_RISK, NO, NOT_KNOWN, YES, Item, answered
from services.health.account_assessment.commitments import commitments_on
from services.health.account_assessment.kpi_months import YEAR, Z90, months_before, totals
from services.health.account_assessment.version_lag import version_lags
from services.health.advisory_generation.alert_kinds import ASSET_FAILURE, ASSET_WORK, GUARANTEE_WINDOW
from services.health.health_assessment.records_in_force import guarantee_on
from shared.kpis import coverage, summed
from shared.records.said_dates import date_said

LEAST_FAILURES = 3
MUCH_SLOWER = 1.5
ANSWERED_WITHIN = timedelta(days=30)
VERY_LATE_DAYS = 90
SOON_DAYS = 365
LAG_DAYS = 180


def backs(account: Account, day: date) -> Finding:
    """The answer with its parts; where nothing is told of one, it is not known."""
    parts = [
        repair_times(account, day),
        response_times(account, day),
        repeat_failures(account, day),
        support_end(account, day),
        version_lag(account, day),
        open_commitments(account, day),
        silent_sources(account, day),
    ]
    kept = guarantee(account, day)
    return answered("question_backs", day, parts if kept is None else [*parts, kept])


def slower(name: str, last: tuple[int, float], before: tuple[int, float], day: date) -> Item:
    """Whether mean hours of the last year (count, sum) are more than those of the year before."""
    (count, hours), (earlier, earlier_hours) = last, before
    if count == 0:
        return Item(name=name, answer=NOT_KNOWN)
    said = [fact(f"{name}: mean of {count} in the last year", on=day, value=hours / count, unit="h")]
    if min(count, earlier) < LEAST_FAILURES or earlier_hours <= 0:
        return Item(name=name, answer=NOT_KNOWN, facts=tuple(said))
    said.append(fact(f"{name}: mean of {earlier} in the year before", value=earlier_hours / earlier, unit="h"))
    if hours <= 0:
        return Item(name=name, answer=YES, facts=tuple(said))
    ratio = (hours / count) / (earlier_hours / earlier)
    low = exp(log(ratio) - Z90 * sqrt(1 / count + 1 / earlier))
    return Item(name=name, answer=NO if low > MUCH_SLOWER else AT_RISK if low > 1 else YES, facts=tuple(said))


def repair_times(account: Account, day: date) -> Item:
    """Repair hours a failure, this year and the one before; a year without a failure needs no repair."""
    years = [totals(account, months_before(day, YEAR, back)) for back in (0, YEAR)]
    sums = [summed(own) for own in years]
    (count, hours), before = [(int(own["failures"]), own["repair_s"] / 3600) for own in sums]
    known = coverage(years[0])
    if count == 0 and known is not None and known >= 0.5:
        facts = (fact("failures in the last year", on=day, value=0.0, unit="failures"),)
        return Item(name="repair_times", answer=YES, facts=facts)
    return slower("repair_times", (count, hours), before, day)


def response_times(account: Account, day: date) -> Item:
    """Hours from a failure to the first work on the machine that was told of, within 30 days."""
    worked = _instants(account, ASSET_WORK)
    took: list[tuple[datetime, float]] = []
    for asset, failures in _instants(account, ASSET_FAILURE).items():
        for at in failures:
            first = next((work for work in worked.get(asset, ()) if at <= work < at + ANSWERED_WITHIN), None)
            if first is not None and first < midnight(day):
                took.append((at, (first - at) / timedelta(hours=1)))
    end, year = midnight(day), timedelta(days=365)
    last = [hours for at, hours in took if end - year <= at < end]
    before = [hours for at, hours in took if end - 2 * year <= at < end - year]
    return slower("response_times", (len(last), sum(last)), (len(before), sum(before)), day)


def _instants(account: Account, outcome: str) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = {}
    for row in account.outcomes:
        if row.outcome == outcome and row.happened:
            found.setdefault(row.scope_id, []).append(row.at)
    return found


def failures_in_year(account: Account, day: date) -> dict[int, list[datetime]]:
    """When each machine failed in the 365 days before the day's midnight, oldest first."""
    end = midnight(day)
    return {
        asset: [at for at in instants if end - timedelta(days=365) <= at < end]
        for asset, instants in _instants(account, ASSET_FAILURE).items()
    }


def failures_before(account: Account, day: date) -> dict[int, list[datetime]]:
    """When each machine failed earlier than those 365 days, oldest first."""
    start = midnight(day) - timedelta(days=365)
    return {asset: [at for at in own if at < start] for asset, own in _instants(account, ASSET_FAILURE).items()}


def repeat_failures(account: Account, day: date) -> Item:
    """Failures within 30 days of the same machine's last one; an open case is a risk, three in a year a no."""
    name = "repeat_failures"
    if account.first_data is None or account.first_data >= day:
        return Item(name=name, answer=NOT_KNOWN)
    by_asset = failures_in_year(account, day)
    total = sum(map(len, by_asset.values()))
    again = sum(b - a < ANSWERED_WITHIN for own in by_asset.values() for a, b in pairwise(own))
    said = [fact(f"failures within 30 days of the last, of {total} in a year", on=day, value=float(again))]
    alerts = [a for a in account.alerts if a.kind == "repeated_failures" and a.opened_at <= midnight(day)]
    recent = [a for a in alerts if a.opened_at > midnight(day) - timedelta(days=365)]
    said += [fact("repeated failures", on=a.opened_at.date()) for a in recent]
    if max((sum(b.scope_id == a.scope_id for b in recent) for a in recent), default=0) >= LEAST_FAILURES:
        return Item(name=name, answer=NO, facts=tuple(said))
    return Item(name=name, answer=AT_RISK if any(a.stands_on(day) for a in alerts) else YES, facts=tuple(said))


def support_end(account: Account, day: date) -> Item:
    """The earliest end of support that an event of a machine's software or retrofit says (`support_ends_on`)."""
    ends: dict[int, date] = {}
    for event in account.events_of(day, "software_release", "retrofit"):
        end = date_said(event.attributes, "support_ends_on")
        if end is not None:
            ends[event.scope_id] = end
    if not ends:
        return Item(name="support_end", answer=NOT_KNOWN)
    first = min(ends.values())
    answer = NO if first <= day else AT_RISK if (first - day).days < SOON_DAYS else YES
    return Item(name="support_end", answer=answer, facts=(fact("support of a machine ends", on=first),))


def version_lag(account: Account, day: date) -> Item:
    """Days by which the machine that is furthest behind the newest software of its type is so, as `version_lags`."""
    told = list(version_lags(account, day))
    facts = tuple(
        fact(f"{one.subject}: software older than the newest seen", on=day, value=one.value, unit="d") for one in told
    )
    lag = max((one.value or 0.0 for one in told), default=None)
    answer = NOT_KNOWN if lag is None else AT_RISK if lag > LAG_DAYS else YES
    return Item(name="version_lag", answer=answer, facts=facts)


def open_commitments(account: Account, day: date) -> Item:
    """Commitments that are late; by more than 90 days, nobody relies on the next one."""
    ledger = commitments_on(account, day)
    late = [one for one in ledger if one.verdict(day) == "late"]
    facts = [fact(f"late: {c.what}", on=c.due_on, value=float(c.days_late(day) or 0), unit="d") for c in late]
    worst = max((one.days_late(day) or 0 for one in late), default=0)
    answer = NOT_KNOWN if not ledger else NO if worst > VERY_LATE_DAYS else AT_RISK if late else YES
    return Item(name="open_commitments", answer=answer, facts=tuple(facts))


def silent_sources(account: Account, day: date) -> Item:
    """Whom we do not hear we cannot help."""
    silent = account.standing(day, "silent_source")
    heard = account.first_data is not None and account.first_data < day
    facts = tuple(fact("nothing heard", on=alert.opened_at.date()) for alert in silent)
    return Item(name="silent_sources", answer=AT_RISK if silent else YES if heard else NOT_KNOWN, facts=facts)


def guarantee(account: Account, day: date) -> Item | None:
    """Windows overspent in a year, and whether a breach is foretold; None without a guarantee in force."""
    if guarantee_on(account.contracts, day) is None:
        return None
    end = midnight(day)
    broken = [
        row.at.date()
        for row in account.outcomes
        if row.outcome == GUARANTEE_WINDOW and row.happened and end - timedelta(days=365) <= row.at < end
    ]
    feared = account.standing(day, "guarantee_breach")
    facts: Sequence[dict[str, object]] = [
        *(fact("a guarantee's window closed overspent", on=on) for on in broken),
        *(fact("a breach is foretold", on=alert.opened_at.date()) for alert in feared),
    ]
    return Item(name="guarantee", answer=NO if broken else AT_RISK if feared else YES, facts=tuple(facts))

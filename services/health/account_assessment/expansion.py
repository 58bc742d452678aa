"""Whether more may be sold to the account: not while it spends more and gets no more. Pure.

Spend is the contract value a year, else the number of machines; value is uptime of the last twelve months against the
twelve before, and where that is not known, neither is whether more may be sold. Blocked as well while a promise or a
guarantee is broken, or the machines surely get worse. Readiness is value that surely rose with machines nearly full.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from services.health.account_assessment.account import Account, Finding, fact
from services.health.account_assessment.competitive import NEARLY_FULL, load
from services.health.account_assessment.kpi_months import YEAR, Change, fell_by, months_before, stopped_share
from services.health.health_assessment.records_in_force import annual_value_on

_BROKEN = {
    "promise_gap": "less uptime than was promised at the sale",
    "guarantee_breach": "a guarantee is broken or about to break",
    "decline": "the machines surely get worse",
}


def expansion(account: Account, day: date) -> Iterator[Finding]:
    """Allowed, blocked with the reasons, or not known; and whether the account is ready for it."""
    gain = gained(account, day)
    reasons = [
        fact(_BROKEN[alert.kind], on=alert.opened_at.date())
        for alert in sorted(account.standing(day, *_BROKEN), key=lambda a: a.opened_at)
    ]
    spend = spend_grew(account, day)
    if spend is not None and gain is not None and gain.low <= 0:
        flat = fact("uptime did not surely rise in that year", on=day, value=100 * gain.value, unit="points")
        reasons += [spend, flat]
    yield Finding(
        kind="expansion",
        day=day,
        verdict="blocked" if reasons else "not_known" if gain is None else "allowed",
        value=None if gain is None else 100 * gain.value,
        low=None if gain is None else 100 * gain.low,
        high=None if gain is None else 100 * gain.high,
        unit=None if gain is None else "points of uptime against the year before",
        evidence={"facts": reasons},
    )
    yield _readiness(account, day, gain, blocked=bool(reasons))


def gained(account: Account, day: date) -> Change | None:
    """What stopped time fell by from one year to the next; None until both are known."""
    after, before = (stopped_share(account, months_before(day, YEAR, back)) for back in (0, YEAR))
    return None if after is None or before is None else fell_by(before, after)


def spend_grew(account: Account, day: date) -> dict[str, object] | None:
    """What the account spends more on than a year ago; None where it does not. Currencies are never compared."""
    then = day - timedelta(days=365)
    (now, currency), (earlier, was) = annual_value_on(account.contracts, day), annual_value_on(account.contracts, then)
    if now is not None and earlier is not None and currency == was:
        grew = fact("contract value a year rose by", on=day, value=now - earlier, unit=currency)
        return grew if now > earlier else None
    count, before = (sum(_stands(a.since, a.until, on) for a in account.assets) for on in (day, then))
    grew = fact("machines more than a year ago", on=day, value=float(count - before), unit="machines")
    return grew if count > before > 0 else None


def _stands(since: date, until: date | None, on: date) -> bool:
    return since <= on and (until is None or on < until)


def _readiness(account: Account, day: date, gain: Change | None, *, blocked: bool) -> Finding:
    share = load(account, day)
    known = gain is not None and share is not None
    ready = gain is not None and share is not None and gain.low > 0 and share > NEARLY_FULL and not blocked
    facts = [] if gain is None else [fact("uptime rose by", on=day, value=100 * gain.value, unit="points")]
    facts += [] if share is None else [fact("load of the last three months", on=day, value=100 * share, unit="%")]
    return Finding(
        kind="expansion_readiness",
        day=day,
        verdict="ready" if ready else "not_ready" if known or blocked else "not_known",
        value=None if share is None else 100 * share,
        unit=None if share is None else "% of capacity",
        evidence={"facts": facts},
    )

"""Will you keep us competitive? Trend, position against peers, improvements a year, headroom. Pure."""

from datetime import date, timedelta

from services.health.account_assessment.account import Account, Finding, fact
from services.health.account_assessment.answers import AT_RISK, NO, NOT_KNOWN, YES, Item, answered
from services.health.account_assessment.calendar_months import months_after
from services.health.account_assessment.improvement_life import LIVE, REALIZED, improvements_on
from services.health.account_assessment.kpi_months import (
    YEAR,
    Z90,
    all_months,
    indicator,
    monthly,
    months_before,
    stopped_share,
    totals,
)
from services.health.health_assessment.daily_history import day_number
from services.health.prognostic_assessment.peer_levels import DOWN_SHARE, LEAST_PEERS, newest, others
from services.health.prognostic_assessment.trends import WINDOWS, falling, flat, rising, slopes
from services.health.value_assessment.headroom import FRONTIER
from shared.kpis import kpi
from shared.records.vocabulary import ADOPTIONS, BENCHMARKING

NEARLY_FULL, FULL = 0.85, 0.95


def competitive(account: Account, day: date) -> Finding:
    """The answer with its parts; where nothing is told of one, it is not known."""
    parts = [trend(account, day), position(account, day), improvements(account, day), headroom(account, day)]
    return answered("question_competitive", day, parts)


def trend(account: Account, day: date) -> Item:
    """Uptime by month: surely rising, or at the frontier: yes; surely flat: at risk; surely falling: no."""
    months = all_months(account, day)
    uptime = monthly(account, months, indicator("uptime"))
    said = slopes(uptime)
    if not said:
        ready = months_after(months[0], WINDOWS[0]) if months else None
        return Item(name="trend", answer=NOT_KNOWN, facts=(fact("a trend takes a year of months", on=ready),))
    now = kpi("uptime", totals(account, months_before(day, YEAR))).value or 0.0
    for verdict, slope in ((NO, falling(said)), (YES, rising(said)), (AT_RISK, flat(said))):
        if slope is not None:
            at_frontier = verdict == AT_RISK and now >= FRONTIER
            told = fact("uptime moves, points a year", on=day, value=100 * slope.value, unit="points a year")
            level = fact("uptime of the last year", on=day, value=100 * now, unit="%")
            return Item(name="trend", answer=YES if at_frontier else verdict, facts=(told, level))
    return Item(name="trend", answer=YES if now >= FRONTIER else NOT_KNOWN)


def position(account: Account, day: date) -> Item:
    """Stopped time of each type against at least five other customers: surely more than their median is a risk,
    surely more than twice as much is no."""
    answers, facts = [], []
    for kind in sorted(set(account.type_of.values())) if BENCHMARKING in account.data_use else ():
        level = others(newest(account.peers, kind, day_number(day)), DOWN_SHARE, account.customer_id).level
        own = stopped_share(account, months_before(day, YEAR), _of_type(account, kind))
        if level is None or own is None:
            continue
        error = (own.error**2 + level.median_error**2) ** 0.5
        low = own.value - Z90 * error
        answers.append(NO if low > 2 * level.median else AT_RISK if low > level.median else YES)
        facts.append(fact(f"{kind}: stopped here", on=day, value=100 * own.value, unit="%"))
        facts.append(fact(f"{kind}: median of {level.peers} others", on=day, value=100 * level.median, unit="%"))
    if not answers:
        facts = [fact(f"needs {LEAST_PEERS} other customers, and leave to compare (data_use: benchmarking)")]
    worst = next((answer for answer in (NO, AT_RISK, YES) if answer in answers), NOT_KNOWN)
    return Item(name="position", answer=worst, facts=tuple(facts))


def _of_type(account: Account, kind: str) -> set[int]:
    return {asset for asset, own in account.type_of.items() if own == kind}


def improvements(account: Account, day: date) -> Item:
    """Improvements realized and changes adopted in 365 days; none, while some are under way, is a risk."""
    since = day - timedelta(days=365)
    life = improvements_on(account, day)
    done = [i for i in life if i.status == REALIZED and i.since >= since]
    adopted = [e for e in account.events_of(day, *ADOPTIONS) if e.at.date() >= since]
    facts = [fact(f"realized: {i.title}", on=i.since) for i in done]
    facts += [fact(e.kind.replace("_", " "), on=e.at.date()) for e in adopted]
    live = [i for i in life if i.status in LIVE]
    facts += [fact(f"{i.status}: {i.title}", on=i.since) for i in live]
    ever = bool(life) or bool(account.events_of(day, *ADOPTIONS))
    answer = YES if done or adopted else AT_RISK if live else NO if ever else NOT_KNOWN
    return Item(name="improvements", answer=answer, facts=tuple(facts))


def load(account: Account, day: date) -> float | None:
    """Units made as a share of the most that the machines can make, over the last three months; None if undeclared."""
    return kpi("load_ratio", totals(account, months_before(day, 3))).value


def headroom(account: Account, day: date) -> Item:
    """How much more the machines can make; less than 15 % is a risk, less than 5 % is none."""
    share = load(account, day)
    if share is None:
        return Item(name="headroom", answer=NOT_KNOWN)
    said = fact("load of the last three months", on=day, value=100 * share, unit="% of capacity")
    return Item(name="headroom", answer=NO if share > FULL else AT_RISK if share > NEARLY_FULL else YES, facts=(said,))

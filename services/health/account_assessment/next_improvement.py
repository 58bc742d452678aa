"""The one next improvement of an account: never none, so that we never become the status quo. Pure.

What is under way comes first, accepted before proposed, as long as it moved within a year; else the candidate that
recovers most; else what lets us find one. Whether such a play works is told from other customers, of five at least.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from services.health.account_assessment.account import Account, Finding, Objective, PlayScore, fact
from services.health.account_assessment.calendar_months import first_of_month, months_after
from services.health.account_assessment.candidates import Candidate, candidates, fallback
from services.health.account_assessment.chronic_failures import Chronic
from services.health.account_assessment.improvement_life import ACCEPTED, LIVE, Improvement, improvements_on
from services.health.account_assessment.kpi_months import months_before, totals
from services.health.prognostic_assessment.peer_levels import LEAST_PEERS
from shared.kpis import coverage

STALE = timedelta(days=365)
_PLAYS = {
    "repeated_failures": "repeated_failures",
    "regression": "regression_after_update",
    "promise_gap": "promise_gap",
    "unused_capability": "unused_capability",
}
_UPTIME = ("availability", "oee", "mtbf", "mttr", "throughput", "value_realized")
_SERVES = {
    "repeated_failures": ("mtbf", *_UPTIME),
    "unused_capability": ("effectiveness", "throughput", "quality", "oee", "energy_per_good_unit", "value_realized"),
}


def next_improvement(account: Account, day: date, failing: Sequence[Chronic]) -> Finding:
    """Verdict: accepted, proposed or to_propose; value: hours a year that it should recover, where anybody can say."""
    found = candidates(account, day, failing)
    under_way = live(account, day)
    if under_way is not None:
        return _under_way(account, under_way, day, found)
    known = coverage(totals(account, months_before(day, 3)))
    chosen = found[0] if found else fallback(day, known)
    objective = served(account, chosen.source, day)
    return Finding(
        kind="next_improvement",
        day=day,
        verdict="to_propose",
        value=chosen.hours,
        unit=None if chosen.hours is None else "h a year",
        evidence={
            "title": chosen.title,
            "source": chosen.source,
            "owner_role": owner(account, chosen.roles),
            "objective": None if objective is None else objective.objective_id,
            "capability": chosen.capability,
            "proof": proof(account, chosen.source, day),
            "others": [_brief(other) for other in found[1:6]],
            "facts": list(chosen.facts),
        },
    )


def live(account: Account, day: date) -> Improvement | None:
    """The improvement that is under way: accepted before proposed, then the one that moved last."""
    moving = [i for i in improvements_on(account, day) if i.status in LIVE and day - i.since <= STALE]
    return max(moving, key=lambda i: (i.status == ACCEPTED, i.since, i.improvement_id), default=None)


def _under_way(account: Account, one: Improvement, day: date, found: list[Candidate]) -> Finding:
    hours = one.expected if one.expected_unit == "h" else None
    money = one.expected if one.expected_unit not in (None, "h") else None
    return Finding(
        kind="next_improvement",
        day=day,
        verdict=one.status,
        value=hours if money is None else money,
        unit=None if one.expected is None else "h a year" if money is None else "money a year",
        currency=None if money is None else one.expected_unit,
        basis="supplier" if one.expected is not None else "measured",
        evidence={
            "title": one.title,
            "source": "improvement",
            "improvement_id": one.improvement_id,
            "owner_role": one.owner_role or owner(account, ("customer_success", "account_manager")),
            "objective": one.objective,
            "capability": one.capability,
            "proof": proof(account, "improvement", day),
            "others": [_brief(other) for other in found[:5]],
            "facts": [fact(status, on=on) for status, on in one.steps.items()],
        },
    )


def _brief(other: Candidate) -> dict[str, object]:
    return {"title": other.title, "source": other.source, "hours": other.hours}


def owner(account: Account, roles: tuple[str, ...]) -> str:
    """The first of the roles that somebody has at this customer, else the first."""
    return next((role for role in roles if role in account.owner_roles), roles[0])


def served(account: Account, source: str, day: date) -> Objective | None:
    """The customer's open objective that it serves: the first by due date of those that its KPI can move."""
    moved = _SERVES.get(source, _UPTIME)
    fitting = [o for o in account.objectives if o.kpi in moved and (o.due_on is None or o.due_on >= day)]
    return min(fitting, key=lambda o: (o.due_on is None, str(o.due_on), o.objective_id), default=None)


def proof(account: Account, source: str, day: date) -> dict[str, object]:
    """What acting so brought at other customers, as known at the quarter's beginning; nobody is named, and nothing is
    told of fewer than five."""
    score = _newest(account.scores, _PLAYS.get(source), quarter_of(day))
    if score is None or score.effect is None or score.customers < LEAST_PEERS:
        return {"verdict": "no_proof_yet", "needed": LEAST_PEERS if score is None else score.needed}
    return {
        "verdict": score.verdict,
        "customers": score.customers,
        "hours_saved_per_1000_h": score.effect,
        "low": score.low,
        "high": score.high,
    }


def quarter_of(day: date) -> date:
    """The first day of a day's quarter."""
    return months_after(first_of_month(day), -((day.month - 1) % 3))


def _newest(scores: tuple[PlayScore, ...], play: str | None, by: date) -> PlayScore | None:
    known = [score for score in scores if score.play == play and score.as_of <= by]
    return max(known, key=lambda score: score.as_of, default=None)

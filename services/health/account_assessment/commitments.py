"""What we promised in so many words: due, late, kept. Pure.

The share kept in time has Wilson's 90 % interval (Journal of the American Statistical Association 22, 1927).
"""

from collections.abc import Iterator
from datetime import date
from math import sqrt

from services.health.account_assessment.account import Account, Finding, fact
from services.health.health_assessment.commitment_ledger import Commitment, ledger

_Z90 = 1.645


def commitments_on(account: Account, day: date) -> list[Commitment]:
    """All commitments made before the day's midnight, by the day on which they were made."""
    told = account.events_of(day, "commitment")
    return ledger(((str(event.event_id), event.at, event.attributes) for event in told), day)


def commitments(account: Account, day: date) -> Iterator[Finding]:
    """Each commitment, and how many of those that came due were kept in time."""
    ledger = commitments_on(account, day)
    for one in ledger:
        late = one.days_late(day)
        yield Finding(
            kind="commitment",
            subject=one.commitment_id,
            day=day,
            verdict=one.verdict(day),
            value=None if late is None else float(late),
            unit=None if late is None else "d after due date",
            evidence={"facts": _facts(one)},
        )
    yield _record(ledger, day)


def _record(ledger: list[Commitment], day: date) -> Finding:
    verdicts = [one.verdict(day) for one in ledger]
    late, due = verdicts.count("late"), verdicts.count("due")
    dated = [one for one in ledger if one.due_on is not None]
    judged = [one for one in dated if one.verdict(day) in ("kept", "kept_late", "late")]
    kept = sum(one.verdict(day) == "kept" for one in judged)
    low, high = wilson(kept, len(judged)) if judged else (None, None)
    return Finding(
        kind="commitments",
        day=day,
        verdict="late" if late else "due" if due else "kept" if judged else "not_known",
        value=kept / len(judged) if judged else None,
        low=low,
        high=high,
        unit="share kept in time" if judged else None,
        evidence={"late": late, "due": due, "kept_in_time": kept, "came_due": len(judged)},
    )


def wilson(happened: int, count: int) -> tuple[float, float]:
    """Wilson's 90 % interval of a share."""
    share, square = happened / count, _Z90**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _Z90 / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _facts(one: Commitment) -> list[dict[str, object]]:
    found = [fact(f"committed: {one.what}", on=one.made_on)]
    if one.due_on is not None:
        found.append(fact("due", on=one.due_on))
    if one.kept_on is not None:
        found.append(fact("kept", on=one.kept_on))
    return found

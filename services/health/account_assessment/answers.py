"""Answers to a customer's question, item by item with dated evidence, and the one that follows from them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.health.account_assessment.account import Finding

YES, AT_RISK, NO, NOT_KNOWN = "yes", "at_risk", "no", "not_known"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One part of an answer and what it stands on."""

    name: str
    answer: str
    facts: tuple[dict[str, object], ...] = ()


def answered(kind: str, day: date, items: Sequence[Item]) -> Finding:
    """`no` where any part is, else `at_risk` where any is, `yes` where at least half are known, else `not_known`.

    value: the share of the parts that are known.
    """
    given = [item.answer for item in items]
    known = [answer for answer in given if answer != NOT_KNOWN]
    worst = next((answer for answer in (NO, AT_RISK) if answer in known), None)
    return Finding(
        kind=kind,
        day=day,
        verdict=worst or (YES if known and 2 * len(known) >= len(given) else NOT_KNOWN),
        value=len(known) / len(given),
        unit="share known",
        evidence={
            "items": [{"name": i.name, "answer": i.answer, "facts": list(i.facts)} for i in items],
            "facts": [found for item in items for found in item.facts],
        },
    )

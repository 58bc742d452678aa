"""Contracts that came due with the signs of a month before: what the risk of a renewal is learned from. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.health.portfolio.contract_lives import EndedTerm, ended_terms
from services.health.portfolio.portfolio_rows import ContractVersion, Told
from services.health.prognostic_assessment.renewal_learning import PastRenewal

LEAD, FRESH = timedelta(days=28), timedelta(days=35)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The signs of a contract as they were on the last day of a month."""

    customer_id: int
    contract: str
    day: date
    signs: Mapping[str, float]


def past_renewals(
    versions: Sequence[ContractVersion], told: Iterable[Told], judged: Iterable[Judged], day: date
) -> list[PastRenewal]:
    """Terms of which is known on a day what became of them, in a fixed order.

    Each with the newest signs of at least four weeks before its end, and at most nine; without any it teaches nothing.
    """
    signs: dict[tuple[int, str], list[Judged]] = defaultdict(list)
    for row in judged:
        signs[row.customer_id, row.contract].append(row)
    found = []
    for term in ended_terms(versions, told, day):
        before = _month_before(term, signs[term.customer_id, term.contract])
        if before is not None:
            found.append(PastRenewal(signs=before.signs, lost=not term.renewed))
    return found


def _month_before(term: EndedTerm, rows: Iterable[Judged]) -> Judged | None:
    last = term.ended_on - LEAD
    return max((row for row in rows if last - FRESH < row.day <= last), key=lambda row: row.day, default=None)

"""How long contracts last: from the first of a chain of renewed contracts until nobody renewed it. Pure.

A contract is renewed by another of the same customer that begins within 90 days of its end, each by one of its own;
an amendment is a version of the same contract, and one that moves its end renews it too. An event `renewal` with the
outcome `renewed` or `not_renewed` wins over that. For 90 days after its end a contract without a successor is
undecided: followed to its end, and neither kept nor lost.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.health.portfolio.portfolio_rows import ContractVersion, Told
from shared.months import month_number
from shared.records.vocabulary import RENEWAL_OUTCOMES

NEAR = timedelta(days=90)
RENEWED, NOT_RENEWED = RENEWAL_OUTCOMES


@dataclass(frozen=True, kw_only=True)
class ContractLife:
    """A chain of renewed contracts as of a day. years: followed for so long, up to its end or to that day.

    lost: it ended and was not renewed. newest: the contract that it has come to, whose value counts while it runs; one
    that is signed and has not begun is not yet in force.
    """

    customer_id: int
    newest: ContractVersion
    started_on: date
    years: float
    lost: bool
    undecided: bool

    @property
    def running(self) -> bool:
        """Whether it has neither ended nor is undecided."""
        return not self.lost and not self.undecided


def years_between(first: date, then: date) -> float:
    """Years by the calendar, so that a term of three years is 3 whatever leap years it has."""
    months = month_number(then) - month_number(first)
    return (months + (then.day - first.day) / 31) / 12


def contracts_known(versions: Iterable[ContractVersion], day: date) -> list[ContractVersion]:
    """Each contract in the version that is in force on a day, or the first to come; unsigned ones are not known."""
    newest = [own[-1] for own in _versions_known(versions, day)]
    return sorted(newest, key=lambda c: (c.customer_id, c.starts_on, c.contract))


def _versions_known(versions: Iterable[ContractVersion], day: date) -> list[list[ContractVersion]]:
    """The versions of each contract that are in force on a day or were before, oldest first."""
    found: dict[tuple[int, str], list[ContractVersion]] = defaultdict(list)
    for version in sorted(versions, key=lambda v: v.valid_from):
        if version.valid_from <= day and (version.signed_on is None or version.signed_on <= day):
            found[version.customer_id, version.contract].append(version)
    return list(found.values())


def contract_lives(versions: Iterable[ContractVersion], told: Iterable[Told], day: date) -> list[ContractLife]:
    """Every chain that had begun before a day, as it was known then."""
    outcomes = _renewals_told(told, day)
    return [
        life
        for customer_id, contracts in _by_customer(contracts_known(versions, day)).items()
        for life in _lives(contracts, _outcomes(contracts, outcomes[customer_id]), day)
    ]


def _by_customer(contracts: Iterable[ContractVersion]) -> dict[int, list[ContractVersion]]:
    found: dict[int, list[ContractVersion]] = defaultdict(list)
    for contract in contracts:
        found[contract.customer_id].append(contract)
    return found


def _renewals_told(told: Iterable[Told], day: date) -> dict[int, list[Told]]:
    found: dict[int, list[Told]] = defaultdict(list)
    for event in told:
        if event.kind == "renewal" and event.at.date() < day:
            found[event.customer_id].append(event)
    return found


def _outcomes(contracts: Sequence[ContractVersion], events: Sequence[Told]) -> dict[str, tuple[str, date]]:
    """What was said last of each contract, and when; an event that names none is about the one that ends nearest."""
    found: dict[str, tuple[str, date]] = {}
    for event in sorted(events, key=lambda e: e.at):
        outcome, named, on = event.attributes.get("outcome"), event.attributes.get("contract"), event.at.date()
        begun = [c for c in contracts if c.starts_on <= on]
        if named is None and begun:
            named = min(begun, key=lambda c: abs((c.ends_on or date.max) - on)).contract
        if isinstance(named, str) and outcome in (RENEWED, NOT_RENEWED):
            found[named] = str(outcome), on
    return found


def _lives(
    contracts: Sequence[ContractVersion], outcomes: Mapping[str, tuple[str, date]], day: date
) -> Iterable[ContractLife]:
    after = _successors(contracts, outcomes)
    continued = {successor.contract for successor in after.values()}
    for first in contracts:
        if first.contract in continued or first.starts_on >= day:
            continue
        chain = [first]
        while chain[-1].contract in after:
            chain.append(after[chain[-1].contract])
        yield _life(chain, outcomes.get(chain[-1].contract), day)


def _successors(
    contracts: Sequence[ContractVersion], outcomes: Mapping[str, tuple[str, date]]
) -> dict[str, ContractVersion]:
    """Contract to the one that renews it: of those that begin near its end the nearest that renews no other."""
    after: dict[str, ContractVersion] = {}
    taken: set[str] = set()
    for ending in sorted(contracts, key=lambda c: c.ends_on or date.max):
        if ending.ends_on is None or _said(outcomes, ending) == NOT_RENEWED:
            continue
        end = ending.ends_on + timedelta(days=1)
        near = [
            c
            for c in contracts
            if c.contract not in taken
            and ending.starts_on < c.starts_on
            and abs(c.starts_on - end) <= NEAR
            and (c.ends_on is None or c.ends_on > ending.ends_on)
        ]
        if near:
            following = min(near, key=lambda c: (abs(c.starts_on - end), c.contract))
            after[ending.contract] = following
            taken.add(following.contract)
    return after


def _said(outcomes: Mapping[str, tuple[str, date]], contract: ContractVersion) -> str | None:
    found = outcomes.get(contract.contract)
    return None if found is None else found[0]


def _life(chain: Sequence[ContractVersion], outcome: tuple[str, date] | None, day: date) -> ContractLife:
    first, last = chain[0], chain[-1]
    end = None if last.ends_on is None else last.ends_on + timedelta(days=1)
    said = None if outcome is None else outcome[0]
    if end is None and outcome is not None and said == NOT_RENEWED:
        end = outcome[1]
    over = end is not None and end <= day and said != RENEWED
    lost = over and end is not None and (said == NOT_RENEWED or end + NEAR <= day)
    followed = end if over and end is not None else day
    return ContractLife(
        customer_id=first.customer_id,
        newest=max((c for c in chain if c.starts_on <= day), key=lambda c: c.starts_on),
        started_on=first.starts_on,
        years=years_between(first.starts_on, followed),
        lost=lost,
        undecided=over and not lost,
    )


@dataclass(frozen=True, kw_only=True)
class EndedTerm:
    """A term of a contract that came due, and whether it was renewed. ended_on: its last day."""

    customer_id: int
    contract: str
    ended_on: date
    renewed: bool


def ended_terms(versions: Sequence[ContractVersion], told: Iterable[Told], day: date) -> list[EndedTerm]:
    """Terms that ended at least 90 days before a day, as was known then.

    All of them wait so long, as those without a successor must: else who was kept would be known before who was lost.
    """
    outcomes = _renewals_told(told, day)
    found = _moved_ends(versions, day)
    for customer_id, contracts in _by_customer(contracts_known(versions, day)).items():
        said = _outcomes(contracts, outcomes[customer_id])
        after = _successors(contracts, said)
        for contract in contracts:
            if contract.ends_on is not None:
                renewed = contract.contract in after or _said(said, contract) == RENEWED
                found.append(_ended(contract, contract.ends_on, renewed=renewed))
    over = [term for term in found if term.ended_on + timedelta(days=1) + NEAR <= day]
    return sorted(over, key=lambda term: (term.customer_id, term.ended_on, term.contract))


def _ended(contract: ContractVersion, ended_on: date, *, renewed: bool) -> EndedTerm:
    return EndedTerm(customer_id=contract.customer_id, contract=contract.contract, ended_on=ended_on, renewed=renewed)


def _moved_ends(versions: Iterable[ContractVersion], day: date) -> list[EndedTerm]:
    """Terms whose contract was amended to end later: these were renewed."""
    return [
        _ended(before, before.ends_on, renewed=True)
        for own in _versions_known(versions, day)
        for before, then in pairwise(own)
        if before.ends_on is not None and (then.ends_on is None or then.ends_on > before.ends_on)
    ]

"""Whether the world changed in which a customer's machines are measured: what it makes, how, and how much. Pure.

Then what would have been without us is another thing than it was, and a new baseline is proposed: since when, what
changed, from what to what. It stays a proposal, and value keeps the old baseline, until a person answers it by an event
`baseline` on the customer: with a baseline that holds from its day on, or with `rejected`. Downtime and wear of
machines are no change of the world: a figure of theirs proposes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite

import numpy as np

from services.health.block import CustomerBlock, Event
from services.health.value_assessment.activity import ActivityMonth
from services.health.value_assessment.operating_mode import mix_moved
from shared.months import month_number, month_start
from shared.records.vocabulary import BUSINESS_TREND

LASTING, LEAST_BEFORE, YEAR = 3, 6, 12
MOVED, MOVED_MIX = 0.1, 0.25
# Far outside what months differ by anyway: chance lies so far off in 1 of 15,000 months, and three in a row must.
_Z = 4.0
DEMAND, MIX = "asked of the machines", "product mix"

Figure = Callable[[ActivityMonth], float]


@dataclass(frozen=True, kw_only=True)
class Moved:
    """One figure that lies elsewhere than it did: in its unit, before and since."""

    what: str
    unit: str
    before: float
    since: float


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A new baseline that is proposed. since: the number of the month from which on the world is another."""

    since: int
    moved: tuple[Moved, ...]


@dataclass(frozen=True, kw_only=True)
class WorldState:
    """What is kept of a customer's world: its months, and the proposal that is open."""

    months: tuple[ActivityMonth, ...] = ()
    proposal: Proposal | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A day on whose evening a proposal was opened, or answered by `answer`: accepted, rejected."""

    day: date
    proposal: Proposal
    answer: str | None


def turns(
    opened: Proposal | None, months: Sequence[ActivityMonth], block: CustomerBlock, whole_days: int
) -> tuple[list[Turn], Proposal | None]:
    """What became of proposals on the block's whole days, and the one that is open then. opened: at its start."""
    found: list[Turn] = []
    words = [e for e in block.events if e.kind == "baseline" and e.scope_type == "customer"]
    for count in range(whole_days):
        day = block.start.date() + timedelta(days=count)
        answers = [e for e in words if e.at.date() == day]
        if opened is not None and answers:
            answer = "rejected" if answers[-1].attributes.get("rejected") else "accepted"
            found.append(Turn(day=day, proposal=opened, answer=answer))
            opened = None
        if opened is None and (day + timedelta(days=1)).day == 1:
            told = BUSINESS_TREND in block.data_use
            opened = propose(months, _known_since(words, day), month_number(day), tells_demand=told)
            if opened is not None:
                found.append(Turn(day=day, proposal=opened, answer=None))
    return found, opened


def _known_since(words: Sequence[Event], day: date) -> int:
    """The first whole month after the customer's last word on its baseline."""
    return max((month_number(e.at.date()) + 1 for e in words if e.at.date() <= day), default=0)


def propose(months: Sequence[ActivityMonth], first: int, number: int, *, tells_demand: bool = True) -> Proposal | None:
    """What is proposed at the end of a month; None where the world is what the baseline in force knows.

    first: the month from which on that baseline stands; six of the months since must be known, and no more than the
    last two years of them are looked at. Each of the last three must lie far on one side of what was usual, and as far
    from the same month a year before: a season is no change. How much is asked says nothing before a year is known, and
    nothing of a customer who did not agree to it (tells_demand).
    """
    known = [m for m in months if m.is_known and m.number <= number]
    last = [m for m in known if m.number > number - LASTING]
    usual = [m for m in known if max(first, number - LASTING - 2 * YEAR + 1) <= m.number <= number - LASTING]
    if len(last) < LASTING or len(usual) < LEAST_BEFORE:
        return None
    before_last = {m.number + YEAR: m for m in known}
    year_ago = [before_last[m.number] for m in last if m.number in before_last]
    points = [_moved(n, "its own", _mean("points", n), usual, last, year_ago) for n in _names(known, "points")]
    moved = [own for own in points if own is not None]
    if tells_demand and len(year_ago) == LASTING:
        demand = _moved(DEMAND, "machine hours a day", lambda m: m.asked_a_day, usual, last, year_ago)
        moved += [] if demand is None else [demand]
    mix = mix_moved(last, year_ago if len(year_ago) == LASTING else usual)
    if mix >= MOVED_MIX:
        moved.append(Moved(what=MIX, unit="share of other products", before=0.0, since=round(mix, 3)))
    if not moved:
        return None
    rates = [_moved(n, "units an hour", _mean("made", n), usual, last, year_ago) for n in _names(known, "made")]
    return Proposal(since=number - LASTING + 1, moved=(*moved, *(own for own in rates if own is not None)))


def since_day(proposal: Proposal) -> date:
    """The first day of the other world."""
    return month_start(proposal.since)


def _totals(month: ActivityMonth, what: str) -> Mapping[str, tuple[float, float]]:
    return month.points if what == "points" else month.made


def _names(known: Sequence[ActivityMonth], what: str) -> list[str]:
    return sorted({name for month in known for name in _totals(month, what)})


def _mean(what: str, name: str) -> Figure:
    def figure(month: ActivityMonth) -> float:
        total, hours = _totals(month, what).get(name, (0.0, 0.0))
        return total / hours if hours > 0 else float("nan")

    return figure


def _moved(
    what: str,
    unit: str,
    figure: Figure,
    usual: Sequence[ActivityMonth],
    last: Sequence[ActivityMonth],
    year_ago: Sequence[ActivityMonth],
) -> Moved | None:
    before = np.array([value for m in usual if isfinite(value := figure(m))])
    now, then = np.array([figure(m) for m in last]), np.array([figure(m) for m in year_ago])
    if len(before) < LEAST_BEFORE or not np.isfinite(now).all():
        return None
    middle = float(np.median(before))
    least = MOVED * abs(middle)
    far = max(least, _Z * 1.4826 * float(np.median(np.abs(before - middle))))
    for side in (1.0, -1.0):
        is_far = bool((side * (now - middle) > far).all())
        if is_far and (len(then) < len(now) or bool((side * (now - then) > least).all())):
            return Moved(what=what, unit=unit, before=round(middle, 3), since=round(float(np.median(now)), 3))
    return None

"""Which alerts people are shown, from when on, and as which tier. Pure, and decided in event time.

All alerts are raised and scored. Held back are:

- `no_skill`: a forecast that it will cost value, of a kind that has not shown that it says more than chance. A kind
  that watches first is shown as `watch` instead.
- `flapping`: the fourth of one kind and scope in 30 days, until it has stood for two days: what stands does not flap.
- `budget`: more than five in seven days for one owner, a role at a customer. They wait, act before watch and greater
  stakes first, and come when there is room as long as they stand.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heapify, heappop, heappush
from uuid import UUID

from services.health.advisory_generation.alert_kinds import AlertKind
from shared.alerts import MOST_A_WEEK, Tier

WEEK = timedelta(days=7)
MOST_ALIKE, ALIKE_FOR = 3, timedelta(days=30)
STANDS_AFTER = timedelta(days=2)


class Withheld(StrEnum):
    """Why an alert is not shown."""

    NO_SKILL = "no_skill"
    FLAPPING = "flapping"
    BUDGET = "budget"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An alert that opened. tier: as assessed; dated: it names a date. shown_at, withheld: as decided earlier.

    taken: a person has acted on it, and keeps it.
    """

    alert_id: UUID
    kind: str
    scope: tuple[str, int]
    owner_role: str
    tier: Tier
    dated: bool
    opened_at: datetime
    ended_at: datetime | None
    stake_hours: float | None
    shown_at: datetime | None
    withheld: Withheld | None
    taken: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What is decided of an alert: shown since `shown_at`, or withheld for a reason."""

    tier: Tier
    shown_at: datetime | None
    withheld: Withheld | None


@dataclass(frozen=True, kw_only=True)
class SkillHistory:
    """When each kind's record was kept, ascending, and whether its skill was demonstrated there."""

    instants: Mapping[str, Sequence[datetime]]
    demonstrated: Mapping[str, Sequence[bool]]

    def at(self, kind: str, at: datetime) -> bool:
        """Whether skill was demonstrated by the last record up to an instant."""
        count = bisect_right(self.instants.get(kind, ()), at)
        return count > 0 and self.demonstrated[kind][count - 1]

    def first(self, kind: str, since: datetime, until: datetime) -> datetime | None:
        """The first instant in [since, until] at which skill was demonstrated; None for none."""
        if self.at(kind, since):
            return since
        kept = zip(self.instants.get(kind, ()), self.demonstrated.get(kind, ()), strict=True)
        return next((at for at, shown in kept if shown and since < at <= until), None)


def decide(
    candidates: Iterable[Candidate],
    kinds: Mapping[str, AlertKind],
    skills: SkillHistory,
    *,
    since: datetime,
    through: datetime,
    most_a_week: int = MOST_A_WEEK,
) -> dict[UUID, Shown]:
    """What is shown of one customer's alerts as of `through`.

    What was decided before `since` stays as it was, and so does what a person has taken.
    candidates: all that opened up to `through` and ended after `since`, those that were shown in the 30 days before
    it, and those of their kind and scope that were shown in the 30 days before they opened.
    """
    by_owner: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_owner[candidate.owner_role].append(candidate)
    found: dict[UUID, Shown] = {}
    for own in by_owner.values():
        shown = {c.alert_id: c.shown_at for c in own if c.shown_at is not None and (c.shown_at < since or c.taken)}
        coming = [
            (at, c)
            for c in own
            if c.alert_id not in shown and (at := _eligible_at(c, kinds[c.kind], skills, through)) is not None
        ]
        told = [(at, c) for c in own if (at := shown.get(c.alert_id)) is not None]
        more, flapping = _budgeted(told, coming, since, through, most_a_week)
        shown |= more
        for c in own:
            found[c.alert_id] = Shown(
                tier=_tier(c, kinds[c.kind], skills, through),
                shown_at=shown.get(c.alert_id),
                withheld=_reason(c, shown, flapping, {w.alert_id for _, w in coming}),
            )
    return found


def _reason(
    candidate: Candidate, shown: Container[UUID], flapping: Container[UUID], waited: Container[UUID]
) -> Withheld | None:
    if candidate.alert_id in shown:
        return None
    if candidate.alert_id in flapping:
        return Withheld.FLAPPING
    return Withheld.BUDGET if candidate.alert_id in waited else Withheld.NO_SKILL


def _forecasts(candidate: Candidate, kind: AlertKind) -> bool:
    """Whether it says that something will cost value; without a date an act says what is so already."""
    return kind.outcome_test is not None and candidate.tier is Tier.ACT and candidate.dated


def _tier(candidate: Candidate, kind: AlertKind, skills: SkillHistory, through: datetime) -> Tier:
    proven = skills.at(kind.name, min(candidate.ended_at or through, through))
    return kind.tier if _forecasts(candidate, kind) and not proven else candidate.tier


def _eligible_at(candidate: Candidate, kind: AlertKind, skills: SkillHistory, through: datetime) -> datetime | None:
    if kind.tier is Tier.WATCH or not _forecasts(candidate, kind):
        return candidate.opened_at
    return skills.first(kind.name, candidate.opened_at, min(candidate.ended_at or through, through))


def _budgeted(
    told: Iterable[tuple[datetime, Candidate]],
    coming: Iterable[tuple[datetime, Candidate]],
    since: datetime,
    through: datetime,
    most_a_week: int,
) -> tuple[dict[UUID, datetime], set[UUID]]:
    """When each of one owner's alerts is shown, from `since` on, and which are held back as flapping.

    told: shown before. coming: with when each may be shown; whether it flaps is asked as of that moment, also where
    that lies before `since`, so that asking again says the same.
    """
    history = sorted(told, key=_in_time)
    order = [(max(at, since), c.alert_id, at, c) for at, c in coming]
    heapify(order)
    shown: dict[UUID, datetime] = {}
    flapping: set[UUID] = set()
    queue: list[tuple[bool, float, datetime, UUID, Candidate]] = []
    clock = since
    while order or queue:
        free = history[-most_a_week][0] + WEEK if len(history) >= most_a_week else clock
        if order and (not queue or order[0][0] <= max(free, clock)):
            clock, alert_id, at, candidate = heappop(order)
            if alert_id not in flapping and _alike(history, candidate, at) >= MOST_ALIKE:
                flapping.add(alert_id)
                if _stands(candidate, at + STANDS_AFTER) and at + STANDS_AFTER <= through:
                    heappush(order, (max(at + STANDS_AFTER, since), alert_id, at, candidate))
            else:
                flapping.discard(alert_id)
                heappush(queue, (*_priority(candidate), candidate))
            continue
        clock, candidate = max(free, clock), heappop(queue)[-1]
        if clock <= through and (clock <= candidate.opened_at or _stands(candidate, clock)):
            shown[candidate.alert_id] = clock
            history.append((clock, candidate))
    return shown, flapping


def _stands(candidate: Candidate, at: datetime) -> bool:
    return candidate.ended_at is None or candidate.ended_at > at


def _in_time(each: tuple[datetime, Candidate]) -> tuple[datetime, UUID]:
    return each[0], each[1].alert_id


def _alike(history: Iterable[tuple[datetime, Candidate]], candidate: Candidate, at: datetime) -> int:
    own = (candidate.kind, candidate.scope)
    return sum((c.kind, c.scope) == own and at - ALIKE_FOR < shown_at < at for shown_at, c in history)


def _priority(candidate: Candidate) -> tuple[bool, float, datetime, UUID]:
    return candidate.tier is not Tier.ACT, -(candidate.stake_hours or 0.0), candidate.opened_at, candidate.alert_id

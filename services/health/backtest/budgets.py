"""What the cap of new alerts a week would have held back of each owner, and what that would have cost. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.showing import WEEK, Candidate, Shown, SkillHistory, decide
from services.health.assessment import Episode, Stake
from services.health.track_record.fleet_record import fleet_records, record_instants
from services.health.track_record.gathering import FleetRows, history_of
from services.health.track_record.judging import Verdict, verdicts
from services.health.track_record.skill import Skill

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class BudgetReport:
    """New alerts a week of the owners, each a role at a customer, and what of them the cap held back.

    p95, p95_uncapped: of the owner who has most, as it was and as it would have been without a cap. held_back: never
    shown; delayed: shown later. Of these that came true: missed of the first, and hours of lead lost of the second.
    stake_hours, money: that the missed were about, by currency.
    """

    owners: int
    weeks: int
    p95: float
    p95_uncapped: float
    held_back: int
    delayed: int
    missed: int
    lead_lost_h: float
    stake_hours: float
    money: dict[str, float]


def budget_report(
    episodes: Mapping[int, Sequence[Episode]], rows: FleetRows, since: datetime, until: datetime
) -> BudgetReport:
    """What the cap did to alerts that opened in [since, until); those of `rows` are the episodes in their order."""
    own = {
        customer: {e.alert_id(customer): e for e in told if _opened_at(e) < until}
        for customer, told in episodes.items()
    }
    skills = _skills(rows, until)
    capped = {customer: _shown(told, skills, until) for customer, told in own.items()}
    free = {customer: _shown(told, skills, until, most_a_week=len(told) + 1) for customer, told in own.items()}
    right = _right(episodes, rows, until)
    waits = [
        _Waiting(episode=e, free_at=at, shown_at=capped[customer][i].shown_at, came_true=i in right)
        for customer, told in own.items()
        for i, e in told.items()
        if (at := free[customer][i].shown_at) is not None and at != capped[customer][i].shown_at
        if _opened_at(e) >= since
    ]
    missed = [each.episode.content.stake for each in waits if each.shown_at is None and each.came_true]
    weeks = max(1, -((since - until) // WEEK))
    return BudgetReport(
        owners=len({(customer, e.content.owner_role) for customer, told in own.items() for e in told.values()}),
        weeks=weeks,
        p95=_p95(own, capped, since, weeks),
        p95_uncapped=_p95(own, free, since, weeks),
        held_back=sum(each.shown_at is None for each in waits),
        delayed=sum(each.shown_at is not None for each in waits),
        missed=len(missed),
        lead_lost_h=sum(each.lost_h for each in waits if each.came_true),
        stake_hours=sum(stake.hours or 0.0 for stake in missed),
        money=_money(missed),
    )


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """An alert that the cap shows later than it would be without, or never. came_true: within its horizon."""

    episode: Episode
    free_at: datetime
    shown_at: datetime | None
    came_true: bool

    @property
    def lost_h(self) -> float:
        """Hours of lead that waiting took; none of one that was never shown."""
        return 0.0 if self.shown_at is None else (self.shown_at - self.free_at).total_seconds() / 3600


def _money(stakes: Sequence[Stake]) -> dict[str, float]:
    """What the stakes are about in money, by currency; of those where somebody knows it."""
    total: dict[str, float] = defaultdict(float)
    for stake in stakes:
        if stake.money is not None and stake.currency is not None:
            total[stake.currency] += stake.money
    return dict(total)


def _opened_at(episode: Episode) -> datetime:
    return episode.life.opened_at or episode.life.pending_since


def _skills(rows: FleetRows, until: datetime) -> SkillHistory:
    """What was known of each kind's skill on each Monday."""
    first = min([*(row.at for _, row in rows.outcomes), *(row.at for _, row in rows.forecasts)], default=until)
    mondays = [at for at in record_instants(first, until) if at.isoweekday() == 1]
    demonstrated: dict[str, list[bool]] = defaultdict(list)
    for kind, record in fleet_records(rows, mondays):
        demonstrated[kind].append(record.skill is Skill.DEMONSTRATED)
    return SkillHistory(instants=dict.fromkeys(demonstrated, mondays), demonstrated=demonstrated)


def _shown(told: Mapping[UUID, Episode], skills: SkillHistory, until: datetime, **cap: int) -> dict[UUID, Shown]:
    candidates = [_candidate(alert_id, episode) for alert_id, episode in told.items()]
    return decide(candidates, KINDS, skills, since=_BEGINNING, through=until, **cap)


def _candidate(alert_id: UUID, episode: Episode) -> Candidate:
    return Candidate(
        alert_id=alert_id,
        kind=episode.kind,
        scope=(episode.scope_type, episode.scope_id),
        owner_role=episode.content.owner_role,
        tier=episode.content.tier,
        dated=episode.content.expected_at is not None,
        opened_at=_opened_at(episode),
        ended_at=episode.life.resolved_at,
        stake_hours=episode.content.stake.hours,
        shown_at=None,
        withheld=None,
        taken=False,
    )


def _right(episodes: Mapping[int, Sequence[Episode]], rows: FleetRows, until: datetime) -> set[UUID]:
    """Alerts that came true within their horizon."""
    ids = [episode.alert_id(customer) for customer, told in episodes.items() for episode in told]
    found: set[UUID] = set()
    for kind in KINDS.values():
        if kind.outcome_test is not None:
            history = history_of(kind.name, kind.outcome_test, rows).as_of(until.timestamp())
            known = [i for i, a in zip(ids, rows.alerts, strict=True) if a.kind == kind.name and a.opened_at <= until]
            right = verdicts(kind.outcome_test, history) == Verdict.RIGHT
            found |= {i for i, came in zip(known, right.tolist(), strict=True) if came}
    return found


def _p95(
    own: Mapping[int, Mapping[UUID, Episode]], shown: Mapping[int, Mapping[UUID, Shown]], since: datetime, weeks: int
) -> float:
    """The 95th percentile of new alerts a week, of the owner for whom that is most."""
    counts: dict[tuple[int, str], np.ndarray] = defaultdict(lambda: np.zeros(weeks))
    for customer, told in own.items():
        for alert_id, episode in told.items():
            at = shown[customer][alert_id].shown_at
            week = -1 if at is None else (at - since) // WEEK
            if 0 <= week < weeks:
                counts[customer, episode.content.owner_role][week] += 1
    return max((float(np.percentile(own_weeks, 95)) for own_weeks in counts.values()), default=0.0)

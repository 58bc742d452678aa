"""Customer health on every whole day of a block, and what to go on from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np

from services.health.advisory_generation.machine_conditions import Silence
from services.health.assessment import CustomerHealthRow
from services.health.block import Floats
from services.health.health_assessment.customer_health import exceptions
from services.health.health_assessment.customer_health.changes import Evenings, change_of, parts
from services.health.health_assessment.customer_health.kept_commitments import commitments
from services.health.health_assessment.customer_health.losses import with_block
from services.health.health_assessment.customer_health.measures import Usual, told_by_machines
from services.health.health_assessment.customer_health.others import usual_of_others
from services.health.health_assessment.customer_health.relation import (
    Visits,
    survey,
    touchpoint_figures,
    touchpoints,
    visits,
)
from services.health.health_assessment.customer_health.usual import UsualState, allowed_share
from services.health.health_assessment.customer_health.weighted_measures import (
    GROUPS,
    NOT_KNOWN,
    Measure,
    Scores,
    scores,
)
from services.health.health_assessment.customer_work import (
    COUNTED,
    LOSSES,
    PACED_S,
    REJECTED,
    SLOW_S,
    CustomerWork,
)
from services.health.health_assessment.daily_history import day_of
from services.health.prognostic_assessment.peer_levels import PeerModel


@dataclass(frozen=True, kw_only=True)
class Evening:
    """What was judged at the end of a day. told: fields of `changes` by measure. taken: points by exception."""

    told: dict[str, tuple[float, ...]]
    taken: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class UsualShares:
    """What is usual for the customer: its share of downtime, of rejects, of production lost to pace."""

    down: UsualState = field(default_factory=UsualState)
    rejects: UsualState = field(default_factory=UsualState)
    slow: UsualState = field(default_factory=UsualState)


@dataclass(frozen=True, kw_only=True)
class HealthState:
    """What customer health goes on from: losses by asset, silence by site, what is usual, the evening before."""

    losses: dict[int, dict[int, bytes]]
    silent_h: dict[int, dict[int, bytes]]
    usual: UsualShares
    evening: Evening | None


NO_HEALTH = HealthState(losses={}, silent_h={}, usual=UsualShares(), evening=None)


def assess_health(
    before: HealthState, work: CustomerWork, silences: Sequence[Silence], peers: Sequence[PeerModel]
) -> tuple[list[CustomerHealthRow], HealthState]:
    """A row a whole day of the block, and what to go on from after the last. peers: what others have."""
    days = work.hours // 24
    if not days:
        return [], before
    first = work.days.first_day + work.days.kept
    rows = slice(work.days.kept, work.days.kept + days)
    shares, usual = _usual(before.usual, work, rows, peers)
    numbers, told = first + np.arange(days), visits(work.block)
    people = {
        "commitments": commitments(work.block, numbers),
        "survey": survey(work.block, numbers),
        "touchpoints": touchpoints(told, numbers),
    }
    measures = told_by_machines(work, rows, shares) | people
    scored = scores(measures)
    stands = exceptions.standing(work.guarantees, silences, days)
    taken = exceptions.taken(scored.left, stands)
    evenings = _evenings(before.evening, measures, scored, taken)
    assets = with_block(before.losses, work.losses, days, LOSSES)
    sites = with_block(before.silent_h, work.silent_h, days, 1)
    moved = parts(evenings, assets, sites)
    unmoved = days - len(moved)
    found = [
        CustomerHealthRow(
            day=day_of(first + day),
            **_figures(scored, taken, day),
            groups=_groups(scored, measures, told, first + day, day),
            exceptions=[name for name, own in stands.items() if own[day]],
            change=None if day < unmoved else change_of(moved[day - unmoved]),
        )
        for day in range(days)
    ]
    last = {name: tuple(evenings.told[i, -1].tolist()) for i, name in enumerate(evenings.names)}
    return found, HealthState(
        losses=assets.kept(days),
        silent_h=sites.kept(days),
        usual=usual,
        evening=Evening(told=last, taken={name: float(points[-1]) for name, points in taken.items()}),
    )


def _usual(
    before: UsualShares, work: CustomerWork, rows: slice, peers: Sequence[PeerModel]
) -> tuple[Usual, UsualShares]:
    """The shares that are usual or chance, on each of the rows."""
    days, column = work.days, work.days.column
    others = usual_of_others(work.block, peers, days.first_day + np.arange(rows.start, rows.stop))
    theirs = others.mean, others.weeks_of_trust
    down, downs = allowed_share(before.down, work.down_s, work.known_s, days.first_day, rows, theirs)
    bad, rejects = allowed_share(before.rejects, column(REJECTED), column(COUNTED), days.first_day, rows)
    slow, paces = allowed_share(before.slow, column(SLOW_S), column(PACED_S), days.first_day, rows)
    return Usual(down=down, rejects=bad, slow=slow), UsualShares(down=downs, rejects=rejects, slow=paces)


def _evenings(
    before: Evening | None, measures: Mapping[str, Measure], scored: Scores, taken: Mapping[str, Floats]
) -> Evenings:
    """What was judged on each evening, that before the block first where there is one."""
    rows = []
    for row, name in enumerate(scored.names):
        load = measures[name].load
        own = [np.full(len(scored.left), np.nan)] * 3 if load is None else [load.bad, load.whole, load.allowed]
        rows.append(np.column_stack([scored.weight[row], scored.covered[row], scored.goodness[row], *own]))
    told = np.array(rows)
    if before is None:
        return Evenings(names=scored.names, told=told, taken=taken)
    last = np.array([[before.told[name]] for name in scored.names])
    return Evenings(
        names=scored.names,
        told=np.concatenate([last, told], axis=1),
        taken={name: np.concatenate([[before.taken[name]], points]) for name, points in taken.items()},
    )


def _figures(scored: Scores, taken: Mapping[str, Floats], day: int) -> dict[str, Any]:
    """Health, coverage and what each measure, the unknown and each exception cost; these add up to 100 - health."""
    lost, unknown = scored.lost[:, day], float(scored.not_known[:, day].sum())
    points = {name: float(lost[i]) for i, name in enumerate(scored.names) if scored.weight[i, day] > 0}
    points |= {NOT_KNOWN: unknown} | {name: float(own[day]) for name, own in taken.items() if own[day] > 0}
    health = 100 - sum(points.values()) if scored.judged[day] else None
    return {"health": health, "coverage": float(scored.coverage[day]), "contributions": points}


def _groups(scored: Scores, measures: Mapping[str, Measure], met: Visits, number: int, day: int) -> dict[str, object]:
    """What each group weighs, covers and costs, with its measures: those that apply."""
    found: dict[str, object] = {}
    for group, members in GROUPS.items():
        rows = [i for i, name in enumerate(scored.names) if name in members and scored.weight[i, day] > 0]
        if rows:
            weight = float(scored.weight[rows, day].sum())
            covered = float((scored.weight[rows, day] * scored.covered[rows, day]).sum()) / weight
            points = float((scored.lost[rows, day] + scored.not_known[rows, day]).sum())
            own = {scored.names[i]: _measure(scored, measures, i, day) for i in rows}
            found[group] = {"weight": _r(weight), "coverage": _r(covered), "points": _r(points), "measures": own}
    told = touchpoint_figures(met, number)
    return found | ({} if told is None else {"touchpoints": told})


def _measure(scored: Scores, measures: Mapping[str, Measure], row: int, day: int) -> dict[str, object]:
    measure, goodness = measures[scored.names[row]], float(scored.goodness[row, day])
    return {
        "weight": _r(scored.weight[row, day]),
        "goodness": None if isnan(goodness) else _r(goodness),
        "coverage": _r(measure.coverage[day]),
        "freshness": _r(measure.freshness[day]),
        "points": _r(scored.lost[row, day]),
        "not_known": _r(scored.not_known[row, day]),
    }


def _r(figure: float) -> float:
    """As it is told: to four decimals."""
    return round(float(figure), 4)

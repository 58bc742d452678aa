"""The risk that each machine of a customer fails within days, over a block; all machines of a type at once. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, CustomerBlock, Event, Floats
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.told_steps import layout_of, steps_of, told_by
from services.health.prognostic_assessment.failure_risk.feature_state import (
    FeatureState,
    RiskState,
    no_history,
    packed,
    stacked,
    unpacked,
)
from services.health.prognostic_assessment.failure_risk.fleet_history import YOUNG_H
from services.health.prognostic_assessment.failure_risk.judging import Alerted, advance, judge
from services.health.prognostic_assessment.failure_risk.learning import HORIZONS_H
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps
from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ToldStep:
    """What a machine told from a midnight on, for `hours`: a whole day, or up to an hour with a fault."""

    day: int
    hours: int
    known_h: float
    marks: dict[str, float]
    faults: dict[str, float]
    stops: dict[str, tuple[float, float]]
    repaired: bool
    readings: dict[str, float]
    terms: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class AssetRisk:
    """One machine over the block's T hours.

    steps: to learn from. within: (K, T), P(failure within each of HORIZONS_H) as of each hour's end, NaN where it is
    not known; base: (K, T), the fleet's average. horizon: (T,), of the alarm that was demonstrated, -1 for none;
    raised, cleared: (T,), by it. coverage: of each whole day, the share in which anything was known.
    """

    steps: tuple[ToldStep, ...]
    within: Floats
    base: Floats
    horizon: Indices
    raised: Bools
    cleared: Bools
    coverage: Floats
    state: RiskState | None


def assess_risks(
    before: Mapping[int, RiskState | None],
    block: CustomerBlock,
    works: Sequence[AssetWork],
    models: Sequence[RiskModel],
) -> dict[int, AssetRisk]:
    """Each machine's risk by the newest model of its type that was learned before the day; by asset.

    Nothing of a type without a model before a day is over.
    """
    events: dict[int, list[Event]] = defaultdict(list)
    for event in block.events:
        if event.scope_type == "asset" and event.at >= block.start:
            events[event.scope_id].append(event)
    found: dict[int, AssetRisk] = {}
    for asset_type, group in groupby(sorted(works, key=_type_of), key=_type_of):
        own = [model for model in models if model.asset_type == asset_type]
        if not own and block.hours < 24:
            continue
        found |= _of_type(before, block, list(group), events, sorted(own, key=lambda model: model.learned_through))
    return found


def _type_of(work: AssetWork) -> str:
    return work.asset.asset_type


def _of_type(
    before: Mapping[int, RiskState | None],
    block: CustomerBlock,
    works: Sequence[AssetWork],
    events: Mapping[int, Sequence[Event]],
    models: Sequence[RiskModel],
) -> dict[int, AssetRisk]:
    told = [told_by(block, work.asset, events.get(work.asset.asset_id, ())) for work in works]
    kept = [before.get(work.asset.asset_id) for work in works]
    layout = Layout()
    for own in kept:
        layout = layout if own is None else layout.joined(own.layout)
    layout = layout.joined(layout_of(works, told))
    state = _state(kept, layout)
    days, alerted = steps_of(block, works, told, state)
    site = np.unique([work.asset.site_id for work in works], return_inverse=True)[1]
    said = _Said.unknown(len(works), block.hours)
    after = _judged(state, days, alerted, site, models, block.first_day, said)
    rows = packed(after) if days.shape[1] else []
    steps = _told_steps(days, alerted, block.first_day)
    return {
        work.asset.asset_id: AssetRisk(
            steps=tuple(steps[row]),
            within=said.within[row],
            base=said.base[row],
            horizon=said.horizon[row],
            raised=said.raised[row],
            cleared=said.cleared[row],
            coverage=days.hours[row] / 24,
            state=RiskState(layout=layout, sums=rows[row]) if rows else kept[row],
        )
        for row, work in enumerate(works)
    }


def _state(kept: Sequence[RiskState | None], layout: Layout) -> FeatureState:
    """The machines' states in one layout, in their order."""
    order: list[int] = []
    parts: list[FeatureState] = []
    layouts = {state.layout for state in kept if state is not None}
    for own in (None, *sorted(layouts, key=repr)):
        rows = [row for row, state in enumerate(kept) if (None if state is None else state.layout) == own]
        if rows:
            sums = [state.sums for row in rows if (state := kept[row]) is not None]
            parts.append(no_history(layout, len(rows)) if own is None else unpacked(own, sums).on(layout))
            order += rows
    return stacked(parts).of(np.argsort(order))


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What is said of A machines at the end of each of T hours; as in AssetRisk, machines first."""

    within: Floats
    base: Floats
    horizon: Indices
    raised: Bools
    cleared: Bools

    @classmethod
    def unknown(cls, machines: int, hours: int) -> "_Said":
        """Nothing is known."""
        count = len(HORIZONS_H)
        return cls(
            within=np.full((machines, count, hours), np.nan),
            base=np.full((machines, count, hours), np.nan),
            horizon=np.full((machines, hours), -1),
            raised=np.zeros((machines, hours), np.bool_),
            cleared=np.zeros((machines, hours), np.bool_),
        )

    def say(self, machine: int | slice | Indices, first: int, model: RiskModel, within: Floats) -> None:
        """From the end of an hour on, until something else is said. within: (N, K)."""
        act, hours = model.risk.act, slice(first, None)
        self.within[machine, :, hours] = within[..., None]
        self.base[machine, :, hours] = model.risk.base[:, None]
        if act is None:
            self.horizon[machine, hours], self.raised[machine, hours], self.cleared[machine, hours] = -1, False, True
            return
        told = within[..., act.horizon, None]
        self.horizon[machine, hours] = act.horizon
        self.raised[machine, hours] = told >= act.threshold
        self.cleared[machine, hours] = told < act.clears_below


def _judged(
    state: FeatureState,
    days: MachineSteps,
    alerted: Alerted,
    site: Indices,
    models: Sequence[RiskModel],
    first_day: int,
    said: _Said,
) -> FeatureState:
    """The state after the last day; what is said is written down, of each day by the newest model learned before it."""
    count = days.shape[1]
    if not models:
        return advance(state, days)
    newest = (
        np.searchsorted([m.learned_through for m in models], first_day + np.arange(-1, count + 1), side="right") - 1
    )
    if newest[0] >= 0:
        model = models[newest[0]]
        within = _told(model, model.risk.view.rows(state, site), state.known_h, state.last_h[:, None])
        said.say(slice(None), 0, model, within)
    edges = [0, *(1 + np.flatnonzero(np.diff(newest[1:])))]
    for first, end in zip(edges, [*edges[1:], count + 1], strict=True):
        part, inside = days.of(slice(None), slice(first, min(end, count))), alerted.between(first, end)
        if newest[1 + first] < 0:
            state = advance(state, part)
        else:
            state = _by_model(models[newest[1 + first]], state, part, inside, site, first, said)
    return state


def _by_model(
    model: RiskModel,
    state: FeatureState,
    days: MachineSteps,
    alerted: Alerted,
    site: Indices,
    first: int,
    said: _Said,
) -> FeatureState:
    known = state.known_h[:, None] + np.cumsum(days.hours, axis=1)
    after, rows = judge(state, days, alerted, site, model.risk.view)
    morning = np.column_stack([state.known_h, known])[alerted.machine, alerted.day]
    moments = _told(model, rows.alerted, morning + alerted.steps.hours[:, 0], alerted.steps.hours)
    order = np.argsort(alerted.day * 24 + alerted.lasted_h, kind="stable")
    place = 0
    for day in range(days.shape[1] + 1):
        while place < len(order) and alerted.day[order[place]] == day:
            moment = order[place]
            hour = 24 * (first + day) + int(alerted.lasted_h[moment]) - 1
            said.say(int(alerted.machine[moment]), hour, model, moments[moment])
            place += 1
        if day < days.shape[1]:
            within = _told(model, rows.midnights[:, day], known[:, day], days.hours[:, day : day + 1])
            said.say(slice(None), 24 * (first + day) + 23, model, within)
    return after


def _told(model: RiskModel, features: Floats, known_h: Floats, hours: Floats) -> Floats:
    """P(failure within each horizon), (N, K); NaN of a machine that is hardly known."""
    found = model.told(features, np.asarray((hours > 0).any(axis=1), dtype=np.bool_))
    return np.where(known_h[:, None] >= YOUNG_H, found, np.nan)


def _told_steps(days: MachineSteps, alerted: Alerted, first_day: int) -> list[list[ToldStep]]:
    """Each machine's steps with anything told in them; a day's readings are kept with its remaining life."""
    machines, count = days.shape
    found: list[list[ToldStep]] = [[] for _ in range(machines)]
    for row in range(machines):
        found[row] += [
            _told_step(days, row, day, first_day + day, 24, readings=False)
            for day in range(count)
            if days.hours[row, day] > 0 or days.mark_counts[row, :, day].any()
        ]
    for moment, (row, day) in enumerate(zip(alerted.machine.tolist(), alerted.day.tolist(), strict=True)):
        hours = int(alerted.lasted_h[moment])
        found[row].append(_told_step(alerted.steps, moment, 0, first_day + day, hours, readings=True))
    return found


def _told_step(steps: MachineSteps, line: int, column: int, day: int, hours: int, *, readings: bool) -> ToldStep:
    def some(names: Sequence[str], values: Floats) -> dict[str, float]:
        told = values[line, :, column]
        return {names[i]: float(told[i]) for i in np.flatnonzero(told).tolist()}

    layout = steps.layout
    stop_h, stopped = steps.stop_h[line, :, column].tolist(), steps.stopped[line, :, column].tolist()
    stops = zip(layout.stops, stop_h, stopped, strict=True)
    return ToldStep(
        day=day,
        hours=hours,
        known_h=float(steps.hours[line, column]),
        marks=some(layout.marks, steps.mark_counts),
        faults=some(layout.faults, steps.fault_counts),
        stops={name: (lasted, at_end) for name, lasted, at_end in stops if lasted or at_end},
        repaired=bool(steps.repaired[line, column]),
        readings=_finite(layout.metrics, steps.readings[line, :, column]) if readings else {},
        terms=_finite(layout.terms, steps.terms[line, :, column]) if readings else {},
    )


def _finite(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {names[i]: float(values[i]) for i in np.flatnonzero(np.isfinite(values)).tolist()}

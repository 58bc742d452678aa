"""What machines of one type told in a block, as the steps that their failure risk is reckoned from. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.health.advisory_generation.machine_conditions import IS_NOT_OURS, WORK_KINDS
from services.health.block import AssetBlock, Bools, CustomerBlock, Event, Floats, StateSamples
from services.health.health_assessment.asset_work import AssetWork
from services.health.prognostic_assessment.failure_risk.feature_state import FeatureState
from services.health.prognostic_assessment.failure_risk.interval_steps import FleetIntervals, Spans, done_in
from services.health.prognostic_assessment.failure_risk.judging import Alerted
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, blank
from services.health.prognostic_assessment.remaining_life.life_days import LifeDays, life_days
from services.health.state_detection.condition import no_findings
from services.health.state_detection.states import DAY_S

HOUR_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """A machine's faults and events of a block: hours in which each began, counted from the block's start."""

    faults: Mapping[str, Sequence[int]]
    marks: Mapping[str, Sequence[int]]

    @property
    def hours(self) -> set[int]:
        """Hours in which any fault began."""
        return {hour for hours in self.faults.values() for hour in hours}


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """One step: of machine `row`, from a midnight on, some hours; written to `steps` at (`line`, `column`)."""

    row: int
    first_hour: int
    hours: int
    line: int
    column: int


def told_by(block: CustomerBlock, asset: AssetBlock, events: Sequence[Event]) -> Told:
    """What one machine told. events: its own, inside the block."""
    start, hours = block.start.timestamp(), block.hours
    marks: dict[str, list[int]] = defaultdict(list)
    for event in events:
        hour = int((event.at.timestamp() - start) // HOUR_S)
        if event.kind in (*WORK_KINDS, "failure") and 0 <= hour < hours:
            part = event.attributes.get("part")
            marks[event.kind if event.kind == "failure" or part is None else f"{event.kind}/{part}"].append(hour)
    faults: dict[str, list[int]] = defaultdict(list)
    for at, code in (said for samples in asset.faults for said in _began(samples)):
        hour = int((at - start) // HOUR_S)
        if 0 <= hour < hours:
            faults[code].append(hour)
    return Told(faults=faults, marks=marks)


def _began(samples: StateSamples) -> Iterator[tuple[float, str]]:
    """When each code began: said after another one, or after its hold was over."""
    before, since = None, -np.inf
    for at, code in zip(samples.at.tolist(), samples.state, strict=True):
        if code is not None and (code != before or at - since > samples.max_hold_s):
            yield at, code
        before, since = code, at


def layout_of(works: Sequence[AssetWork], told: Sequence[Told]) -> Layout:
    """All that the machines told."""
    lives = [work.life.days for work in works if work.life is not None]
    return Layout().joined(
        Layout(
            marks=("failure", "planned", *sorted({name for one in told for name in one.marks} - {"failure"})),
            faults=tuple(sorted({code for one in told for code in one.faults})),
            metrics=tuple(sorted({name for days in lives for name in days.metrics})),
            terms=tuple(sorted({name for days in lives for name in days.terms})),
        )
    )


def steps_of(
    block: CustomerBlock, works: Sequence[AssetWork], told: Sequence[Told], state: FeatureState
) -> tuple[MachineSteps, Alerted]:
    """The block's whole days, and the hours in which a fault began, in the layout of the machines' state before."""
    layout, known = state.layout, (state.known_h > 0).tolist()
    never = ~(state.own[..., 2:] != 0).any(axis=1)
    whole = block.hours // 24
    days = blank(layout, len(works), whole)
    daily = [
        _Piece(row=r, first_hour=24 * d, hours=24, line=r, column=d) for r in range(len(works)) for d in range(whole)
    ]
    moments = [(r, hour) for r, one in enumerate(told) for hour in sorted(one.hours) if hour % 24 < 23]
    parts = [
        _Piece(row=r, first_hour=hour - hour % 24, hours=hour % 24 + 1, line=line, column=0)
        for line, (r, hour) in enumerate(moments)
    ]
    alerted = blank(layout, len(parts), 1)
    _write_states(block, works, known, daily, days)
    _write_states(block, works, known, parts, alerted)
    _write_told_days(works, told, days)
    _write_told_parts(works, told, parts, alerted)
    _write_days(block, works, never, days)
    _write_parts(block, works, parts, never, alerted)
    return days, Alerted(
        machine=np.array([part.row for part in parts], dtype=np.int64),
        day=np.array([part.first_hour // 24 for part in parts], dtype=np.int64),
        lasted_h=np.array([part.hours for part in parts], dtype=np.float64),
        steps=alerted,
    )


def _write_states(
    block: CustomerBlock,
    works: Sequence[AssetWork],
    known: Sequence[bool],
    pieces: Sequence[_Piece],
    steps: MachineSteps,
) -> None:
    """Hours, stops, failures and planned stops by what the machines' states were."""
    if not pieces:
        return
    start = block.start.timestamp()
    since = start + HOUR_S * np.array([piece.first_hour for piece in pieces], dtype=np.float64)
    lasted = HOUR_S * np.array([piece.hours for piece in pieces], dtype=np.float64)
    machine, line, column = np.array([(p.row, p.line, p.column) for p in pieces], dtype=np.int64).T
    done = done_in(_intervals(works, known), Spans(machine=machine, since=since, until=since + lasted))
    covered = [np.concatenate([[0], np.cumsum(work.covered)]) for work in works]
    hours = np.array([covered[p.row][p.first_hour + p.hours] - covered[p.row][p.first_hour] for p in pieces])
    steps.hours[line, column] = np.maximum(done.known_h, hours)
    steps.mark_counts[line, :2, column] = np.column_stack([done.failures, done.planned])
    steps.stop_h[line, :, column] = done.stop_h.T
    steps.stopped[line, :, column] = done.stopped.T


def _intervals(works: Sequence[AssetWork], known: Sequence[bool]) -> FleetIntervals:
    found = [(row, work.intervals) for row, work in enumerate(works) if work.intervals is not None]
    none = np.empty(0)
    return FleetIntervals(
        known=np.array(known, dtype=np.bool_),
        machine=np.repeat([row for row, _ in found], [len(own.state) for _, own in found]).astype(np.int64),
        started=np.concatenate([none, *(own.started for _, own in found)]),
        ended=np.concatenate([none, *(own.ended for _, own in found)]),
        state=np.concatenate([none, *(own.state for _, own in found)]).astype(np.int8),
        failure=np.concatenate([none, *(own.failure & ~IS_NOT_OURS[own.cause] for _, own in found)]).astype(np.bool_),
    )


def _write_told_days(works: Sequence[AssetWork], told: Sequence[Told], steps: MachineSteps) -> None:
    """Faults, work, recorded failures and repairs of whole days. A failure that was seen and recorded counts once."""
    days = steps.shape[1]

    def by_day(hours: Sequence[int]) -> Floats:
        return np.bincount(np.array(hours, dtype=np.int64) // 24, minlength=days + 1)[:days].astype(np.float64)

    for row, one in enumerate(told):
        for code, hours in one.faults.items():
            steps.fault_counts[row, steps.layout.faults.index(code)] = by_day(hours)
        for name, hours in one.marks.items():
            place = steps.layout.marks.index(name)
            steps.mark_counts[row, place] = np.maximum(steps.mark_counts[row, place], by_day(hours))
        steps.repaired[row] = works[row].repaired[: 24 * days].reshape(days, 24).any(axis=1)


def _write_told_parts(
    works: Sequence[AssetWork], told: Sequence[Told], pieces: Sequence[_Piece], steps: MachineSteps
) -> None:
    """The same of parts of days."""
    for piece in pieces:
        one, inside = told[piece.row], range(piece.first_hour, piece.first_hour + piece.hours)
        for code, hours in one.faults.items():
            place = steps.layout.faults.index(code)
            steps.fault_counts[piece.line, place, 0] = sum(hour in inside for hour in hours)
        for name, hours in one.marks.items():
            place = steps.layout.marks.index(name)
            count = sum(hour in inside for hour in hours)
            steps.mark_counts[piece.line, place, 0] = max(count, steps.mark_counts[piece.line, place, 0])
        steps.repaired[piece.line, 0] = works[piece.row].repaired[inside.start : inside.stop].any()


def _write_days(block: CustomerBlock, works: Sequence[AssetWork], never: Bools, steps: MachineSteps) -> None:
    for row, work in enumerate(works):
        if work.life is not None:
            columns = (work.life.days.day - block.start.timestamp() // DAY_S).astype(np.int64)
            _place(work.life.days, steps, row, columns, never[row])


def _write_parts(
    block: CustomerBlock, works: Sequence[AssetWork], pieces: Sequence[_Piece], never: Bools, steps: MachineSteps
) -> None:
    for piece in pieces:
        work = works[piece.row]
        if work.life is not None:
            days = _part_of_day(work, piece, block)
            _place(days, steps, piece.line, np.zeros(len(days.day), dtype=np.int64), never[piece.row])


def _part_of_day(work: AssetWork, piece: _Piece, block: CustomerBlock) -> LifeDays:
    """The hours of a day up to a moment, as if the rest of it had not come yet."""
    inside = slice(piece.first_hour, piece.first_hour + piece.hours)
    rest = ((0, 0), (0, 24 - piece.hours))
    own = replace(work.asset, mean=np.pad(work.asset.mean[:, inside], rest, constant_values=np.nan))
    running = np.pad(work.running[inside], rest[1])
    return life_days(own, running, block.start.timestamp(), no_findings(24))


def _place(days: LifeDays, steps: MachineSteps, line: int, columns: NDArray[np.int64], never: Bools) -> None:
    """Write days' readings and terms. never: (K,), terms that the machine has not had: it is taken to have none."""
    steps.terms[line, never] = 0.0
    for name, values in zip(days.metrics, days.values.T, strict=True):
        steps.readings[line, steps.layout.metrics.index(name), columns] = values
    for name, values in zip(days.terms, days.terms_mean.T, strict=True):
        place = steps.layout.terms.index(name)
        steps.terms[line, place] = np.nan
        steps.terms[line, place, columns] = values

"""Seeded customers whose machines tell a fault a day before they fail, and other faults that mean nothing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from services.health.assess import CustomerState, assets_of, nothing_yet
from services.health.block import CustomerBlock, StateSamples
from services.health.health_assessment.asset_risk import AssetRisk, ToldStep, assess_risks
from services.health.prognostic_assessment.failure_risk.fleet_history import Events, FleetPast
from services.health.prognostic_assessment.failure_risk.judging import Alerted
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, blank
from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel

from .worlds import START, asset, customer

LEAD_H = 20


def risky(seed: int, days: int = 60, machines: int = 8) -> CustomerBlock:
    """Machines that fail every 20 days or so; LEAD_H before, each tells E7, and E1 and E2 come at random."""
    draw = np.random.default_rng(seed)
    found = []
    for number in range(1, machines + 1):
        failed = np.cumsum(draw.integers(12, 24, size=days // 18)) * 24 + draw.integers(0, 24, size=days // 18)
        own = asset(number, days, seed=seed, downs=[(int(hour), 5) for hour in failed if hour < 24 * days - 8])
        said = [(hour - LEAD_H, "E7") for hour in failed]
        said += [(hour, str(draw.choice(["E1", "E2"]))) for hour in draw.integers(0, 24 * days, size=days // 6)]
        said = sorted((hour, code) for hour, code in said if hour < 24 * days)
        at = np.array([START.timestamp() + 3600 * hour + 60 for hour, _ in said])
        faults = StateSamples(at=at, state=tuple(code for _, code in said), max_hold_s=7200.0)
        found.append(replace(own, faults=(faults,)))
    return customer(found)


def past_of(risks: dict[int, AssetRisk], block: CustomerBlock) -> FleetPast:
    """What was told, as it is read for learning."""
    steps = [(row, step) for row, risk in enumerate(risks.values()) for step in risk.steps]
    days, parts = ([each for each in steps if (each[1].hours == 24) == whole] for whole in (True, False))
    layout = Layout(faults=tuple(sorted({code for _, step in steps for code in step.faults})))
    whole, moments = blank(layout, len(risks), block.days), blank(layout, len(parts), 1)
    for row, step in days:
        _write(whole, row, step.day - block.first_day, step)
    for line, (_, step) in enumerate(parts):
        _write(moments, line, 0, step)
    failed = [
        (row, at)
        for row, own in enumerate(block.assets)
        for at, state in zip(own.states.at, own.states.state, strict=True)
        if state == "FAULT"
    ]
    machine, at = np.array(failed).T
    return FleetPast(
        first_day=block.first_day,
        days=whole,
        alerted=Alerted(
            machine=np.array([row for row, _ in parts]),
            day=np.array([step.day - block.first_day for _, step in parts]),
            lasted_h=np.array([float(step.hours) for _, step in parts]),
            steps=moments,
        ),
        site=np.zeros(len(risks), dtype=np.int64),
        failures=Events(machine=machine.astype(np.int64), at=at),
        works=Events(machine=np.empty(0, dtype=np.int64), at=np.empty(0)),
        through=block.end.timestamp(),
    )


def _write(steps, line: int, column: int, told: ToldStep) -> None:
    steps.hours[line, column] = told.known_h
    steps.repaired[line, column] = told.repaired
    for name, count in told.marks.items():
        steps.mark_counts[line, steps.layout.marks.index(name), column] = count
    for code, count in told.faults.items():
        steps.fault_counts[line, steps.layout.faults.index(code), column] = count
    for name, (hours, at_end) in told.stops.items():
        steps.stop_h[line, steps.layout.stops.index(name), column] = hours
        steps.stopped[line, steps.layout.stops.index(name), column] = at_end


def risks_of(
    block: CustomerBlock, models: Sequence[RiskModel] = (), before: CustomerState | None = None
) -> dict[int, AssetRisk]:
    """Each machine's risk, from its first data on or from a state."""
    state = before or nothing_yet(block.start)
    works = [a.work for a in assets_of(state, block, ())]
    return assess_risks({asset_id: own.risk for asset_id, own in state.assets.items()}, block, works, models)

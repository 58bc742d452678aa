"""The fast watch on made-up machines: quiet ones over a year, and faults of known size and moment.

A fault counts as caught when something opens within a week of it. Beside each share stands how often the same machines
had an alert in that week without the fault, and beside the quiet year what a chart of 24-hour means would have told
whose lines were drawn with the first 28 days and never moved.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change import ChangeFindings
from tests.bench.figures import Figure, Sheet
from tests.bench.watch_fleet import METRICS, Machine, findings_of, machine, spells

QUIET_MACHINES, FAULTY_MACHINES = 100, 40
_BASELINE_H, _AT, _HOURS, _WEEK = 672, 1700, 2100, 168
_FORETOLD = 0.85  # shared by metrics that foretell each other; without such peers a drift may be the machine's

Fault = Callable[[Machine, np.random.Generator], tuple[Floats, Floats]]


def chart(one: Machine) -> Bools:
    """Hours at which a mean of 24 running hours lies five standard errors off the first 28 days, for any metric."""
    values = one.values[one.running]
    known = values[: _BASELINE_H // 2]
    means = np.lib.stride_tricks.sliding_window_view(values, 24, axis=0).mean(axis=-1)
    daily = known[: len(known) // 24 * 24].reshape(-1, 24, METRICS).mean(axis=1)
    return np.asarray((np.abs(means - known.mean(axis=0)) > 5 * daily.std(axis=0)).any(axis=1), dtype=np.bool_)


def _quiet(_: Path) -> list[Figure]:
    machines = [machine(seed) for seed in range(QUIET_MACHINES)]
    findings = [findings_of(one) for one in machines]
    changes = [spell for found in findings for spell in spells(found.changed)]
    sensors = [spell for found in findings for column in found.faulty.T for spell in spells(column)]
    sheet = Sheet("signals", "watch-quiet")
    controls = {
        "chart that never moves": sum(len(spells(chart(one))) for one in machines) / QUIET_MACHINES,
        "machine-years": float(QUIET_MACHINES),
    }
    sheet.add("false_changes", len(changes) / QUIET_MACHINES, "1/machine-year", 0.1, at_most=True, controls=controls)
    sheet.add("longest_false_change", max((last - first + 1 for first, last in changes), default=0) / 24, "d")
    sheet.add("false_sensor_faults", len(sensors) / QUIET_MACHINES, "1/machine-year", 0.1, at_most=True)
    return sheet.figures


def shifted(by: float, metrics: int, ramp_h: int = 1) -> Fault:
    """So many metrics shifted by so many of their sigmas, within so many hours."""

    def fault(one: Machine, rng: np.random.Generator) -> tuple[Floats, Floats]:
        values, which = one.values.copy(), rng.permutation(METRICS)[:metrics]
        grown = np.clip((np.arange(_HOURS) - _AT + 1) / ramp_h, 0, 1)
        values[:, which] += by * one.sigma[which] * rng.choice([-1, 1], metrics) * grown[:, None]
        return values, one.speed

    return fault


def sensor(reading: Callable[[Floats, float], Floats]) -> Fault:
    """One metric's readings replaced from the fault on; reading: of the true ones and their sigma."""

    def fault(one: Machine, rng: np.random.Generator) -> tuple[Floats, Floats]:
        values, which = one.values.copy(), int(rng.integers(METRICS))
        values[_AT:, which] = reading(values[_AT:, which], one.sigma[which])
        return values, one.speed

    return fault


def dead_point(reading: Callable[[Floats], Floats]) -> Fault:
    """The operating point's readings replaced from the fault on."""

    def fault(one: Machine, _: np.random.Generator) -> tuple[Floats, Floats]:
        speed = one.speed.copy()
        speed[_AT:] = reading(speed[_AT:])
        return one.values, speed

    return fault


OF_MACHINES = {
    "step_1_of_three": shifted(1.0, 3),
    "step_2_of_one": shifted(2.0, 1),
    "step_2_of_three": shifted(2.0, 3),
    "step_3_of_one": shifted(3.0, 1),
    "step_5_of_one": shifted(5.0, 1),
    "ramp_3_of_two_in_2_days": shifted(3.0, 2, 48),
    "ramp_3_of_two_in_7_days": shifted(3.0, 2, 168),
}
OF_SENSORS = {
    "stuck": sensor(lambda true, _: np.full_like(true, true[0])),
    "gone": sensor(lambda true, _: np.full_like(true, np.nan)),
    "dead_operating_point": dead_point(lambda true: np.full_like(true, np.nan)),
    "stuck_operating_point": dead_point(lambda true: np.full_like(true, true[0])),
}
OF_PEERS = {
    "drifts_a_sigma_a_day_from_peers": sensor(lambda true, sigma: true + sigma * np.arange(len(true)) / 24),
    "jumps_3_sigma_from_peers": sensor(lambda true, sigma: true + 3 * sigma),
}


def _first(flag: Bools) -> float:
    """Hours from the fault to the first flag within a week, NaN for none."""
    found = np.flatnonzero(flag[_AT : _AT + _WEEK])
    return float(found[0]) if len(found) else np.nan


def _faults(_: Path) -> list[Figure]:
    sheet = Sheet("signals", "watch-faults")
    _add_faults(sheet, OF_MACHINES | OF_SENSORS, None)
    _add_faults(sheet, OF_PEERS, _FORETOLD)
    return sheet.figures


def _add_faults(sheet: Sheet, faults: Mapping[str, Fault], shared: float | None) -> None:
    machines = [machine(1000 + seed, _HOURS, shared) for seed in range(FAULTY_MACHINES)]
    anyway = np.mean([np.isfinite(_first(_either(findings_of(one)))) for one in machines])
    for name, fault in faults.items():
        told = [findings_of(one, *fault(one, np.random.default_rng(k))) for k, one in enumerate(machines)]
        of_machine = np.array([_first(found.changed) for found in told])
        of_sensor = np.array([_first(found.faulty.any(axis=1)) for found in told])
        delay = of_sensor if name not in OF_MACHINES else np.fmin(of_machine, of_sensor)
        caught = np.isfinite(delay)
        controls = {
            "without the fault": float(anyway),
            "as a change of the machine": float(np.isfinite(of_machine).mean()),
            "as a sensor fault": float(np.isfinite(of_sensor).mean()),
            "median delay, h": float(np.median(delay[caught])) if caught.any() else np.nan,
        }
        sheet.add(f"caught_{name}", caught.mean(), "1", controls=controls)


def _either(found: ChangeFindings) -> Bools:
    return np.asarray(found.changed | found.faulty.any(axis=1), dtype=np.bool_)


SCENARIOS = {"watch-quiet": _quiet, "watch-faults": _faults}

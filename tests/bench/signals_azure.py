"""Machines that fail within a day of an error (Azure, simulated): *act*, each machine scored by what the others taught.

An hour is a step. Telemetry covers 90 days, and these are scored; maintenance is known from half a year before. A
preventive replacement ends what is known of the machine as it was.
"""

import csv
import gzip
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.prognostic_assessment.failure_risk.alarms import Record, record
from services.health.prognostic_assessment.failure_risk.features import advance, feature_names, no_history
from services.health.prognostic_assessment.failure_risk.fleet_history import FleetHistory
from services.health.prognostic_assessment.failure_risk.learning import HORIZONS_H, learn, risk
from services.health.prognostic_assessment.failure_risk.levels import learn_scale, normalised
from services.health.prognostic_assessment.failure_risk.machine_steps import MachineSteps, binned, steps_to_next
from tests.bench.figures import Figure, Sheet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST = datetime(2014, 6, 1, 6, tzinfo=UTC)
SCORED_FROM = int((datetime(2015, 1, 1, 6, tzinfo=UTC) - FIRST).total_seconds() // 3600)
HOURS = SCORED_FROM + 90 * 24
METRICS = ("volt", "rotate", "pressure", "vibration")
MONTH_H = 365.25 * 2


@dataclass(frozen=True)
class Fleet:
    """All machines by the hour, levels as they were measured. failed, replaced: (A, T)."""

    steps: MachineSteps
    failed: Bools
    replaced: Bools

    def to_failure(self) -> Floats:
        """Hours from the end of each step to the beginning of the step of the next failure."""
        return steps_to_next(self.failed) - 1

    def to_censoring(self) -> Floats:
        """Hours until a preventive replacement that comes before the next failure, or the end of what is known."""
        replaced = np.where(
            steps_to_next(self.replaced) < steps_to_next(self.failed), steps_to_next(self.replaced), np.inf
        )
        return np.minimum(replaced, HOURS - 1.0 - np.arange(HOURS))


def azure(folder: Path) -> Fleet:
    """Read the machines of the folder."""
    machines = sorted(row["machineID"] for row in _rows(folder / "machines.csv.gz"))
    shape = len(machines), HOURS

    def counts(file: str, column: str) -> tuple[tuple[str, ...], Floats]:
        rows = _rows(folder / f"{file}.csv.gz")
        kinds = tuple(sorted({row[column] for row in rows}))
        places = [(machines.index(row["machineID"]), _step(row["datetime"]), kinds.index(row[column])) for row in rows]
        machine, step, kind = np.array(places).T
        return kinds, np.stack([binned(machine[kind == k], step[kind == k], shape) for k in range(len(kinds))], axis=1)

    failed = counts("failures", "failure")[1].any(axis=1)
    components, replaced = counts("maint", "comp")
    codes, errors = counts("errors", "errorID")
    levels = np.full((shape[0], len(METRICS), HOURS), np.nan)
    for row in _rows(folder / "telemetry.csv.gz"):
        levels[machines.index(row["machineID"]), :, _step(row["datetime"])] = [float(row[name]) for name in METRICS]
    none = np.zeros((shape[0], 0, HOURS))
    steps = MachineSteps(
        step_h=1.0,
        covered=np.ones(shape, bool),
        marks=("failure", *components),
        mark_counts=np.concatenate([failed[:, None].astype(np.float64), replaced], axis=1),
        faults=codes,
        fault_counts=errors,
        repaired=failed | replaced.any(axis=1),
        stops=(),
        stop_h=none,
        stopped=none,
        metrics=METRICS,
        levels=levels,
    )
    return Fleet(steps, failed, np.asarray(replaced.any(axis=1)))


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


def _step(at: str) -> int:
    return int((datetime.fromisoformat(at).replace(tzinfo=UTC) - FIRST).total_seconds() // 3600)


def history_of(fleet: Fleet, taught: Sequence[int]) -> FleetHistory:
    """All machines in sigmas of those that teach."""
    points = np.zeros((len(fleet.failed), 0, HOURS))
    teaches = np.isin(np.arange(len(fleet.failed)), taught)
    scale = learn_scale(fleet.steps.levels, points, np.broadcast_to(teaches[:, None], fleet.failed.shape))
    steps = replace(fleet.steps, levels=normalised(scale, fleet.steps.levels, points))
    scored = slice(SCORED_FROM, HOURS)
    return FleetHistory(
        step_h=1.0,
        names=feature_names(steps),
        features=advance(no_history(steps), steps)[1][:, scored],
        usable=np.ones((len(fleet.failed), HOURS - SCORED_FROM), bool),
        failed=fleet.failed[:, scored],
        to_failure=fleet.to_failure()[:, scored],
        to_censoring=fleet.to_censoring()[:, scored],
    )


def leave_one_out(fleet: Fleet) -> list[tuple[float, Record | None]]:
    """For each machine: the horizon of the alarm that the others demonstrated, and what it did on this machine."""
    results: list[tuple[float, Record | None]] = []
    for machine in range(len(fleet.failed)):
        others = [i for i in range(len(fleet.failed)) if i != machine]
        everybody = history_of(fleet, others)
        model = learn(everybody.of(np.array(others)), HORIZONS_H)
        own = everybody.of(np.array([machine]))
        sys.stderr.write(f"machine {machine}: {len(model.columns)} features, penalty {model.penalty}, {model.act}\n")
        if model.act is None:
            results.append((0.0, None))
            continue
        found = risk(model, own.names, own.features, own.usable)[..., model.act.horizon]
        horizon = float(HORIZONS_H[model.act.horizon])
        results.append((horizon, record(found, model.act.threshold, own, horizon)))
    return results


def _act(data: Path) -> list[Figure]:
    """Alarms as they were demonstrated on the other machines, with their counts."""
    fleet = azure(data / "azure_pdm")
    found = [done for _, done in leave_one_out(fleet) if done is not None]
    outcomes = history_of(fleet, range(len(fleet.failed)))
    failures = int(outcomes.failed.sum())
    true, false = sum(done.true for done in found), sum(done.false for done in found)
    leads = np.concatenate([done.lead_h for done in found])
    rivals = {name: _best(score, outcomes) for name, score in _trivial(outcomes).items()}
    months = outcomes.usable.sum() / MONTH_H
    sheet = Sheet("signals", "azure-act")
    counts = {"caught": len(leads), "failures": failures}
    sheet.add("recall", len(leads) / failures, "1", 0.90, controls=counts | {n: r.recall for n, r in rivals.items()})
    precisions = {"true": true, "false": false} | {n: r.precision for n, r in rivals.items()}
    sheet.add("precision", true / max(1, true + false), "1", 0.85, controls=precisions)
    least = {n: float(np.quantile(r.lead_h, 0.1)) for n, r in rivals.items()}
    sheet.add("lead_p10", np.quantile(leads, 0.1), "h", 20, controls={"median": np.median(leads)} | least)
    often = {n: r.false / months for n, r in rivals.items()}
    sheet.add("false_a_machine_month", false / months, "1", 0.15, at_most=True, controls=often)
    return sheet.figures


def _trivial(outcomes: FleetHistory) -> dict[str, Floats]:
    """Scores that know nothing of telemetry together with errors; higher is more alarming."""
    column = {name: outcomes.features[..., i] for i, name in enumerate(outcomes.names)}
    hours = np.broadcast_to(np.arange(outcomes.usable.shape[1], dtype=np.float64), outcomes.usable.shape)
    daily = np.broadcast_to(hours % 48 < 24, hours.shape).astype(np.float64)
    return {
        "always, a day of two": daily,
        "clock": hours % (15 * 24) / (15 * 24),
        "age only": 1 - 1 / (1 + column["now/age/failure"]),
        "failures so far": 1 - 1 / (1 + column["history/rate/inf/failure"]),
        "an error (persistence)": 1 - np.exp(-column["symptom/faults/6"]),
        "greatest deviation": 1 - np.exp(-column["symptom/greatest/24"]),
    }


def _best(score: Floats, outcomes: FleetHistory) -> Record:
    """The best that a trivial score does by the lesser of the two shares, threshold and horizon chosen in hindsight."""
    records = [
        record(score, float(threshold), outcomes, float(horizon))
        for horizon in HORIZONS_H
        for threshold in np.unique(np.quantile(score, np.linspace(0.02, 0.999, 40)))
    ]
    return max((r for r in records if r.caught), key=lambda r: min(r.precision, r.recall))


SCENARIOS: dict[str, Callable[[Path], list[Figure]]] = {"azure-act": _act}

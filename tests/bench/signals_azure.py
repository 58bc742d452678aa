"""Machines that fail within a day of an error (Azure, simulated): *act*, each machine scored by what the others taught.

An hour is a step. Telemetry covers 90 days, and these are scored; maintenance is known from half a year before. A
preventive replacement ends what is known of the machine as it was.
"""

import csv
import gzip
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.prognostic_assessment.failure_risk.alarms import Record, record
from services.health.prognostic_assessment.failure_risk.fleet_history import Events, FleetHistory, FleetPast, history
from services.health.prognostic_assessment.failure_risk.judging import Alerted
from services.health.prognostic_assessment.failure_risk.learning import HORIZONS_H, learn, risk, view_of
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, binned, blank
from tests.bench.figures import Figure, Sheet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST = datetime(2015, 1, 1, tzinfo=UTC)
FIRST_DAY = int(FIRST.timestamp() // 86_400)
DAYS = 90
METRICS = ("volt", "rotate", "pressure", "vibration")
MONTH_H = 365.25 * 2


def hourly(folder: Path) -> MachineSteps:
    """The machines of the folder by the hour; the failure is the first mark."""
    machines = sorted(row["machineID"] for row in _rows(folder / "machines.csv.gz"))
    shape = len(machines), 24 * DAYS

    def counts(file: str, column: str) -> tuple[tuple[str, ...], Floats]:
        rows = _rows(folder / f"{file}.csv.gz")
        kinds = tuple(sorted({row[column] for row in rows}))
        places = [(machines.index(row["machineID"]), _hour(row["datetime"]), kinds.index(row[column])) for row in rows]
        machine, hour, kind = np.array(places).T
        return kinds, np.stack([binned(machine[kind == k], hour[kind == k], shape) for k in range(len(kinds))], axis=1)

    failures = counts("failures", "failure")[1].max(axis=1)
    parts, replaced = counts("maint", "comp")
    codes, errors = counts("errors", "errorID")
    readings = np.full((shape[0], len(METRICS), shape[1]), np.nan)
    for row in _rows(folder / "telemetry.csv.gz"):
        hour = _hour(row["datetime"])
        if hour < shape[1]:
            readings[machines.index(row["machineID"]), :, hour] = [float(row[name]) for name in METRICS]
    return replace(
        blank(Layout(marks=("failure", *parts), faults=codes, stops=(), metrics=METRICS), *shape),
        hours=np.ones(shape),
        mark_counts=np.concatenate([failures[:, None], replaced], axis=1),
        fault_counts=errors,
        repaired=(failures + replaced.sum(axis=1)) > 0,
        readings=readings,
    )


def azure(folder: Path) -> FleetPast:
    """The machines of the folder, as health keeps what machines told: each day, and each hour with an error."""
    told = hourly(folder)
    count = len(told.hours)
    failed, replaced = told.mark_counts[:, 0] > 0, told.mark_counts[:, 1:].any(axis=1)
    machine, hour = np.nonzero(told.fault_counts.any(axis=1) & (np.arange(24 * DAYS) % 24 < 23))
    whole = np.repeat(np.arange(count), DAYS), np.tile(np.arange(DAYS), count), np.full(count * DAYS, 24)
    return FleetPast(
        first_day=FIRST_DAY,
        days=summed(told, *whole, DAYS),
        alerted=Alerted(
            machine=machine,
            day=hour // 24,
            lasted_h=hour % 24 + 1.0,
            steps=summed(told, machine, hour // 24, hour % 24 + 1, 1),
        ),
        site=np.arange(count),
        failures=_events(failed),
        works=_events(replaced & ~failed),
        through=FIRST.timestamp() + 86_400.0 * DAYS,
    )


def _events(happened: Bools) -> Events:
    machine, hour = np.nonzero(happened)
    return Events(machine=machine, at=FIRST.timestamp() + 3600.0 * hour)


def summed(
    hourly: MachineSteps, machine: NDArray[np.int64], day: NDArray[np.int64], hours: NDArray[np.int64], steps: int
) -> MachineSteps:
    """Spans of the first `hours` of days of machines, (N,) each, as steps (N / steps, steps)."""
    inside = np.arange(24) < hours[:, None]
    at = 24 * day[:, None] + np.arange(24)

    def total(values: Floats) -> Floats:
        chosen = np.moveaxis(values[machine[:, None], ..., at], 1, -1)
        found = (chosen * inside.reshape(len(inside), *[1] * (chosen.ndim - 2), 24)).sum(axis=-1)
        return np.moveaxis(found.reshape(len(found) // steps, steps, *found.shape[1:]), 1, -1)

    known = np.isfinite(hourly.readings)
    count = total(known.astype(np.float64))
    readings = np.full(count.shape, np.nan)
    np.divide(total(np.where(known, hourly.readings, 0.0)), count, out=readings, where=count > 0)
    return MachineSteps(
        layout=hourly.layout,
        hours=total(hourly.hours),
        mark_counts=total(hourly.mark_counts),
        fault_counts=total(hourly.fault_counts),
        repaired=total(hourly.repaired.astype(np.float64)) > 0,
        stop_h=total(hourly.stop_h),
        stopped=total(hourly.stopped),
        readings=readings,
        terms=total(hourly.terms),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


def _hour(at: str) -> int:
    return int((datetime.fromisoformat(at).replace(tzinfo=UTC) - FIRST).total_seconds() // 3600)


def leave_one_out(past: FleetPast) -> list[tuple[float, Record | None]]:
    """For each machine: the horizon of the alarm that the others demonstrated, and what it did on this machine."""
    results: list[tuple[float, Record | None]] = []
    for machine in range(len(past.site)):
        others = np.array([i for i in range(len(past.site)) if i != machine])
        model = learn(past.of(others))
        sys.stderr.write(
            f"machine {machine}: {None if model is None else (len(model.columns), model.penalty, model.act)}\n"
        )
        if model is None or model.act is None:
            results.append((0.0, None))
            continue
        own = history(past.of(np.array([machine])), model.view)
        found = risk(model, own.features, own.usable)[..., model.act.horizon]
        horizon = float(HORIZONS_H[model.act.horizon])
        results.append((horizon, record(np.where(own.usable, found, np.nan), model.act.threshold, own, horizon)))
    return results


def _act(data: Path) -> list[Figure]:
    """Alarms as they were demonstrated on the other machines, with their counts."""
    fleet = azure(data / "azure_pdm")
    found = [done for _, done in leave_one_out(fleet) if done is not None]
    outcomes = history(fleet, view_of(fleet))
    failures = int((outcomes.failed & outcomes.usable).sum())
    true, false = sum(done.true for done in found), sum(done.false for done in found)
    leads = np.concatenate([done.lead_h for done in found])
    rivals = {name: _best(score, outcomes) for name, score in _trivial(outcomes).items()}
    months = outcomes.hours[outcomes.usable].sum() / MONTH_H
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
    hours = np.where(np.isfinite(outcomes.to_end), 24.0 * DAYS - outcomes.to_end, 0.0)
    daily = np.broadcast_to(hours % 48 < 24, hours.shape).astype(np.float64)
    return {
        "always, a day of two": daily,
        "clock": hours % (15 * 24) / (15 * 24),
        "age only": 1 - 1 / (1 + column["now/age/failure"]),
        "failures so far": 1 - 1 / (1 + column["history/rate/inf/failure"]),
        "an error (persistence)": 1 - np.exp(-column["pooled/faults/6"]),
        "greatest deviation": 1 - np.exp(-column["pooled/greatest/24"]),
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

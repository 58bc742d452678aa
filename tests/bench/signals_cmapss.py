"""Engines that run to failure (NASA C-MAPSS), a cycle replayed as a day."""

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.block import AssetBlock
from services.health.state_detection.condition import advance_condition
from tests.bench.figures import Figure, Sheet
from tests.unit.health.condition_fleet import always, asset, hours_of

Floats = NDArray[np.float64]
EARLIEST, LATEST = 125, 10  # cycles before the last row between which a first alert is in time


def engines(path: Path) -> list[Floats]:
    """One table a unit: set1..set3, s1..s21."""
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1)
    return [rows[rows[:, 0] == unit, 2:] for unit in np.unique(rows[:, 0])]


def as_asset(rows: Floats) -> AssetBlock:
    """An engine whose cycle k was read in the first hour of day k."""

    def daily(column: Floats) -> Floats:
        hours = np.full(24 * len(column), np.nan)
        hours[::24] = column
        return hours

    points = {f"set{i + 1}": daily(rows[:, i]) for i in range(3)}
    return asset({f"s{i - 2}": daily(rows[:, i]) for i in range(3, rows.shape[1])}, points)


def left_at_first_alert(fleet: list[Floats]) -> Floats:
    """Cycles between each engine's first alert and its last row, NaN without an alert."""
    left = np.full(len(fleet), np.nan)
    for unit, rows in enumerate(fleet):
        block = as_asset(rows)
        findings = advance_condition(None, block, always(block), hours_of(block))[1]
        raised = np.flatnonzero(findings.watch | findings.act)
        if len(raised):
            left[unit] = len(rows) - 1 - raised[0] // 24
    return left


def in_time(left: Floats) -> int:
    """How many first alerts were neither early nor late."""
    return int(np.sum((left >= LATEST) & (left <= EARLIEST)))


def best_clock(fleet: list[Floats]) -> int:
    """Engines in time if an alert came at the same cycle for all, the best such cycle."""
    last = np.array([len(rows) - 1 for rows in fleet])
    return max(in_time((last - cycle).astype(np.float64)) for cycle in range(int(last.max())))


def _watch(data: Path) -> list[Figure]:
    """What is seen without any failure known, engine by engine."""
    sheet = Sheet("signals", "cmapss-watch")
    for file in ("train_FD001", "train_FD003"):
        fleet = engines(data / "cmapss" / f"{file}.csv.gz")
        share = in_time(left_at_first_alert(fleet)) / len(fleet)
        clock = best_clock(fleet) / len(fleet)
        sheet.add(f"{file}_in_time", share, "1", controls={"best clock in hindsight": clock})
    return sheet.figures


SCENARIOS = {"cmapss-watch": _watch}

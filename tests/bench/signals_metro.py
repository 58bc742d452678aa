"""Escalators and lifts of a metro: who breaks within a week, and which station is about to enter trouble.

Days are the steps. The model was designed and is chosen on the months before February 2014; from then on each month is
scored by a model learned from all months before it, the last five months of the year in all.
"""

import csv
import gzip
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.prognostic_assessment.failure_risk.calibration import auc, calibration_error
from services.health.prognostic_assessment.failure_risk.features import advance, feature_names, no_history
from services.health.prognostic_assessment.failure_risk.fleet_history import FleetHistory
from services.health.prognostic_assessment.failure_risk.learning import HORIZONS_H, SITE_HORIZONS_H, choose, refit, risk
from services.health.prognostic_assessment.failure_risk.machine_steps import MachineSteps, binned, steps_to_next
from services.health.prognostic_assessment.failure_risk.site_load import with_site_load
from services.health.prognostic_assessment.failure_risk.site_trouble import (
    downtime_features,
    of_sites,
    own_limit,
    trailing_downtime,
)
from tests.bench.figures import Figure, Sheet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST, LAST = datetime(2013, 6, 1, tzinfo=UTC), datetime(2014, 7, 1, tzinfo=UTC)
DAY_S = 86400.0
DAYS = (LAST - FIRST).days
YOUNG = 28  # days that only start the discounted counts
MONTHS = [(datetime(2014, month, 1, tzinfo=UTC) - FIRST).days for month in range(2, 8)]
PLANNED = ("INSPECTION", "OFF", "REHAB")
WEEK, FORTNIGHT = 168.0, 336.0
DRAWS = 500


@dataclass(frozen=True)
class Metro:
    """The machines day by day. site: (A,). to_break: (A, T), hours from the end of each day, exactly."""

    steps: MachineSteps
    site: NDArray[np.int64]
    known_h: Floats
    to_break: Floats

    @property
    def breaks_so_far(self) -> Floats:
        """Breaks of each machine up to the end of each day, (A, T)."""
        return np.asarray(self.steps.mark_counts[:, 0].cumsum(axis=1))


def metro(folder: Path) -> Metro:
    """Read the status intervals."""
    with gzip.open(folder / "events.csv.gz", "rt") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["unit_id"], row["start"]))
    names, machine = np.unique([row["unit_id"] for row in rows], return_inverse=True)
    started = (np.array([datetime.fromisoformat(row["start"]).timestamp() for row in rows]) - FIRST.timestamp()) / DAY_S
    ends = [datetime.fromisoformat(row["end"]) if row["end"] else LAST for row in rows]
    ended = (np.array([end.timestamp() for end in ends]) - FIRST.timestamp()) / DAY_S
    broken = np.array([row["category"] == "BROKEN" for row in rows])
    planned = np.isin([row["category"] for row in rows], PLANNED)
    shape = len(names), DAYS
    same = np.append(False, machine[1:] == machine[:-1])
    breaks, stops = (what & same & ~np.append(False, what[:-1]) for what in (broken, planned))
    hours = [_hours(machine[what], started[what], ended[what], shape) for what in (broken, planned)]
    known = _hours(machine, started, ended, shape)
    step = np.floor(started).astype(np.int64)
    steps = MachineSteps(
        step_h=24.0,
        covered=known > 0,
        marks=("failure", "planned"),
        mark_counts=np.stack([binned(machine[what], step[what], shape) for what in (breaks, stops)], axis=1),
        faults=(),
        fault_counts=np.zeros((shape[0], 0, DAYS)),
        repaired=np.zeros(shape, bool),
        stops=("down", "planned"),
        stop_h=np.stack(hours, axis=1),
        stopped=np.stack([_at_day_ends(machine, started, ended, w, shape) for w in (broken, planned)], axis=1),
        metrics=(),
        levels=np.zeros((shape[0], 0, DAYS)),
    )
    site = np.unique([name[:3] for name in names], return_inverse=True)[1]
    return Metro(steps, site, known, _to_next(machine[breaks], started[breaks], shape))


def _hours(machine: NDArray[np.int64], started: Floats, ended: Floats, shape: tuple[int, int]) -> Floats:
    """Hours of each day that the intervals cover: differences of what they cover up to each midnight."""
    midnights = np.arange(DAYS + 1.0)
    covered = np.zeros((shape[0], DAYS + 1))
    np.add.at(covered, machine, np.clip(midnights, started[:, None], ended[:, None]) - started[:, None])
    return np.asarray(24 * np.diff(covered, axis=1))


def _at_day_ends(
    machine: NDArray[np.int64], started: Floats, ended: Floats, what: Bools, shape: tuple[int, int]
) -> Floats:
    ends = np.arange(1.0, DAYS + 1)
    inside = (started[what, None] <= ends) & (ends < ended[what, None])
    standing = np.zeros(shape)
    np.add.at(standing, machine[what], inside.astype(np.float64))
    return np.minimum(standing, 1.0)


def _to_next(machine: NDArray[np.int64], at: Floats, shape: tuple[int, int]) -> Floats:
    ends = np.arange(1.0, DAYS + 1)
    hours = np.full(shape, np.inf)
    for unit in range(shape[0]):
        own = np.append(at[machine == unit], np.inf)
        hours[unit] = 24 * (own[np.searchsorted(own, ends, side="right")] - ends)
    return hours


def until(end: int, shape: tuple[int, int]) -> Floats:
    """Hours from the end of each day to the end of what is known on the morning of day `end`."""
    return np.broadcast_to(24 * (end - 1.0 - np.arange(shape[1])), shape)


def month_by_month(
    names: tuple[str, ...], features: Floats, usable: Bools, to_event: Floats, horizons: Floats
) -> tuple[Floats, Bools]:
    """P(event within the last horizon), (A, T), NaN where not scored, and where it was: where its outcome is known."""

    def before(end: int) -> FleetHistory:
        learned = usable & (np.arange(DAYS) < end) & (np.arange(DAYS) >= YOUNG)
        return FleetHistory(
            step_h=24.0,
            names=names,
            features=features,
            usable=learned,
            failed=np.zeros_like(usable),
            to_failure=to_event,
            to_censoring=until(end, usable.shape),
        )

    columns, penalty = choose(before(MONTHS[0]), horizons)
    sys.stderr.write(f"chosen before the scored months: {len(columns)} features, penalty {penalty}\n")
    found = np.full(usable.shape, np.nan)
    for first, end in pairwise(MONTHS):
        model = refit(before(first), horizons, columns, penalty)
        found[:, first:end] = risk(model, names, features[:, first:end], np.ones((len(usable), end - first), bool))[
            ..., -1
        ]
    scored = usable & np.isfinite(found) & (np.arange(DAYS) < DAYS - int(horizons[-1] // 24))
    return np.where(scored, found, np.nan), scored


def _machines(data: Path) -> list[Figure]:
    """Every machine on every evening: does it break within seven days?"""
    fleet = metro(data / "dcmetro")
    _, own = advance(no_history(fleet.steps), fleet.steps)
    names, features = with_site_load(feature_names(fleet.steps), own, fleet.site)
    usable = np.asarray(fleet.steps.covered.cumsum(axis=1) > 0)
    found, scored = month_by_month(names, features, usable, fleet.to_break, HORIZONS_H)
    happened = fleet.to_break <= WEEK
    age = names.index("now/age/failure")
    shuffled = fleet.to_break[np.random.default_rng(0).permutation(len(usable))]

    def area(score: Floats) -> float:
        return auc(score[scored], happened[scored])

    controls = {
        "always": 0.5,
        "clock": area(np.broadcast_to(np.arange(DAYS, dtype=np.float64), scored.shape)),
        "time since the last break": area(-features[..., age]),
        "broken now": area(fleet.steps.stopped[:, 0]),
        "breaks so far": area(fleet.breaks_so_far),
        "shuffled labels": area(month_by_month(names, features, usable, shuffled, HORIZONS_H)[0]),
    }
    sheet = Sheet("signals", "metro-machine-breaks-7d")
    sheet.add("auc", area(found), "1", 0.73, controls=controls)
    better = _bootstrap(fleet.breaks_so_far, found, happened, scored)
    sheet.add(
        "auc_above_breaks_so_far_p2.5", np.quantile(better, 0.025), "1", 0.0, controls={"median": np.median(better)}
    )
    base = {"always the average": calibration_error(np.full(scored.sum(), happened[scored].mean()), happened[scored])}
    error = calibration_error(found[scored], happened[scored])
    sheet.add("calibration_error", error, "1", 0.03, at_most=True, controls=base)
    sheet.add(
        "scored", scored.sum(), "machine-days", controls={"machines": len(usable), "rate": happened[scored].mean()}
    )
    return sheet.figures


def _bootstrap(rival: Floats, found: Floats, happened: Bools, scored: Bools) -> Floats:
    """Differences of the areas over draws of whole machines, both scored on the same draw."""
    draw = np.random.default_rng(0)
    differences = np.empty(DRAWS)
    for number in range(DRAWS):
        machines = draw.integers(len(found), size=len(found))
        chosen = scored[machines]
        labels = happened[machines][chosen]
        differences[number] = auc(found[machines][chosen], labels) - auc(rival[machines][chosen], labels)
    return differences


def _stations(window: int) -> Callable[[Path], list[Figure]]:
    """A station whose downtime of the last days is at or below its own 80th percentile: is it above within 14 days?"""

    def measure(data: Path) -> list[Figure]:
        fleet = metro(data / "dcmetro")
        sites = of_sites(fleet.steps, fleet.site)
        _, features = advance(no_history(sites), sites)
        down, busy = (
            _sum(hours, fleet.site) for hours in (fleet.steps.stop_h[:, 0], fleet.known_h - fleet.steps.stop_h[:, 1])
        )
        downtime = trailing_downtime(down, busy, window)
        limit = own_limit(downtime[:, YOUNG // 2 :], MONTHS[0] - YOUNG // 2)
        more, ratios = downtime_features(down, busy, limit)
        trouble = downtime > limit
        names, features = (*feature_names(sites), *more), np.concatenate([features, ratios], axis=2)
        to_trouble = 24 * steps_to_next(trouble)
        found, scored = month_by_month(names, features, ~trouble, to_trouble, SITE_HORIZONS_H)
        return _station_figures(window, found, scored, to_trouble <= FORTNIGHT, downtime / limit, sites)

    return measure


def _station_figures(
    window: int, found: Floats, scored: Bools, happened: Bools, level: Floats, sites: MachineSteps
) -> list[Figure]:
    def area(score: Floats) -> float:
        return auc(score[scored], happened[scored])

    controls = {
        "always": 0.5,
        "clock": area(np.broadcast_to(np.arange(DAYS, dtype=np.float64), scored.shape)),
        "downtime now (persistence)": area(level),
        "machines down now": area(sites.stopped[:, 0]),
        "breaks so far": area(sites.mark_counts[:, 0].cumsum(axis=1)),
    }
    sheet = Sheet("signals", f"metro-station-trouble-{window}d")
    sheet.add("auc", area(found), "1", 0.66, controls=controls)
    error = calibration_error(found[scored], happened[scored])
    sheet.add("calibration_error", error, "1", 0.03, at_most=True)
    sheet.add("scored", scored.sum(), "station-days", controls={"rate": happened[scored].mean()})
    return sheet.figures


def _sum(hours: Floats, site: NDArray[np.int64]) -> Floats:
    total = np.zeros((int(site.max()) + 1, hours.shape[1]))
    np.add.at(total, site, hours)
    return total


SCENARIOS = {
    "metro-machine-breaks-7d": _machines,
    "metro-station-trouble-14d": _stations(14),
    "metro-station-trouble-7d": _stations(7),
}

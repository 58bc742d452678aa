"""Escalators and lifts of a metro: who breaks within a week, and which station is about to enter trouble.

Days are the steps. The model was designed and is chosen on the months before February 2014; from then on each month is
scored by a model learned from all months before it, the last five months of the year in all.
"""

import csv
import gzip
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby, pairwise, zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.block import StateSamples
from services.health.prognostic_assessment.failure_risk.calibration import auc, calibration_error
from services.health.prognostic_assessment.failure_risk.features import advance, feature_names, no_history
from services.health.prognostic_assessment.failure_risk.fleet_history import FleetHistory
from services.health.prognostic_assessment.failure_risk.interval_steps import (
    FleetIntervals,
    daily_steps,
    hours_to_failure,
    known_hours,
)
from services.health.prognostic_assessment.failure_risk.learning import HORIZONS_H, choose, refit, risk
from services.health.prognostic_assessment.failure_risk.machine_steps import MachineSteps, steps_to_next
from services.health.prognostic_assessment.failure_risk.site_load import with_site_load
from services.health.prognostic_assessment.failure_risk.site_trouble import (
    downtime_features,
    of_sites,
    own_limit,
    trailing_downtime,
)
from services.health.state_detection.state_intervals import Intervals, intervals
from services.health.state_detection.states import DAY_S
from tests.bench.figures import Figure, Sheet

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FIRST, LAST = datetime(2013, 6, 1, tzinfo=UTC), datetime(2014, 7, 1, tzinfo=UTC)
DAYS = (LAST - FIRST).days
YOUNG = 28  # days that only start the discounted counts
MONTHS = [(datetime(2014, month, 1, tzinfo=UTC) - FIRST).days for month in range(2, 8)]
STATES = {"ON": "production", "BROKEN": "down", "INSPECTION": "planned", "OFF": "planned", "REHAB": "planned"}
DECODER: dict[str, object] = {"kind": "text", "states": STATES}
WEEK, FORTNIGHT = 168.0, 336.0
DRAWS = 200


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
    """Read the statuses, and let the health service say what they mean."""
    with gzip.open(folder / "events.csv.gz", "rt") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["unit_id"], row["start"]))
    units = {unit: list(own) for unit, own in groupby(rows, key=lambda row: row["unit_id"])}
    stands = [_intervals(own) for own in units.values()]
    found = FleetIntervals(
        machines=len(units),
        machine=np.repeat(np.arange(len(units)), [len(own.state) for own in stands]),
        started=np.concatenate([own.started for own in stands]),
        ended=np.concatenate([own.ended for own in stands]),
        state=np.concatenate([own.state for own in stands]),
        failure=np.concatenate([own.failure for own in stands]),
    )
    span = int(FIRST.timestamp() // DAY_S), DAYS
    site = np.unique([unit[:3] for unit in units], return_inverse=True)[1]
    return Metro(daily_steps(found, *span), site, known_hours(found, *span), hours_to_failure(found, *span))


def _intervals(rows: Sequence[dict[str, str]]) -> Intervals:
    """A machine's statuses; one that ends before the next begins leaves nothing known between."""
    at: list[float] = []
    state: list[str | None] = []
    for row, following in zip_longest(rows, rows[1:]):
        at.append(datetime.fromisoformat(row["start"]).timestamp())
        state.append(row["category"])
        if row["end"] and (following is None or row["end"] < following["start"]):
            at.append(datetime.fromisoformat(row["end"]).timestamp())
            state.append(None)
    samples = StateSamples(at=np.array(at), state=tuple(state), max_hold_s=np.inf)
    return intervals(None, samples, DECODER, (), start=min(at), end=LAST.timestamp())


def until(end: int, shape: tuple[int, int]) -> Floats:
    """Hours from the end of each day to the end of what is known on the morning of day `end`."""
    return np.broadcast_to(24 * (end - 1.0 - np.arange(shape[1])), shape)


@dataclass(frozen=True)
class Task:
    """What is asked of every evening: features (A, T, F), hours to the event (A, T), evenings that are asked about."""

    names: tuple[str, ...]
    features: Floats
    usable: Bools
    to_event: Floats
    horizons: Floats

    def before(self, end: int) -> FleetHistory:
        """All that is known on the morning of day `end`."""
        return FleetHistory(
            step_h=24.0,
            names=self.names,
            features=self.features,
            usable=self.usable & (np.arange(DAYS) < end) & (np.arange(DAYS) >= YOUNG),
            failed=np.zeros_like(self.usable),
            to_failure=self.to_event,
            to_censoring=until(end, self.usable.shape),
        )

    def chosen(self) -> tuple[NDArray[np.int64], float]:
        """Features and penalty, chosen before the first scored month."""
        columns, penalty = choose(self.before(MONTHS[0]), self.horizons)
        sys.stderr.write(f"chosen before the scored months: {len(columns)} features, penalty {penalty}\n")
        return columns, penalty

    def scored(self) -> Bools:
        """Evenings of the scored months whose outcome is known."""
        day = np.arange(DAYS)
        return np.asarray(self.usable & (day >= MONTHS[0]) & (day < DAYS - int(self.horizons[-1] // 24)))

    def month_by_month(self, columns: NDArray[np.int64], penalty: float) -> Floats:
        """P(event within the last horizon), (A, T), each month's by what was learned from the months before it."""
        found = np.full(self.usable.shape, np.nan)
        for first, end in pairwise(MONTHS):
            model = refit(self.before(first), self.horizons, columns, penalty)
            known = np.ones((len(found), end - first), bool)
            found[:, first:end] = risk(model, self.names, self.features[:, first:end], known)[..., -1]
        return found


def _machines(data: Path) -> list[Figure]:
    """Every machine on every evening: does it break within seven days?"""
    fleet = metro(data / "dcmetro")
    _, own = advance(no_history(fleet.steps), fleet.steps)
    names, features = with_site_load(feature_names(fleet.steps), own, fleet.site)
    usable = np.asarray(fleet.steps.covered.cumsum(axis=1) > 0)
    task = Task(names, features, usable, fleet.to_break, HORIZONS_H[HORIZONS_H <= WEEK])
    chosen, scored = task.chosen(), task.scored()
    found = task.month_by_month(*chosen)
    happened = fleet.to_break <= WEEK
    age = names.index("now/age/failure")
    shuffled = replace(task, to_event=fleet.to_break[np.random.default_rng(0).permutation(len(usable))])

    def area(score: Floats) -> float:
        return auc(score[scored], happened[scored])

    controls = {
        "always": 0.5,
        "clock": area(np.broadcast_to(np.arange(DAYS, dtype=np.float64), scored.shape)),
        "time since the last break": area(-features[..., age]),
        "broken now": area(fleet.steps.stopped[:, 0]),
        "breaks so far": area(fleet.breaks_so_far),
        "shuffled labels": area(shuffled.month_by_month(*chosen)),
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
        task = Task(names, features, ~trouble, to_trouble, HORIZONS_H)
        found = task.month_by_month(*task.chosen())
        return _station_figures(window, found, task.scored(), to_trouble <= FORTNIGHT, downtime / limit, sites)

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

"""Escalators and lifts of a metro: who breaks within a week, and which station is about to enter trouble.

Machines are judged at midnight by the functions that run live, by models learned with every quarter; the scored months
are those from February 2014 on, each by what was learned before it. Stations are scored month by month.
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
from services.health.prognostic_assessment.failure_risk.calibration import (
    auc,
    calibrated,
    calibration_error,
    learn_calibration,
)
from services.health.prognostic_assessment.failure_risk.feature_state import no_history
from services.health.prognostic_assessment.failure_risk.features import feature_names
from services.health.prognostic_assessment.failure_risk.fleet_history import Events, FleetHistory, FleetPast, history
from services.health.prognostic_assessment.failure_risk.hazard import outcome, probabilities
from services.health.prognostic_assessment.failure_risk.interval_steps import FleetIntervals, daily_steps
from services.health.prognostic_assessment.failure_risk.judging import View, judge, no_alerts
from services.health.prognostic_assessment.failure_risk.learning import (
    choose,
    learn,
    out_of_fold,
    refit,
    risk,
    view_of,
)
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, steps_to_next
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
FIRST_DAY = int(FIRST.timestamp() // DAY_S)
DAYS = (LAST - FIRST).days
YOUNG = 28  # days that only start the discounted counts
QUARTERS = [(at - FIRST).days for at in (datetime(2014, 1, 1, tzinfo=UTC), datetime(2014, 4, 1, tzinfo=UTC), LAST)]
MONTHS = [(datetime(2014, month, 1, tzinfo=UTC) - FIRST).days for month in range(2, 8)]
STATES = {"ON": "production", "BROKEN": "down", "INSPECTION": "planned", "OFF": "planned", "REHAB": "planned"}
DECODER: dict[str, object] = {"kind": "text", "states": STATES}
WEEK, FORTNIGHT = 168.0, 336.0
HORIZONS = np.array([24.0, 72.0, WEEK, FORTNIGHT])
NO_LEVELS = np.empty((0, 2))
VIEW = View(layout=Layout(), levels=NO_LEVELS)
DRAWS = 200


@dataclass(frozen=True)
class Metro:
    """The machines day by day. site: (A,). breaks: of machines, when they were seen to begin."""

    steps: MachineSteps
    site: NDArray[np.int64]
    breaks: Events

    def before(self, end: int) -> FleetPast:
        """All that is known on the morning of day `end`."""
        through = FIRST.timestamp() + end * DAY_S
        inside = self.breaks.at < through
        return FleetPast(
            first_day=FIRST_DAY,
            days=self.steps.of(slice(None), slice(0, end)),
            alerted=no_alerts(self.steps.layout),
            site=self.site,
            failures=Events(machine=self.breaks.machine[inside], at=self.breaks.at[inside]),
            works=Events(machine=np.empty(0, dtype=np.int64), at=np.empty(0)),
            through=through,
        )

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
        known=np.zeros(len(units), bool),
        machine=np.repeat(np.arange(len(units)), [len(own.state) for own in stands]),
        started=np.concatenate([own.started for own in stands]),
        ended=np.concatenate([own.ended for own in stands]),
        state=np.concatenate([own.state for own in stands]),
        failure=np.concatenate([own.failure for own in stands]),
    )
    site = np.unique([unit[:3] for unit in units], return_inverse=True)[1]
    seen = found.seen_to_fail
    return Metro(daily_steps(found, FIRST_DAY, DAYS), site, Events(machine=found.machine[seen], at=found.started[seen]))


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
            hours=np.full(self.usable.shape, 24.0),
            names=self.names,
            features=self.features,
            usable=self.usable & (np.arange(DAYS) < end) & (np.arange(DAYS) >= YOUNG),
            failed=np.zeros_like(self.usable),
            to_failure=self.to_event,
            to_censoring=until(end, self.usable.shape),
            to_end=until(end, self.usable.shape),
        )

    def chosen(self) -> tuple[NDArray[np.int64], float]:
        """Features and penalty, chosen before the first scored month."""
        columns, penalty, _ = choose(self.before(MONTHS[0]), self.horizons)
        sys.stderr.write(f"chosen before the scored months: {len(columns)} features, penalty {penalty}\n")
        return columns, penalty

    def scored(self) -> Bools:
        """Evenings of the scored months whose outcome is known."""
        day = np.arange(DAYS)
        return np.asarray(self.usable & (day >= MONTHS[0]) & (day < DAYS - int(self.horizons[-1] // 24)))

    def month_by_month(self, columns: NDArray[np.int64], penalty: float) -> Floats:
        """P(event within the last horizon), (A, T), each month's by what was learned from the months before it.

        Probabilities are recalibrated by those that models without the station gave in these months (Platt 1999).
        """
        found = np.full(self.usable.shape, np.nan)
        for first, end in pairwise(MONTHS):
            before, month = self.before(first), self.features[:, first:end][..., columns]
            model = refit(before, VIEW, self.horizons, columns, penalty)
            said = probabilities(model.hazard, month.reshape(-1, len(columns)))[:, -1].reshape(month.shape[:2])
            unseen = out_of_fold(before, self.horizons, columns, penalty)[..., -1]
            happened, told = outcome(before.to_failure, before.to_censoring, float(self.horizons[-1]))
            kept = learn_calibration(unseen[told & before.usable], happened[told & before.usable])
            found[:, first:end] = calibrated(said[..., None], kept[None])[..., 0]
        return found


def _quarter_by_quarter(fleet: Metro, taught: Metro) -> Floats:
    """P(break within a week) of each machine on each evening, by the newest model of what another fleet taught."""
    found = np.full((len(fleet.site), DAYS), np.nan)
    for first, end in pairwise(QUARTERS):
        model = learn(taught.before(first))
        if model is not None:
            sys.stderr.write(
                f"through day {first}: {len(model.columns)} columns, score {model.score:.3f}, {model.act}\n"
            )
            rows = history(fleet.before(end), model.view).features[:, first:end]
            found[:, first:end] = risk(model, rows, fleet.steps.hours[:, first:end] > 0)[..., -1]
    return found


def _machines(data: Path) -> list[Figure]:
    """Every machine on every evening: does it break within seven days?"""
    fleet = metro(data / "dcmetro")
    day = np.arange(DAYS)
    known = history(fleet.before(DAYS), view_of(fleet.before(DAYS)))
    scored = known.usable & (day >= MONTHS[0]) & (day < DAYS - int(WEEK // 24))
    found, happened, usable = _quarter_by_quarter(fleet, fleet), known.to_failure <= WEEK, known.usable
    features, age = known.features, known.names.index("now/age/failure")
    machines = np.random.default_rng(0).permutation(len(usable))
    shuffled = replace(fleet, breaks=Events(machine=machines[fleet.breaks.machine], at=fleet.breaks.at))

    def area(score: Floats) -> float:
        return auc(score[scored], happened[scored])

    controls = {
        "always": 0.5,
        "clock": area(np.broadcast_to(np.arange(DAYS, dtype=np.float64), scored.shape)),
        "time since the last break": area(-features[..., age]),
        "broken now": area(fleet.steps.stopped[:, 0]),
        "breaks so far": area(fleet.breaks_so_far),
        "shuffled labels": area(np.nan_to_num(_quarter_by_quarter(fleet, shuffled), nan=0.5)),
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
        view = View(layout=sites.layout, levels=NO_LEVELS)
        alone = np.arange(len(sites.hours))
        _, judged = judge(no_history(sites.layout, len(alone)), sites, no_alerts(sites.layout), alone, view)
        own = feature_names(sites.layout)
        features = judged.midnights[..., : len(own)]
        down, busy = (
            _sum(hours, fleet.site)
            for hours in (fleet.steps.stop_h[:, 0], fleet.steps.hours - fleet.steps.stop_h[:, 1])
        )
        downtime = trailing_downtime(down, busy, window)
        limit = own_limit(downtime[:, YOUNG // 2 :], MONTHS[0] - YOUNG // 2)
        more, ratios = downtime_features(down, busy, limit)
        trouble = downtime > limit
        names, features = (*own, *more), np.concatenate([features, ratios], axis=2)
        to_trouble = 24 * steps_to_next(trouble)
        task = Task(names, features, ~trouble, to_trouble, HORIZONS)
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
    better = _bootstrap(level, found, happened, scored)
    sheet.add(
        "auc_above_persistence_p2.5", np.quantile(better, 0.025), "1", 0.0, controls={"median": np.median(better)}
    )
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

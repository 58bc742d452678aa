"""The fast watch on machines of which no failure is known (Azure, simulated): telemetry alone, from the first days.

An hour is a bucket. A failure counts when a first baseline was there two days before it and telemetry reaches it;
it is caught by an alert that was open in its last day and opened at most a week before. Beside what was found stands
what can be: when a failure's telemetry begins to deviate, measured in hindsight; when a test as strict as the watch
would tell it that knew beforehand at which hour it begins; and that its errors come a day before. Of the false alerts
it says how many were of deviations that are there in hindsight, and that no failure followed.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change import Buckets, ChangeFindings, advance_change
from services.health.state_detection.change_detection.tempo import HOURLY
from tests.bench.figures import Figure, Sheet
from tests.bench.signals_azure import METRICS, MONTH_H, hourly

_BEGINS = 6  # hours after midnight at which telemetry begins
_WEEK, _DAY = 168, 24
_STRICT = 5.0  # sigmas; the watch's own limit of a metric at four metrics and two spans


def findings_of(levels: Floats) -> ChangeFindings:
    """What the live functions say of one machine, levels (T, M)."""
    rows = len(levels)
    buckets = Buckets(
        metrics=METRICS,
        points=(),
        values=levels,
        at_points=np.zeros((rows, 0)),
        at=3600.0 * np.arange(rows),
        usable=np.ones(rows, dtype=np.bool_),
        renewed=np.zeros(rows, dtype=np.bool_),
    )
    return advance_change(None, buckets, HOURLY)[1]


def spells(alarm: Bools) -> list[tuple[int, int]]:
    """First and last hour of each spell of alarm."""
    edges = np.diff(np.concatenate([[0], alarm.astype(np.int64), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def leads(alarms: list[Bools], failures: list[NDArray[np.int64]]) -> list[float]:
    """Hours from the opening of the alert that caught it to each failure, NaN for one that was missed."""
    found = []
    for alarm, failed in zip(alarms, failures, strict=True):
        own = spells(alarm)
        for hour in failed.tolist():
            caught = [first for first, last in own if hour - _WEEK <= first < hour and last >= hour - _DAY]
            found.append(float(hour - min(caught)) if caught else np.nan)
    return found


def false_spells(alarms: list[Bools], failures: list[NDArray[np.int64]]) -> int:
    """Spells that no failure followed within two days of their beginning or a day of their end."""
    return sum(
        not any(first - _DAY < hour <= max(first + 2 * _DAY, last + _DAY) for hour in failed.tolist())
        for alarm, failed in zip(alarms, failures, strict=True)
        for first, last in spells(alarm)
    )


def true_spells(levels: Floats) -> list[tuple[int, int]]:
    """In hindsight, with all 90 days as baseline: long spells in which a level's mean of 12 hours, centred, is off."""
    middle = np.median(levels, axis=0)
    deviation = (levels - middle) / (1.4826 * np.median(np.abs(levels - middle), axis=0))
    mean = lfilter(np.full(12, 1 / 12), 1.0, deviation, axis=0)
    return [
        (first - 6, last) for first, last in spells((np.abs(mean) > 3 / np.sqrt(12)).any(axis=1)) if last - first >= 12
    ]


def _widened(flag: Bools) -> Bools:
    """The flag, and the day after each of its hours."""
    return np.asarray(lfilter(np.ones(_DAY + 1), 1.0, flag.astype(np.float64)) > 0.5, dtype=np.bool_)


def told_at_best(levels: Floats, hours: list[int]) -> list[float]:
    """Leads of a test that knows beforehand at which hour each deviation begins; NaN for missed.

    It tells when the sum of n deviations is more than 5 sqrt(n): no test of one false alarm in years is more powerful
    for a step (Neyman and Pearson 1933).
    """
    middle, sigma = levels[: HOURLY.first].mean(axis=0), levels[: HOURLY.first].std(axis=0)
    found = []
    for hour in hours:
        first = min((a for a, b in true_spells(levels) if hour - _WEEK <= a < hour and b >= hour - _DAY), default=hour)
        deviation = (levels[first:hour] - middle) / sigma
        total = np.abs(np.cumsum(deviation, axis=0)) / np.sqrt(np.arange(1, len(deviation) + 1))[:, None]
        told = np.flatnonzero((total > _STRICT).any(axis=1))
        found.append(float(hour - first - told[0]) if len(told) else np.nan)
    return found


def _watch(data: Path) -> list[Figure]:
    fleet = hourly(data / "azure_pdm")
    levels = [one.T[_BEGINS:] for one in fleet.readings]
    from_here = [np.flatnonzero(failed[_BEGINS:]) for failed in fleet.mark_counts[:, 0]]
    judged = [hours[hours >= HOURLY.first + 2 * _DAY] for hours in from_here]
    findings = [findings_of(one) for one in levels]
    alarms = [one.changed for one in findings]
    months = sum(int(one.known.sum()) for one in findings) / MONTH_H
    lead = leads(alarms, judged)
    caught = np.isfinite(lead)
    order = np.random.default_rng(0).permutation(len(alarms))
    shuffled = leads([alarms[i] for i in order], judged)
    known_from = [np.arange(len(one)) >= HOURLY.first for one in levels]
    hindsight = [np.zeros(len(one), dtype=np.bool_) for one in levels]
    for flags, own in zip(hindsight, levels, strict=True):
        for first, last in true_spells(own):
            flags[max(first, 0) : last + 1] = True
    possible = leads(hindsight, judged)
    best = [lead for one, hours in zip(levels, judged, strict=True) for lead in told_at_best(one, hours.tolist())]
    missed = [
        float(np.nanmax(one.score[hour - 2 * _DAY : hour]))
        for one, hours in zip(findings, judged, strict=True)
        for hour in hours.tolist()
    ]
    controls = {
        "in hindsight": float(np.isfinite(possible).mean()),
        "told beforehand when it begins": float(np.isfinite(best).mean()),
        "greatest score of a missed one, of its limit": max(np.array(missed)[~caught], default=float("nan")),
        "always alarm": 1.0,
        "shuffled machines": float(np.isfinite(shuffled).mean()),
        "failures": float(len(lead)),
    }
    sheet = Sheet("signals", "azure-watch")
    sheet.add("recall", caught.mean(), "1", 0.95, controls=controls)
    sheet.add(
        "lead_median",
        float(np.nanmedian(lead)),
        "h",
        36,
        controls={
            "in hindsight": float(np.nanmedian(possible)),
            "told beforehand when it begins": float(np.nanmedian(best)),
            "errors alone": 24.0,
        },
    )
    sheet.add(
        "false_episodes",
        false_spells(alarms, from_here) / months,
        "1/machine-month",
        controls={
            "real deviations without a failure": false_spells(
                [h & k for h, k in zip(hindsight, known_from, strict=True)], from_here
            )
            / months,
            "found where one is": false_spells(
                [alarm & _widened(h) for alarm, h in zip(alarms, hindsight, strict=True)], from_here
            )
            / months,
            "machine-months": months,
        },
    )
    return sheet.figures


SCENARIOS = {"azure-watch": _watch}

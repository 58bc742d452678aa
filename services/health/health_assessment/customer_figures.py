"""A customer as a whole from what is known of its assets and sources: days, months, budgets, measures. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.health.advisory_generation.machine_conditions import HOUR_S, Silence
from services.health.block import AssetBlock, Bools, CustomerBlock, Floats
from services.health.health_assessment.asset_assessment import AssetResult
from services.health.health_assessment.asset_work import AssetStates, AssetWork
from services.health.health_assessment.customer_work import (
    COLUMNS,
    CONDITION_DUE,
    CONDITION_GOOD,
    COUNTED,
    COUNTING_S,
    GUARANTEED_DOWN_S,
    GUARANTEED_DUE_S,
    GUARANTEED_KNOWN_S,
    HEARD_H,
    LISTENED_H,
    PACED_S,
    PACING_S,
    STOPS,
    Capability,
    Month,
)
from services.health.health_assessment.daily_history import DailyHistory, day_number
from services.health.health_assessment.month_uptime import ended_months
from services.health.prognostic_assessment.trends import WINDOWS, slopes
from services.health.state_detection.spans import lies_in
from services.health.state_detection.states import CUSTOMER, DAY_S, UNKNOWN, is_stop
from services.health.state_detection.times import (
    APT,
    COUNTED_APT,
    DOWN_BY_CAUSE,
    GOOD,
    PBT,
    PLANNED_RUN_S,
    PRODUCED,
    SUPPLIER_DOWN,
    UNKNOWN_S,
)
from shared.months import month_start


def customer_rows(
    assets: Sequence[AssetResult], silences: Sequence[Silence], days: int
) -> tuple[Floats, dict[int, Floats], dict[int, Floats]]:
    """The block's days of the customer, shape (days, COLUMNS): sums over assets, machine days, hours of sources.

    With them LOSSES of each asset and hours of silence of each site, a day.
    """
    rows, losses, silent_h = np.zeros((days, COLUMNS)), dict[int, Floats](), dict[int, Floats]()
    rows[:, [PRODUCED, GOOD]] = np.nan
    for asset in assets:
        work = asset.work
        own = work.days.table[work.days.kept :]
        rows[:, :PRODUCED] += own[:, :PRODUCED]
        for count in (PRODUCED, GOOD):
            either = np.isfinite(own[:, count]) | np.isfinite(rows[:, count])
            total = np.nan_to_num(own[:, count]) + np.nan_to_num(rows[:, count])
            rows[:, count] = np.where(either, total, np.nan)
        given = DAY_S * (work.days.first_day + work.days.kept + np.arange(days)) >= work.calendar.given_from
        rows[given, GUARANTEED_DUE_S] += own[given, PBT]
        rows[given, GUARANTEED_KNOWN_S] += (own[:, PBT] - own[:, UNKNOWN_S])[given]
        rows[given, GUARANTEED_DOWN_S] += own[given, SUPPLIER_DOWN]
        counted, machine_days = _counted(asset.states.asset, own), _machine_days(work, days)
        paced = _paced(asset.states.asset, asset.states.daily)
        rows[:, COUNTED : COUNTING_S + 1] += counted
        rows[:, PACED_S : PACING_S + 1] += paced
        rows[:, CONDITION_GOOD : CONDITION_DUE + 1] += machine_days
        rows[:, STOPS] += stops_begun(asset.states, days)
        drift = machine_days[:, 1] - machine_days[:, 0]
        down = asset.states.daily[:, DOWN_BY_CAUSE]
        losses[work.asset.asset_id] = np.column_stack(
            [down, np.where(given, own[:, SUPPLIER_DOWN], 0.0), counted[:, 1], drift, paced[:, 1]]
        )
    for silent in silences:
        known = np.isfinite(silent.hours)
        heard = _per_day(silent.source.heard & known, days)
        listened = _per_day((silent.source.heard | ~silent.source.excused) & known, days)
        rows[:, HEARD_H] += heard
        rows[:, LISTENED_H] += listened
        site = silent.source.site_id
        silent_h[site] = silent_h.get(site, np.zeros(days)) + listened - heard
    return rows, losses, silent_h


def _counted(asset: AssetBlock, own: Floats) -> Floats:
    """Units, rejected ones, seconds of production in days of both counts, and seconds in which both should count."""
    both = np.isfinite(own[:, PRODUCED]) & np.isfinite(own[:, GOOD])
    should = {"production_count", "good_count"} <= {metric.role for metric in asset.metrics}
    rejected = np.maximum(own[:, PRODUCED] - own[:, GOOD], 0.0)
    counting = own[:, APT] + own[:, UNKNOWN_S] if should else np.zeros(len(own))
    return np.column_stack(
        [
            np.where(both, own[:, PRODUCED], 0.0),
            np.where(both, rejected, 0.0),
            np.where(both & should, own[:, APT], 0.0),
            counting,
        ]
    )


def _paced(asset: AssetBlock, daily: Floats) -> Floats:
    """Seconds of counted production, those of it beyond the planned run time of what was made, and seconds in which a
    machine of a planned pace should have counted."""
    known = np.isfinite(daily[:, PLANNED_RUN_S]) & np.isfinite(daily[:, COUNTED_APT])
    slow = np.maximum(daily[:, COUNTED_APT] - daily[:, PLANNED_RUN_S], 0.0)
    should = asset.unit_time_s is not None and any(m.role == "production_count" for m in asset.metrics)
    due = daily[:, APT] + daily[:, UNKNOWN_S] if should else np.zeros(len(daily))
    return np.column_stack([np.where(known, daily[:, COUNTED_APT], 0.0), np.where(known, slow, 0.0), due])


def stops_begun(states: AssetStates, days: int) -> Floats:
    """How many stops began each day in scheduled time; one that changes its state or its cause, or goes on after
    silence, is one."""
    found = states.intervals
    if found is None:
        return np.zeros(days)
    stopped = is_stop(found.state, found.cause)
    silent = np.append(False, found.state[:-1] == UNKNOWN)
    earlier = (found.last_known >= 0) & is_stop(found.last_known, np.full(len(silent), CUSTOMER))
    began = stopped & ~np.where(silent, earlier, np.append(False, stopped[:-1]))
    began &= lies_in(states.calendar.scheduled, found.started) & ~lies_in(states.calendar.planned, found.started)
    day = (found.started[began] // DAY_S).astype(np.int64) - states.first_day
    return np.bincount(day[(day >= 0) & (day < days)], minlength=days).astype(np.float64)


def _per_day(hours: Bools, days: int) -> Floats:
    padded = np.zeros(days * 24)
    padded[: len(hours)] = hours
    return np.asarray(padded.reshape(days, 24).sum(axis=1), dtype=np.float64)


def _machine_days(work: AssetWork, days: int) -> Floats:
    """Per day: goodness of the condition, 1 if judged, 1 if it should have been: it ran, or nothing came from it."""
    found = np.zeros((days, 3))
    if work.findings is None or work.first_day is None:
        return found
    judged = np.isfinite(work.findings.deviation) & work.covered
    good = np.where(work.findings.act, 0.0, np.where(work.findings.watch, 0.5, 1.0))
    judged_hours = _per_day(judged, days)
    stood = (_per_day(work.covered, days) > 0) & (_per_day(work.running, days) == 0)
    number = work.days.first_day + work.days.kept + np.arange(days)
    due = ~stood & (number >= work.first_day) & _stands_here(work, number)
    known = due & (judged_hours > 0)
    weighted = np.zeros(days * 24)
    weighted[: len(judged)] = judged * good
    mean = weighted.reshape(days, 24).sum(axis=1) / np.maximum(judged_hours, 1)
    return np.column_stack([np.where(known, mean, 0.0), known, due]).astype(np.float64)


def _stands_here(work: AssetWork, day: NDArray[np.int64]) -> Bools:
    """Days of which the asset stood with this customer for a part."""
    start = day * DAY_S
    here = [(start < until) & (start + DAY_S > since) for since, until in work.asset.here]
    return np.asarray(np.logical_or.reduce(here), dtype=np.bool_)


def capabilities(block: CustomerBlock, assets: Sequence[AssetWork], days: DailyHistory) -> tuple[Capability, ...]:
    """What was bought and can be seen in use, aligned with the customer's days."""
    found = []
    for bought in block.entitlements:
        used, running, seen = np.zeros(len(days.table)), np.zeros(len(days.table)), False
        for work in assets:
            own = work.usage.get(bought.capability)
            if own is None or bought.asset_id not in (None, work.asset.asset_id):
                continue
            seen = True
            rows = min(len(own.table), len(used))
            used[-rows:] += own.table[-rows:, 0]
            running[-rows:] += own.table[-rows:, 1]
        if seen:
            found.append(
                Capability(
                    name=bought.capability,
                    entitled_from=day_number(bought.starts_on),
                    entitled_until=np.inf if bought.ends_on is None else day_number(bought.ends_on),
                    annual_fee=bought.annual_fee,
                    currency=bought.currency,
                    used_s=used,
                    running_s=running,
                )
            )
    return tuple(found)


def whole_months(before: Sequence[Month], days: DailyHistory, whole_rows: int) -> tuple[Month, ...]:
    """The months known before, and those that ended by `whole_rows`, each with slopes of all months up to it."""
    months = list(before)
    for number, uptime in ended_months(months[-1].number if months else None, days, whole_rows):
        series = np.array([*(m.uptime for m in months), uptime])
        year = series[-12:]
        rows = slice(max(0, days.row_of(month_start(number))), days.row_of(month_start(number + 1)))
        months.append(
            Month(
                number=number,
                uptime=uptime,
                slopes=slopes(series[-WINDOWS[-1] :]),
                uptime_of_year=float(np.nanmean(year)) if np.isfinite(year).any() else float("nan"),
                stops=float(days.column(STOPS)[rows].sum()),
                known_h=float((days.column(PBT) - days.column(UNKNOWN_S))[rows].sum()) / HOUR_S,
            )
        )
    return tuple(months)


def silent_hours_at(silent: Silence, hours: int) -> float | None:
    """Hours of silence after the first `hours` hours of the block; None where it was not heard in them or before."""
    if not hours or not np.isfinite(silent.hours[hours - 1]):
        return None
    return float(silent.hours[hours - 1])

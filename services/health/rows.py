"""What is known as rows of the tables. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import isnan
from typing import Any

import numpy as np

from services.health.advisory_generation.alert_facts import instant, quantity
from services.health.assessment import IntervalRow, LifeDayRow, SignalRow, TimesRow
from services.health.block import Floats
from services.health.guarantee_rows import guarantee_rows
from services.health.health_assessment.asset_work import AssetStates, AssetWork
from services.health.health_assessment.customer_work import CustomerWork
from services.health.health_assessment.daily_history import day_of, share, trailing_sum
from services.health.state_detection.states import NO_CAUSE
from services.health.state_detection.stop_causes import basis_of
from services.health.state_detection.times import DAILY_FIELDS, GOOD, POT, PRODUCED
from shared.records.vocabulary import CAUSES, STATES

_UPTIME_DAYS = 28


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def interval_rows(work: AssetStates, end: float) -> Iterator[IntervalRow]:
    """The asset's intervals while it stood here; one that reaches the end of the block is open."""
    found = work.intervals
    if found is None:
        return
    columns = (found.started, found.ended, found.state, found.cause, found.failure, found.rank, found.why)
    for started, ended, state, cause, failure, rank, why in zip(*(c.tolist() for c in columns), strict=True):
        for since, until in work.asset.here:
            if started < until and ended > since:
                yield IntervalRow(
                    asset_id=work.asset.asset_id,
                    started_at=_at(max(started, since)),
                    ended_at=None if min(ended, until) >= end else _at(min(ended, until)),
                    state=STATES[state],
                    cause=None if cause == NO_CAUSE else CAUSES[cause],
                    failure=failure,
                    cause_basis=None if cause == NO_CAUSE else basis_of(rank),
                    cause_why=None if cause == NO_CAUSE else why,
                )


def times_rows(work: AssetStates) -> Iterator[TimesRow]:
    """The asset's times of the block's days, of those with scheduled time or a count."""
    if work.intervals is None:
        return
    for row, values in enumerate(work.daily.tolist(), start=work.first_day):
        said = [None if isnan(value) else value for value in values]
        if values[POT] > 0 or said[PRODUCED : GOOD + 1] != [None, None]:
            named: dict[str, Any] = dict(zip(DAILY_FIELDS, said, strict=True))
            yield TimesRow(
                asset_id=work.asset.asset_id, day=day_of(row), **named | {"failures": int(named["failures"])}
            )


def signal_rows(work: CustomerWork, assets: Sequence[AssetWork], whole_days: int) -> Iterator[SignalRow]:
    """Findings of the block's whole days: uptime of the customer, its guarantees, deviation of each judged asset."""
    rows = range(work.days.kept, work.days.kept + whole_days)
    uptime = 1 - share(trailing_sum(work.down_s, _UPTIME_DAYS), trailing_sum(work.known_s, _UPTIME_DAYS))
    for row in rows:
        if np.isfinite(uptime[row]):
            yield _signal(work, "customer", work.block.customer_id, "uptime_28d", row, float(uptime[row]))
    yield from guarantee_rows(work, whole_days)
    for asset in assets:
        if asset.findings is not None:
            yield from _deviation_signals(work, asset, whole_days)
            yield from _sensor_signals(work, asset)
            yield from _life_signals(work, asset)


def _deviation_signals(work: CustomerWork, asset: AssetWork, whole_days: int) -> Iterator[SignalRow]:
    """The asset's deviation from its own baseline at the end of each whole day."""
    findings = asset.findings
    if findings is None:
        return
    last = np.arange(whole_days) * 24 + 23
    columns = (findings.deviation, findings.confidence, findings.expected_at, findings.expected_low)
    found: Floats = np.column_stack([column[last] for column in (*columns, findings.expected_high)])
    for day in np.flatnonzero(np.isfinite(found[:, 0])).tolist():
        deviation, confidence, at, low, high = found[day].tolist()
        yield _signal(
            work,
            "asset",
            asset.asset.asset_id,
            "deviation",
            work.days.kept + day,
            deviation,
            confidence=confidence,
            expected=(at, low, high),
        )


def _sensor_signals(work: CustomerWork, asset: AssetWork) -> Iterator[SignalRow]:
    """How many sensors of the asset are not to be trusted on an evening, until none is any more; it is judged without
    them."""
    faults = asset.sensors
    earlier = [bool(faults.before), *(bool(day) for day in faults.days[:-1])]
    for row, (was, told) in enumerate(zip(earlier, faults.days, strict=False), start=work.days.kept):
        if told or was:
            signal = _signal(work, "asset", asset.asset.asset_id, "sensor_fault", row, len(told))
            said = {name: {"what": f.what, "since": _at(f.since).isoformat()} for name, f in sorted(told.items())}
            yield replace(signal, evidence={"sensors": said})


def _life_signals(work: CustomerWork, asset: AssetWork) -> Iterator[SignalRow]:
    """Days that an asset has left on average, and between which dates it is expected to fail."""
    for said in () if asset.life is None else asset.life.forecasts:
        row = _signal(
            work,
            "asset",
            asset.asset.asset_id,
            "remaining_life",
            said.day - work.days.first_day,
            said.left,
            confidence=said.confidence,
            expected=(said.expected_at, said.expected_low, said.expected_high),
        )
        metrics = {name: quantity(days, "days less", 1) for name, days in said.metrics}
        yield replace(row, evidence={"metrics": metrics} | ({"unlike_the_fleet": True} if said.novel else {}))


def life_day_rows(work: AssetWork) -> Iterator[LifeDayRow]:
    """The asset's judged days, to learn from."""
    if work.life is None:
        return
    days = work.life.days
    for row, day in enumerate(days.day.tolist()):
        yield LifeDayRow(
            asset_id=work.asset.asset_id,
            day=date(1970, 1, 1) + timedelta(days=day),
            readings=_finite(days.metrics, days.values[row]),
            terms=_finite(days.terms, days.terms_mean[row]),
            deviation=None if np.isnan(days.deviation[row]) else float(days.deviation[row]),
            confidence=None if np.isnan(days.confidence[row]) else float(days.confidence[row]),
            renewed=bool(days.renewed[row]),
        )


def _finite(names: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: value for name, value in zip(names, values.tolist(), strict=True) if not np.isnan(value)}


def _signal(
    work: CustomerWork,
    scope_type: str,
    scope_id: int,
    kind: str,
    row: int,
    value: float,
    *,
    confidence: float = float("nan"),
    expected: tuple[float, float, float] = (float("nan"),) * 3,
) -> SignalRow:
    at, low, high = (instant(seconds) for seconds in expected)
    return SignalRow(
        scope_type=scope_type,
        scope_id=scope_id,
        kind=kind,
        day=work.days.day(row),
        value=value,
        confidence=None if np.isnan(confidence) else confidence,
        expected_at=at,
        expected_low=low,
        expected_high=high,
        evidence={},
    )

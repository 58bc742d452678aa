"""The course of a customer and of its machines as signals `trend`, at the ends of months. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from services.health.assessment import SignalRow
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.customer_work import CustomerWork
from services.health.prognostic_assessment.course import Course, course
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.value_assessment.headroom import bar_on
from shared.months import month_number, month_start


def course_rows(work: CustomerWork, assets: Sequence[AssetWork], peers: Sequence[PeerModel]) -> Iterator[SignalRow]:
    """A signal of each month that ended in the block, of the customer and of each machine; value: uptime gained a year,
    None before it can be known.

    The customer's months weigh machines by their PBT; its evidence says by `room` whether its last year was surely
    below the frontier, which is what the best `peers` reach where they are known.
    """
    uptime_of_year = {m.number: m.uptime_of_year for m in work.months}
    for row in _rows(work, "customer", work.block.customer_id, [(m.number, m.uptime) for m in work.months]):
        yield replace(row, evidence=row.evidence | _room(work, uptime_of_year[month_number(row.day)], row.day, peers))
    for asset in assets:
        yield from _rows(work, "asset", asset.asset.asset_id, asset.months)


def _rows(
    work: CustomerWork, scope_type: str, scope_id: int, months: Sequence[tuple[int, float]]
) -> Iterator[SignalRow]:
    for place, (number, _) in enumerate(months, 1):
        day = month_start(number + 1) - timedelta(days=1)
        if work.days.row_of(day) >= work.days.kept:
            found = course(np.array([uptime for _, uptime in months[:place]]))
            yield SignalRow(
                scope_type=scope_type,
                scope_id=scope_id,
                kind="trend",
                day=day,
                value=None if found.slope is None else found.slope.value,
                evidence=_evidence(found, number),
            )


def _room(work: CustomerWork, uptime: float, day: date, peers: Sequence[PeerModel]) -> dict[str, object]:
    if np.isnan(uptime):
        return {}
    return {"room": uptime < bar_on(work.activity, work.block, peers, month_number(day)).least}


def _evidence(found: Course, month: int) -> dict[str, object]:
    ready = None if not found.missing else month_start(month + 1 + found.missing).isoformat()
    told: dict[str, object] = {"verdict": found.verdict, "months": found.months, "ready_on": ready}
    if found.slope is not None:
        told |= {"slope": found.slope.value, "low": found.slope.low, "high": found.slope.high, "p": found.p}
    return told | ({} if found.year_over_year is None else {"year_over_year": found.year_over_year})

"""The customer's course as signals `trend`, at the ends of months. Pure."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np

from services.health.assessment import SignalRow
from services.health.health_assessment.customer_work import CustomerWork
from services.health.health_assessment.daily_history import month_start
from services.health.prognostic_assessment.course import Course, course


def course_rows(work: CustomerWork) -> Iterator[SignalRow]:
    """A signal of each month that ended in the block; value: uptime gained a year, None before it can be known.

    Months weigh machines by their PBT.
    """
    for place, month in enumerate(work.months, 1):
        day = month_start(month.number + 1) - timedelta(days=1)
        if work.days.row_of(day) >= work.days.kept:
            found = course(np.array([m.uptime for m in work.months[:place]]))
            yield SignalRow(
                scope_type="customer",
                scope_id=work.block.customer_id,
                kind="trend",
                day=day,
                value=None if found.slope is None else found.slope.value,
                confidence=None,
                expected_at=None,
                expected_low=None,
                expected_high=None,
                evidence=_evidence(found, month.number),
            )


def _evidence(found: Course, month: int) -> dict[str, object]:
    ready = None if not found.missing else month_start(month + 1 + found.missing).isoformat()
    told: dict[str, object] = {"verdict": found.verdict, "months": found.months, "ready_on": ready}
    if found.slope is not None:
        told |= {"slope": found.slope.value, "low": found.slope.low, "high": found.slope.high, "p": found.p}
    return told | ({} if found.year_over_year is None else {"year_over_year": found.year_over_year})

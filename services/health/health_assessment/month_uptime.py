"""Uptime of whole months, of one machine or of all of a customer, from days. Pure."""

from collections.abc import Iterator

from services.health.health_assessment.daily_history import DailyHistory
from services.health.state_detection.times import PBT, STOPPED, UNKNOWN_S
from shared.months import month_number, month_start

_COVERAGE, _DAYS = 0.8, 15
Months = tuple[tuple[int, float], ...]


def ended_months(last: int | None, days: DailyHistory, whole_rows: int) -> Iterator[tuple[int, float]]:
    """Number and uptime of each month after `last`, or since the first day, that ended by `whole_rows`.

    NaN below 80 % of its planned time known, or with fewer than 15 planned days.
    """
    if not whole_rows:
        return
    number = month_number(days.day(0)) if last is None else last + 1
    while days.row_of(month_start(number + 1)) <= whole_rows:
        rows = slice(max(0, days.row_of(month_start(number))), days.row_of(month_start(number + 1)))
        planned = days.column(PBT)[rows]
        known = (planned - days.column(UNKNOWN_S)[rows]).sum()
        enough = known >= _COVERAGE * planned.sum() and (planned > 0).sum() >= _DAYS
        yield number, 1 - float(days.column(STOPPED)[rows].sum() / known) if enough and known > 0 else float("nan")
        number += 1


def months_since(
    before: tuple[tuple[int, float], ...], days: DailyHistory, whole_rows: int
) -> tuple[tuple[int, float], ...]:
    """The months known before and those that ended, oldest first."""
    return (*before, *ended_months(before[-1][0] if before else None, days, whole_rows))

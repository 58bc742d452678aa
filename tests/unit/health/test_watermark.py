from datetime import UTC, datetime, timedelta

import pytest

from services.health.watermark import (
    DAY,
    HOUR,
    Span,
    customer_watermarks,
    end_of_assessment,
    floor_day,
    next_span,
    parts,
)

MONDAY = datetime(2024, 3, 4, tzinfo=UTC)


def test_the_slowest_source_decides_and_one_never_heard_delays_nobody():
    told = [(1, MONDAY + timedelta(hours=5, minutes=59, seconds=59)), (1, MONDAY + DAY), (1, None), (2, None)]
    assert customer_watermarks([(*source, MONDAY) for source in told], now=MONDAY) == {
        1: MONDAY + 5 * HOUR + timedelta(minutes=55)
    }


@pytest.mark.parametrize(
    ("case", "lag", "quiet_for", "delays"),
    [
        ("far behind, but its history is pouring in", 365 * DAY, HOUR, True),
        ("far behind, and nothing new for a day: history", 365 * DAY, DAY, False),
        ("quiet for long, but ticks have moved its clock on", 2 * HOUR, 30 * DAY, True),
    ],
)
def test_a_source_that_ended_years_ago_delays_nobody(case, lag, quiet_for, delays):
    sources = [(1, MONDAY, MONDAY), (1, MONDAY - lag, MONDAY - quiet_for)]
    assert customer_watermarks(sources, now=MONDAY) == {1: MONDAY - lag if delays else MONDAY}, case


@pytest.mark.parametrize(
    ("case", "assessed_through", "changing_from", "end"),
    [
        ("nothing assessed yet: up to the watermark", None, None, 9),
        ("changes wait to be rolled up: no new bucket that they touch", None, 4.52, 4.5),
        ("assessed hours stay assessed, whatever waits", 6, 4.5, 6),
        ("a source that joins with old history draws nothing back", 12, None, 12),
    ],
)
def test_up_to_which_bucket(case, assessed_through, changing_from, end):
    def hours(n):
        return None if n is None else MONDAY + n * HOUR

    assert hours(end) == end_of_assessment(
        watermark=hours(9), assessed_through=hours(assessed_through), changing_from=hours(changing_from)
    ), case


@pytest.mark.parametrize(
    ("case", "checkpoints", "changed_from", "start", "restart"),
    [
        ("never assessed: from the day of the first data", [], None, 0, True),
        ("from the newest state", [1, 3], None, 3, False),
        ("a change at the state's midnight is after it", [1, 3], 3, 3, False),
        ("late data: from the newest state before it", [1, 3], 2.5, 1, False),
        ("older than every state: from the first data", [1, 3], 0.5, 0, True),
        ("a state ahead of the end is of no use", [1, 9], None, 1, False),
    ],
)
def test_from_where_an_assessment_goes_on(case, checkpoints, changed_from, start, restart):
    span = next_span(
        first_data=MONDAY + 7 * HOUR,
        end=MONDAY + 4 * DAY,
        checkpoints=[MONDAY + n * DAY for n in checkpoints],
        changed_from=None if changed_from is None else MONDAY + changed_from * DAY,
    )
    assert span == Span(start=MONDAY + start * DAY, end=MONDAY + 4 * DAY, restart=restart), case


@pytest.mark.parametrize("minutes", [0, 55])
def test_before_the_first_whole_hour_there_is_nothing_to_assess(minutes):
    end = MONDAY + timedelta(minutes=minutes)
    assert next_span(first_data=MONDAY, end=end, checkpoints=[], changed_from=None) is None


def test_parts_meet_at_midnights_and_are_never_too_long():
    span = Span(start=MONDAY, end=MONDAY + 40 * DAY + 5 * HOUR, restart=True)
    found = parts(span, [timedelta(0), 3 * DAY, 100 * DAY], 15 * DAY)
    assert [(part.start - MONDAY) / DAY for part in found] == [0, 15, 30, 37, 40]
    assert [part.end for part in found] == [*(part.start for part in found[1:]), span.end]
    assert [part.restart for part in found] == [True, False, False, False, False]
    assert all(part.start == floor_day(part.start) for part in found)


def test_a_part_ends_where_a_machine_moves():
    span = Span(start=MONDAY, end=MONDAY + 4 * DAY, restart=False)
    assert [part.start for part in parts(span, [timedelta(0)], 15 * DAY, [MONDAY + DAY])] == [MONDAY, MONDAY + DAY]


def test_no_part_is_shorter_than_an_hour():
    span = Span(start=MONDAY, end=MONDAY + 2 * DAY + timedelta(minutes=55), restart=True)
    assert [part.start for part in parts(span, [timedelta(0), DAY], 15 * DAY)] == [MONDAY, MONDAY + DAY]

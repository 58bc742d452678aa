"""Shifts in the site's own time, across changes of the clock."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deploy.local.plants.calendars import (
    Calendar,
    PlannedStop,
    Shift,
    in_shift,
    local_instant,
    local_seconds,
    planned_stops,
    works,
)
from deploy.local.plants.story import SHORT_WEEK, TWO_SHIFTS

NIGHT = Shift(weekdays=(4,), starts_at="22:00", ends_at="06:00")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array([int(datetime.fromisoformat(text).timestamp())])


@given(
    at_s=st.integers(1_500_000_000, 1_900_000_000),
    zone=st.sampled_from(["Europe/Berlin", "America/Denver", "Europe/Dublin", "Asia/Kolkata"]),
)
def test_local_time_is_that_of_the_time_zone(at_s: int, zone: str) -> None:
    expected = datetime.fromtimestamp(at_s, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) - EPOCH
    assert local_seconds(zone, np.array([at_s]))[0] == int(expected.total_seconds())


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    calendar = Calendar(timezone="Europe/Berlin", shifts=(NIGHT,), planned_stops=())
    assert in_shift(calendar, seconds("2026-01-09T22:30+01:00"))[0]
    assert in_shift(calendar, seconds("2026-01-10T05:30+01:00"))[0]
    assert not in_shift(calendar, seconds("2026-01-09T05:30+01:00"))[0]
    assert not in_shift(calendar, seconds("2026-01-10T06:00+01:00"))[0]


def test_a_planned_stop_is_no_working_time() -> None:
    begin = local_instant("Europe/Berlin", date(2026, 1, 9), 23)
    stop = PlannedStop(starts_s=begin, ends_s=begin + 3_600, reason="cleaning")
    calendar = Calendar(timezone="Europe/Berlin", shifts=(NIGHT,), planned_stops=(stop,))
    at = np.array([begin - 1, begin, begin + 3_599, begin + 3_600])
    assert works(calendar, at).tolist() == [True, False, False, True]


def test_planned_stops_do_not_overlap_and_none_is_on_the_day_of_the_start() -> None:
    started_s = int(datetime(2026, 12, 24, 12, tzinfo=UTC).timestamp())
    stops = planned_stops("Europe/Madrid", started_s, 150)
    assert all(one.ends_s <= following.starts_s for one, following in pairwise(stops))
    assert not any(stop.starts_s <= started_s < stop.ends_s for stop in stops)
    assert stops[0].starts_s < started_s - 3 * 365 * 86_400


def test_a_short_week_takes_the_place_of_two_shifts_from_its_day_on():
    calendar = Calendar(
        timezone="Europe/Lisbon",
        shifts=TWO_SHIFTS,
        planned_stops=(),
        later_shifts=SHORT_WEEK,
        later_from=date(2024, 3, 6),
    )
    start = local_instant("Europe/Lisbon", date(2024, 3, 4), 0)
    hours = start + 3_600 * np.arange(7 * 24)
    on = in_shift(calendar, hours).reshape(7, 24).sum(axis=1)
    assert on.tolist() == [16, 16, 10, 10, 0, 0, 0]

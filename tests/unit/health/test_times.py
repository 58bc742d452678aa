"""ISO 22400 times against hand-worked days, and against an independent sum over real intervals."""

import csv
import gzip
from collections import defaultdict
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.block import PlannedStop, Shift, Site, StateSamples
from services.health.state_detection.calendars import calendar
from services.health.state_detection.state_intervals import intervals
from services.health.state_detection.times import (
    ADET,
    ADOT,
    APT,
    FAILURES,
    PBT,
    PLANNED_S,
    POT,
    REPAIR,
    SUPPLIER_DOWN,
    UNKNOWN_S,
    daily_times,
    production_hours,
)

HOUR, DAY = 3600.0, 86400.0
MONDAY = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
METRO = {
    "kind": "text",
    "states": {"ON": "production", "BROKEN": "down"} | dict.fromkeys(["INSPECTION", "OFF", "REHAB"], "planned"),
}
TEXT = {"kind": "text", "states": {s: s for s in ("production", "idle", "down", "held", "setup", "planned", "off")}}


def site(*shifts, stops=(), timezone="UTC"):
    return Site(site_id=1, name="Works", timezone=timezone, shifts=shifts, planned_stops=tuple(stops))


def shift(starts_at, ends_at, weekdays=(0, 1, 2, 3, 4), valid_from=date(1, 1, 1), external_id=""):
    return Shift(
        valid_from=valid_from, weekdays=weekdays, starts_at=starts_at, ends_at=ends_at, external_id=external_id
    )


def hours(pairs, where=None, days=1, start=MONDAY, line=None, **expected):
    at = np.array([start + h * HOUR for h, _ in pairs])
    end = start + days * DAY
    found = intervals(
        None, StateSamples(at=at, state=tuple(s for _, s in pairs), max_hold_s=np.inf), TEXT, (), start=start, end=end
    )
    table = daily_times(found, calendar(where or site(), line, start=start, end=end), start=start, end=end, **expected)
    result = table / HOUR
    result[:, FAILURES] = table[:, FAILURES]
    return result


def test_a_worked_day_without_a_calendar():
    day = hours(
        [(0, "production"), (10, "down"), (12, None), (13, "idle"), (15, "held"), (16, "planned"), (20, "off")]
    )[0]
    assert day[[APT, ADET, ADOT, UNKNOWN_S, PLANNED_S]].tolist() == [10, 3, 2, 1, 4]
    assert day[PBT] == 16
    assert day[POT] == 20
    assert day[SUPPLIER_DOWN] == 2
    assert day[[FAILURES, REPAIR]].tolist() == [1, 2]


def test_a_worked_day_with_one_shift_and_a_planned_stop_on_it():
    stop = PlannedStop(
        line_id=7, starts_at=datetime(2024, 1, 1, 9, tzinfo=UTC), ends_at=datetime(2024, 1, 1, 10, tzinfo=UTC)
    )
    day = hours([(0, "production"), (12, "off")], site(shift("06:00", "14:00"), stops=[stop]), line=7)[0]
    assert day[[POT, PLANNED_S, PBT, APT, ADOT]].tolist() == [8, 1, 7, 5, 2]
    elsewhere = hours([(0, "production"), (12, "off")], site(shift("06:00", "14:00"), stops=[stop]), line=8)[0]
    assert elsewhere[PLANNED_S] == 0


def test_a_night_shift_belongs_to_the_weekday_on_which_it_begins():
    week = hours([(0, "production")], site(shift("22:00", "06:00", weekdays=(4,))), days=7)
    assert week[:, POT].tolist() == [0, 0, 0, 0, 2, 6, 0]


@pytest.mark.parametrize(("day", "length"), [(date(2024, 3, 30), 7), (date(2024, 10, 26), 9), (date(2024, 6, 1), 8)])
def test_a_shift_through_the_change_of_clocks_lasts_as_long_as_it_lasts(day, length):
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    berlin = site(shift("22:00", "06:00", weekdays=(5,)), timezone="Europe/Berlin")
    assert hours([(0, "production")], berlin, days=2, start=start)[:, POT].sum() == length


def test_a_new_version_of_a_shift_replaces_the_old_and_leaves_other_shifts():
    early = shift("06:00", "14:00", weekdays=range(7), external_id="early")
    shorter = shift("06:00", "10:00", weekdays=range(7), external_id="early", valid_from=date(2024, 1, 3))
    late = shift("14:00", "22:00", weekdays=range(7), external_id="late")
    assert hours([(0, "production")], site(early, shorter, late), days=4)[:, POT].tolist() == [16, 16, 12, 12]


def test_before_the_first_version_of_any_shift_all_time_is_scheduled():
    new = shift("06:00", "14:00", weekdays=range(7), valid_from=date(2024, 1, 2))
    assert hours([(0, "production")], site(new), days=2)[:, POT].tolist() == [24, 8]


def test_time_before_the_first_sample_is_nobodys_unless_the_machine_was_commissioned():
    assert hours([(6, "production")])[0, PBT] == 18
    commissioned = hours([(6, "production")], expected_from=MONDAY + 2 * HOUR)[0]
    assert commissioned[[PBT, UNKNOWN_S]].tolist() == [22, 4]


def test_hours_of_production_are_exact_parts_of_each_hour():
    at = np.array([0.5 * HOUR, 1.25 * HOUR])
    found = intervals(
        None, StateSamples(at=at, state=("production", "down"), max_hold_s=HOUR), TEXT, (), start=0, end=3 * HOUR
    )
    running, known = production_hours(found, start=0, hours=3)
    assert (running / HOUR).tolist() == [0.5, 0.25, 0]
    assert (known / HOUR).tolist() == [0.5, 1, 0.25]


@given(st.dictionaries(st.integers(0, 4000), st.sampled_from([*TEXT["states"], None]), max_size=20), st.booleans())
def test_times_add_up_to_what_was_scheduled(states, with_shifts):
    pairs = [(minute / 60, raw) for minute, raw in sorted(states.items())]
    where = site(shift("06:00", "14:00", weekdays=range(7))) if with_shifts else site()
    table = hours(pairs, where, days=3, expected_from=MONDAY)
    assert table[:, [APT, ADET, ADOT, UNKNOWN_S]].sum(axis=1) == pytest.approx(table[:, PBT])
    assert table[:, PBT] + table[:, PLANNED_S] == pytest.approx(table[:, POT])
    if with_shifts:
        assert table[:, POT] == pytest.approx(8)


def availability_by_times(rows, start, end):
    """unit → (ON seconds, ON or BROKEN seconds), by the product."""
    calendar_ = calendar(site(), None, start=start, end=end)
    result = {}
    for unit, spans in rows.items():
        spans.sort()
        at, states = [], []
        for began, ended, category in spans:
            if at and at[-1] == began:
                at.pop(), states.pop()
            at += [began, ended]
            states += [category, None]
        found = intervals(
            None, StateSamples(at=np.array(at), state=tuple(states), max_hold_s=np.inf), METRO, (), start=start, end=end
        )
        total = daily_times(found, calendar_, start=start, end=end).sum(axis=0)
        result[unit] = (total[APT], total[PBT] - total[UNKNOWN_S])
    return result


def availability_by_overlap(rows, start, end):
    result = {}
    for unit, spans in rows.items():
        seconds = defaultdict(float)
        for began, ended, category in spans:
            seconds[category] += max(0.0, min(ended, end) - max(began, start))
        result[unit] = (seconds["ON"], seconds["ON"] + seconds["BROKEN"])
    return result


def assert_same_availability(rows, start, end):
    ours, theirs = availability_by_times(rows, start, end), availability_by_overlap(rows, start, end)
    stations = defaultdict(lambda: np.zeros(4))
    for unit in rows:
        assert ours[unit][0] / ours[unit][1] == pytest.approx(theirs[unit][0] / theirs[unit][1], abs=1e-6)
        stations[unit[:3]] += [*ours[unit], *theirs[unit]]
    for up, known, up_by_overlap, known_by_overlap in stations.values():
        assert up / known == pytest.approx(up_by_overlap / known_by_overlap, abs=1e-6)


def test_availability_of_generated_machines_equals_their_wall_clock_overlap():
    rng = np.random.default_rng(7)
    rows = {}
    for number in range(12):
        edges = MONDAY + np.cumsum(rng.exponential(2e5, 200))
        categories = rng.choice(["ON", "BROKEN", "INSPECTION", "OFF", "REHAB"], 199, p=[0.6, 0.25, 0.1, 0.03, 0.02])
        rows[f"S0{number % 3}-{number}"] = list(zip(edges[:-1], edges[1:], categories, strict=True))
    assert_same_availability(rows, MONDAY, MONDAY + 365 * DAY)


@pytest.mark.needs_shared
def test_availability_of_399_metro_machines_equals_their_wall_clock_overlap(shared_data):
    end = datetime(2014, 7, 1, tzinfo=UTC).timestamp()
    rows = defaultdict(list)
    with gzip.open(shared_data / "dcmetro" / "events.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            ended = datetime.fromisoformat(row["end"]).timestamp() if row["end"] else end
            rows[row["unit_id"]].append((datetime.fromisoformat(row["start"]).timestamp(), ended, row["category"]))
    assert len(rows) == 399
    assert_same_availability(rows, datetime(2013, 6, 1, tzinfo=UTC).timestamp(), end)

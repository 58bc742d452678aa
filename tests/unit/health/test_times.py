"""ISO 22400 times against hand-worked days, and against an independent sum over real intervals."""

import csv
import gzip
from collections import defaultdict
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.block import Event, PlannedStop, Shift, Site, StateSamples
from services.health.state_detection.calendars import calendar
from services.health.state_detection.orders import orders
from services.health.state_detection.state_intervals import intervals
from services.health.state_detection.times import (
    ADET,
    ADOT,
    AOET,
    APT,
    ASUT,
    AUBT,
    CMT,
    DOWN_BY_CAUSE,
    FAILURES,
    PBT,
    PLANNED_S,
    PMT,
    POT,
    REPAIR_S,
    STOPPED,
    SUPPLIER_DOWN,
    UNKNOWN_S,
    WAITING,
    daily_times,
    production_hours,
)

HOUR, DAY = 3600.0, 86400.0
MONDAY = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
METRO = {
    "kind": "text",
    "states": {"ON": "production", "BROKEN": "down"} | dict.fromkeys(["INSPECTION", "OFF", "REHAB"], "planned"),
}
TEXT = {
    "kind": "text",
    "states": {
        s: s for s in ("production", "idle", "down", "held", "setup", "planned", "off", "maintenance", "suspended")
    },
}


def site(*shifts, stops=(), timezone="UTC"):
    return Site(site_id=1, name="Works", timezone=timezone, shifts=shifts, planned_stops=tuple(stops))


def shift(starts_at, ends_at, weekdays=(0, 1, 2, 3, 4), valid_from=date(1, 1, 1), external_id=""):
    return Shift(
        valid_from=valid_from, weekdays=weekdays, starts_at=starts_at, ends_at=ends_at, external_id=external_id
    )


def hours(pairs, where=None, days=1, start=MONDAY, line=None, sent=(), **expected):
    at = np.array([start + h * HOUR for h, _ in pairs])
    end = start + days * DAY
    found = intervals(
        None, StateSamples(at=at, state=tuple(s for _, s in pairs), max_hold_s=np.inf), TEXT, (), start=start, end=end
    )
    told = orders(sent, start=start, end=end)
    when = calendar(where or site(), line, start=start, end=end)
    table = daily_times(found, when, start=start, end=end, orders=told, **expected)
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
    assert day[[FAILURES, REPAIR_S]].tolist() == [1, 2]


def test_a_worked_day_with_one_shift_and_a_planned_stop_on_it():
    stop = PlannedStop(
        line_id=7, starts_at=datetime(2024, 1, 1, 9, tzinfo=UTC), ends_at=datetime(2024, 1, 1, 10, tzinfo=UTC)
    )
    day = hours([(0, "production"), (12, "off")], site(shift("06:00", "14:00"), stops=[stop]), line=7)[0]
    assert day[[POT, PLANNED_S, PBT, APT, ADOT]].tolist() == [8, 1, 7, 5, 2]
    elsewhere = hours([(0, "production"), (12, "off")], site(shift("06:00", "14:00"), stops=[stop]), line=8)[0]
    assert elsewhere[PLANNED_S] == 0


def test_before_the_first_shift_a_machine_that_is_off_was_not_scheduled():
    """Nobody said when it should run; from Tuesday on somebody did, and then it stands in its shift."""
    given = site(shift("06:00", "14:00", valid_from=date(2024, 1, 2)))
    days = hours([(0, "production"), (12, "off")], given, days=2)
    assert days[:, [POT, APT, ADOT]].tolist() == [[12, 12, 0], [8, 0, 8]]


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
    running, known = production_hours([found, found], start=0, hours=3)
    assert (running / HOUR).tolist() == [[0.5, 0.25, 0]] * 2
    assert (known / HOUR).tolist() == [[0.5, 1, 0.25]] * 2


MINUTES = st.dictionaries(st.integers(0, 4000), st.sampled_from([*TEXT["states"], None]), max_size=20)
ORDERS = st.lists(st.tuples(st.integers(0, 70), st.integers(1, 20)), max_size=4)


def times_of(states, with_shifts, sent, start=MONDAY, end=MONDAY + 3 * DAY, found=None):
    """Raw seconds of a machine whose states are given by minute; sent: (hour, hours) of each order."""
    at = np.array([MONDAY + minute * 60 for minute in sorted(states)])
    told = StateSamples(at=at, state=tuple(states[minute] for minute in sorted(states)), max_hold_s=7 * HOUR)
    found = intervals(None, told, TEXT, (), start=MONDAY, end=MONDAY + 3 * DAY)
    where = site(shift("06:00", "14:00", weekdays=range(7))) if with_shifts else site()
    told_orders = orders([order(*each) for each in sent], start=start, end=end)
    when = calendar(where, None, start=start, end=end)
    return daily_times(found, when, start=start, end=end, expected_from=MONDAY, orders=told_orders)


@given(MINUTES, st.booleans(), ORDERS)
def test_times_add_up_exactly_to_what_was_scheduled(states, with_shifts, sent):
    table = times_of(states, with_shifts, sent)
    assert (table[:, [APT, ASUT, ADET, ADOT, UNKNOWN_S]].sum(axis=1) == table[:, PBT]).all()
    assert (table[:, PBT] + table[:, PLANNED_S] == table[:, POT]).all()
    assert (table[:, DOWN_BY_CAUSE].sum(axis=1) == table[:, STOPPED]).all()
    assert (table[:, WAITING] <= table[:, ADET] + table[:, ADOT]).all()
    assert (np.nan_to_num(table[:, AUBT]) <= np.nan_to_num(table[:, AOET])).all()
    if with_shifts:
        assert table[:, POT] == pytest.approx(8 * HOUR)


@given(MINUTES, st.booleans(), ORDERS, st.integers(1, 3 * 24 * 60 - 1))
def test_times_of_two_parts_are_those_of_the_whole(states, with_shifts, sent, minute):
    cut = MONDAY + minute * 60
    whole = np.nansum(times_of(states, with_shifts, sent), axis=0)
    parts = [times_of(states, with_shifts, sent, start=a, end=b) for a, b in ((MONDAY, cut), (cut, MONDAY + 3 * DAY))]
    assert sum(np.nansum(part, axis=0) for part in parts) == pytest.approx(whole)


@given(MINUTES, st.booleans(), st.sets(st.integers(0, 19)))
def test_no_data_never_improves_anything(states, with_shifts, silenced):
    """What a device no longer says makes no production greater, nor its share in PBT, nor the time that is known."""
    silent = {m: None if n in silenced else raw for n, (m, raw) in enumerate(sorted(states.items()))}
    told, less = times_of(states, with_shifts, ()), times_of(silent, with_shifts, ())
    assert (less[:, APT] <= told[:, APT]).all()
    assert (less[:, POT] - less[:, UNKNOWN_S] <= told[:, POT] - told[:, UNKNOWN_S] + 1e-6).all()
    ours, theirs = (np.divide(t[:, APT], t[:, PBT], out=np.zeros(3), where=t[:, PBT] > 0) for t in (less, told))
    assert (ours <= theirs + 1e-12).all() or not with_shifts


@given(MINUTES, st.booleans(), ORDERS)
def test_orders_change_neither_stops_nor_production(states, with_shifts, sent):
    with_orders, without = times_of(states, with_shifts, sent), times_of(states, with_shifts, ())
    assert (with_orders[:, [APT, STOPPED, UNKNOWN_S, PBT]] == without[:, [APT, STOPPED, UNKNOWN_S, PBT]]).all()


def order(hour, hours_long=None):
    ends = (
        {}
        if hours_long is None
        else {"ends_at": datetime.fromtimestamp(MONDAY + (hour + hours_long) * HOUR, UTC).isoformat()}
    )
    at = datetime.fromtimestamp(MONDAY + hour * HOUR, UTC)
    return Event(scope_type="line", scope_id=3, at=at, kind="order", attributes=ends)


def test_a_worked_day_with_orders():
    """Delays need an order; without one the machine is available. Before the first order setting up counts as such."""
    said = [(0, "setup"), (2, "production"), (8, "down"), (12, "idle"), (14, "setup"), (16, "held"), (20, "idle")]
    day = hours(said, sent=[order(1, 9), order(13, 10)])[0]
    assert day[[ASUT, APT, ADET, ADOT]].tolist() == [4, 6, 2 + 1 + 4 + 3, 2 + 1 + 1]
    assert day[[AUBT, AOET]].tolist() == [19, 19]
    assert day[STOPPED] == 8


def test_waiting_for_others_is_one_and_the_same_with_and_without_an_order():
    """Starved, and idle: 3 h in an order and 5 h outside; a failure and setting up are nobody else's."""
    said = [(0, "production"), (6, "suspended"), (8, "idle"), (10, "setup"), (12, "idle"), (16, "down"), (20, "off")]
    where = site(shift("00:00", "20:00", weekdays=range(7)))
    assert hours(said, where, sent=[order(0, 9)])[0, WAITING] == 2 + 2 + 4
    assert hours(said, where)[0, WAITING] == 2 + 2 + 4


def test_before_the_first_order_nothing_is_known_of_orders():
    table = hours([(0, "down")], sent=[order(30, 6)], days=3)
    assert table[:, ADET].tolist() == [24, 12, 0]
    assert np.isnan(table[0, AUBT])
    assert table[1:, AOET].tolist() == [6, 0]


def test_an_order_without_an_end_lasts_until_the_next():
    assert hours([(0, "idle")], sent=[order(2), order(4, 1)])[0, ADET] == 3


def test_maintenance_is_planned_and_repair_is_a_delay():
    day = hours(
        [(0, "production"), (4, "maintenance"), (6, "production"), (8, "down"), (9, "maintenance"), (12, "off")]
    )[0]
    assert day[[PLANNED_S, PMT, CMT, ADET, REPAIR_S, FAILURES]].tolist() == [2, 2, 3, 4, 4, 1]


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

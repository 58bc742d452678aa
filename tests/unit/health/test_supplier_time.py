"""What counts for a guarantee hour by hour, and the stops that the supplier answers for, on worked cases."""

from datetime import UTC, datetime

import numpy as np
import pytest

from services.health.block import Event, StateSamples
from services.health.state_detection.attributed_hours import attributed_hours, plan
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.state_intervals import intervals
from services.health.state_detection.supplier_stops import stop_days, stops_until
from services.health.state_detection.times import (
    ADET,
    ADOT,
    PBT,
    STOPPED,
    SUPPLIER_DOWN,
    UNKNOWN_S,
    WAITING,
    daily_times,
)

HOUR = 3600.0
DAY = 24 * HOUR


def found(*samples, days=3, events=()):
    """Intervals of (hour, state) over some days; a state holds for 40 hours."""
    at, states = zip(*samples, strict=True)
    told = StateSamples(at=np.array(at) * HOUR, state=states, max_hold_s=40 * HOUR)
    return intervals(None, told, {}, events, start=0.0, end=days * DAY)


def corrected(hour, until, cause):
    at, word = datetime.fromtimestamp(hour * HOUR, UTC), {"cause": cause, "until_s": until * HOUR}
    return Event(scope_type="asset", scope_id=1, at=at, kind="correction", attributes=word)


def calendar(*scheduled, planned=()):
    spans = [np.array(part, dtype=float).reshape(-1, 2) * HOUR for part in (scheduled, planned)]
    return Calendar(scheduled=spans[0], planned=spans[1], given_from=-np.inf)


def hours_of(told, when, hours, expected_from=np.inf):
    """Planned, known and lost seconds an hour from 0 h."""
    planned = plan(when, start=0.0, hours=hours)
    return attributed_hours(told, planned, start=0.0, hours=hours, expected_from=expected_from)


def test_a_stop_counts_while_the_machine_was_meant_to_run():
    """Down from 10 to 15 h; a shift until 14 h with a planned stop from 11 to 12 h: two hours are the supplier's."""
    told = found((0, "production"), (10, "down"), (15, "production"))
    hours = hours_of(told, calendar((6, 14), planned=((11, 12),)), 24) / HOUR
    assert hours[:, 2].nonzero()[0].tolist() == [10, 12, 13]
    assert hours.sum(axis=0).tolist() == [7.0, 7.0, 3.0]


@pytest.mark.parametrize(
    ("state", "lost_h"), [("down", 4.0), ("held", 0.0), ("suspended", 0.0), ("idle", 0.0), ("planned", 0.0)]
)
def test_only_what_the_supplier_caused_is_lost(state, lost_h):
    told = found((0, "production"), (10, state), (14, "production"))
    planned, known, lost = hours_of(told, calendar((0, 24)), 24).sum(axis=0) / HOUR
    assert (planned, known, lost) == (24.0 if state != "planned" else 20.0, planned, lost_h)


def test_an_idle_machine_that_waits_for_its_supplier_is_a_stop_of_the_suppliers():
    """PackML's Stopped is idle: whoever corrects it to `supplier` says that six hours were lost."""
    told = found((0, "production"), (10, "idle"), (16, "production"), events=[corrected(10, 16, "supplier")])
    day = daily_times(told, calendar((0, 24)), start=0.0, end=DAY)[0] / HOUR
    assert day[[SUPPLIER_DOWN, STOPPED, ADET, ADOT]].tolist() == [6.0, 6.0, 6.0, 0.0]
    assert day[WAITING] == 0.0
    assert hours_of(told, calendar((0, 24)), 24)[:, 2].sum() / HOUR == 6.0
    over_midnight = found((0, "production"), (20, "idle"), (30, "idle"), events=[corrected(20, 72, "supplier")])
    assert (rows(over_midnight)[:, 2] / HOUR).tolist() == [4.0, 24.0, 22.0]


def test_silence_is_planned_and_not_known():
    """Nothing after 40 hours of hold, and nothing before the first word of a machine commissioned at 0 h."""
    told = found((6, "production"))
    hours = hours_of(told, calendar((0, 72)), 72, 0.0) / HOUR
    assert hours.sum(axis=0).tolist() == [72.0, 40.0, 0.0]
    assert hours_of(told, calendar((0, 72)), 72)[:, 0].sum() / HOUR == 66.0


@pytest.mark.parametrize("events", [(), (corrected(5, 60, "supplier"),)])
def test_hours_add_up_to_the_days_of_iso_22400(events):
    random = np.random.default_rng(4)
    states = random.choice(["production", "down", "held", "idle", "planned", "off", "setup"], 60)
    told = found(*zip(np.sort(random.uniform(0, 72, 60)).tolist(), states.tolist(), strict=True), events=events)
    when = calendar((3, 20), (27.5, 44), (50, 70), planned=((10, 12), (40, 52)))
    by_day = daily_times(told, when, start=0.0, end=3 * DAY, expected_from=0.0)
    own = hours_of(told, when, 72, 0.0).reshape(3, 24, 3).sum(axis=1)
    assert own[:, 0] == pytest.approx(by_day[:, PBT])
    assert own[:, 1] == pytest.approx(by_day[:, PBT] - by_day[:, UNKNOWN_S])
    assert own[:, 2] == pytest.approx(by_day[:, SUPPLIER_DOWN])
    assert (own[:, 2] <= by_day[:, ADET] + 1e-6).all()


def rows(told, days=3):
    lost = hours_of(told, calendar((0, 24 * days)), 24 * days)[:, 2]
    return stop_days(5, told, lost.reshape(days, 24).sum(axis=1), 0, lasting=False)


def test_a_stop_over_midnight_is_one():
    told = rows(found((0, "production"), (20, "down"), (30, "production"), (50, "down"), (52, "production")))
    stops = stops_until(told, 2)
    assert (stops.began.tolist(), (stops.lost_s / HOUR).tolist()) == ([0, 2], [10.0, 2.0])
    assert stops.lasts.tolist() == [False, False]


def test_on_its_first_evening_a_stop_lasts_and_has_taken_what_it_has():
    stops = stops_until(rows(found((0, "production"), (20, "down"), (30, "production"))), 0)
    assert (stops.began.tolist(), (stops.lost_s / HOUR).tolist(), stops.lasts.tolist()) == ([0], [4.0], [True])


def test_a_stop_that_silence_follows_lasts_until_the_machine_is_heard_of():
    """Down from 20 h, nothing from 23 h on; running again at 60 h, or still down until then."""
    silent = (0, "production"), (20, "down"), (23, None)
    told = rows(found(*silent))
    for day in range(3):
        stops = stops_until(told, day)
        assert (stops.began.tolist(), (stops.lost_s / HOUR).tolist(), stops.lasts.tolist()) == ([0], [3.0], [True])
    over = stops_until(rows(found(*silent, (60, "production"))), 2)
    assert ((over.lost_s / HOUR).tolist(), over.lasts.tolist()) == ([3.0], [False])
    same = stops_until(rows(found(*silent, (58, "down"), (60, "production"))), 2)
    assert ((same.lost_s / HOUR).tolist(), same.lasts.tolist()) == ([5.0], [False])


@pytest.mark.parametrize("cut", [1, 2])
def test_a_stop_in_silence_is_the_same_wherever_time_is_cut(cut):
    samples = (0, "production"), (20, "down"), (23, None), (60, "production")
    at, states = np.array([hour for hour, _ in samples]) * HOUR, [state for _, state in samples]
    place = int(np.searchsorted(at, cut * DAY))
    first = part_of(None, at[:place], states[:place], 0.0, cut * DAY)
    later = part_of(first.open_at(cut * DAY), at[place:], states[place:], cut * DAY, 3 * DAY)
    lost_s = np.array([3 * HOUR, 0.0, 0.0])
    early = stop_days(5, first, lost_s[:cut], 0, lasting=False)
    late = stop_days(5, later, lost_s[cut:], cut, lasting=True)
    assert np.concatenate([early, late]).tolist() == rows(found(*samples)).tolist()


def part_of(before, at, states, start, end):
    told = StateSamples(at=at, state=tuple(states), max_hold_s=40 * HOUR)
    return intervals(before, told, {}, (), start=start, end=end)


def test_short_stops_of_one_day_are_one_and_of_two_days_are_two():
    told = rows(found((0, "production"), (2, "down"), (3, "production"), (5, "down"), (6, "production"), (30, "down")))
    stops = stops_until(told, 1)
    assert (stops.began.tolist(), (stops.lost_s / HOUR).tolist()) == ([0, 1], [2.0, 18.0])
    assert stops.lasts.tolist() == [False, True]

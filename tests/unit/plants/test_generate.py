"""What simulated plants say: the same however it is asked for, and true to their wear."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.plants.calendars import works
from deploy.local.plants.fleet import HISTORY_DAYS, Customer, Plant, customers
from deploy.local.plants.generate import MachineData, generate, generate_hours, snapshot
from deploy.local.plants.kinds import HOUR_S, PACKAGING, SITUATIONS, Situation
from deploy.local.plants.machine import Machine, running_s, situation_changes, situations
from deploy.local.plants.wear import damage, wear

STARTED_AT = datetime(2026, 3, 30, 9, 20, tzinfo=UTC)
STARTED_S = int(STARTED_AT.timestamp()) // HOUR_S * HOUR_S
FLEET = customers(STARTED_AT)
PLANTS = {plant.id: plant for customer in FLEET for plant in customer.plants}
MACHINES = {machine.id: machine for plant in PLANTS.values() for machine in plant.machines}
EVENTFUL = PLANTS["brackwater-hall"]

hours = st.integers(min_value=0, max_value=HISTORY_DAYS * 24 - 1)


def told(data: MachineData) -> list[tuple[int, str, float | int | str]]:
    return [(one.at_s, one.metric, one.value) for one in data.told]


@settings(max_examples=40, deadline=None)
@given(first=hours, length=st.integers(2, 700), cuts=st.lists(st.integers(1, 699), max_size=4), data=st.data())
def test_a_range_says_the_same_however_it_is_cut(first: int, length: int, cuts: list[int], data: st.DataObject) -> None:
    plant = data.draw(st.sampled_from(list(PLANTS.values())))
    begin = plant.origin_s // HOUR_S + first
    edges = [begin, *sorted({begin + cut for cut in cuts if cut < length}), begin + length]
    whole = generate_hours(plant, begin, begin + length - 1)
    parts = [generate_hours(plant, edges[n], edges[n + 1] - 1) for n in range(len(edges) - 1)]
    for number, machine in enumerate(whole):
        assert np.array_equal(machine.at_s, np.concatenate([part[number].at_s for part in parts]))
        for name, values in machine.columns.items():
            assert np.array_equal(values, np.concatenate([part[number].columns[name] for part in parts]))
        assert told(machine) == [one for part in parts for one in told(part[number])]


@settings(max_examples=30, deadline=None)
@given(minute=st.integers(0, 60 * 24 * 900), seconds=st.integers(1, 5_000), cut=st.integers(1, 4_999))
def test_live_readings_say_the_same_however_they_are_cut(minute: int, seconds: int, cut: int) -> None:
    begin = EVENTFUL.origin_s + minute * 60
    cut = min(cut, seconds)
    whole = generate(EVENTFUL, begin, begin + seconds, 10)
    parts = [generate(EVENTFUL, begin, begin + cut, 10), generate(EVENTFUL, begin + cut, begin + seconds, 10)]
    for number, machine in enumerate(whole):
        for name, values in machine.columns.items():
            assert np.array_equal(values, np.concatenate([part[number].columns[name] for part in parts]))
        assert told(machine) == [one for part in parts for one in told(part[number])]


def test_live_readings_on_the_hour_are_those_of_history() -> None:
    hourly = generate(EVENTFUL, STARTED_S, STARTED_S + 3 * HOUR_S, HOUR_S)
    live = generate(EVENTFUL, STARTED_S, STARTED_S + 3 * HOUR_S, 10)
    for history, now in zip(hourly, live, strict=True):
        for name, values in history.columns.items():
            assert np.array_equal(values, now.columns[name][::360])
        assert told(history) == told(now)


def test_the_same_seed_and_start_give_the_same_fleet_and_another_seed_another() -> None:
    here = STARTED_S // HOUR_S - 500
    same = generate_hours(customers(STARTED_AT)[0].plants[0], here, here + 24)
    first = generate_hours(FLEET[0].plants[0], here, here + 24)
    other = generate_hours(customers(STARTED_AT, seed=7)[0].plants[0], here, here + 24)
    assert np.array_equal(first[0].columns["vibration"], same[0].columns["vibration"])
    assert not np.array_equal(first[0].columns["vibration"], other[0].columns["vibration"])


def test_a_start_within_the_hour_counts_as_its_whole_hour() -> None:
    later = customers(STARTED_AT + timedelta(minutes=30))
    assert [plant.origin_s for c in later for plant in c.plants] == [plant.origin_s for plant in PLANTS.values()]
    assert later[0].plants[0].origin_s == STARTED_S - HISTORY_DAYS * 86_400


@pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.id)
def test_failures_come_where_wear_is_complete_and_repair_undoes_it(machine: Machine) -> None:
    for failed, repaired in zip(machine.cycles.failed[:-1], machine.cycles.repaired[:-1], strict=True):
        before, during, after = wear(machine.cycles, np.array([failed - HOUR_S, failed, repaired]))
        assert before > 0.95
        assert during == 1.0
        assert after == 0.0


@pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.id)
def test_every_machine_fails_several_times_in_three_years_and_each_life_differs(machine: Machine) -> None:
    failed = machine.cycles.failed
    lived = failed[(failed >= machine.origin_s) & (failed < STARTED_S)]
    assert 2 <= len(lived) <= 6
    assert len(set(np.diff(failed).tolist())) == len(failed) - 1


def test_sensors_of_a_worn_machine_are_far_from_those_of_a_fresh_one() -> None:
    machine = MACHINES["marisol-intake/intake-pump-2"]
    plant = PLANTS["marisol-intake"]
    repaired = int(machine.cycles.started[machine.cycles.started < STARTED_S][-1])
    number = plant.machines.index(machine)
    fresh = generate(plant, repaired, repaired + 14 * 86_400, HOUR_S)[number].columns
    failing = int(machine.cycles.failed[machine.cycles.failed > STARTED_S][0])
    worn = generate(plant, failing - 14 * 86_400, failing, HOUR_S)[number].columns
    assert np.median(worn["vibration"]) > 2.0 * np.median(fresh["vibration"])
    assert np.median(worn["discharge_pressure"]) < 0.97 * np.median(fresh["discharge_pressure"])
    assert 0.7 < damage(machine.cycles, np.array([STARTED_S]))[0] < 1.0


def test_history_has_between_three_and_four_million_periodic_samples() -> None:
    a_day = sum(
        data.at_s.size * len(data.columns)
        for plant in PLANTS.values()
        for data in generate_hours(plant, plant.origin_s // HOUR_S, plant.origin_s // HOUR_S + 23)
    )
    assert 3_000_000 < a_day * HISTORY_DAYS < 4_000_000


def test_counters_only_grow_and_good_packs_are_nearly_all() -> None:
    plant = PLANTS["northfield-coast"]
    for data in generate_hours(plant, STARTED_S // HOUR_S - 5_000, STARTED_S // HOUR_S):
        made, good = data.columns["production_count"], data.columns["good_count"]
        assert (np.diff(made) >= 0).all()
        assert (np.diff(good) >= 0).all()
        assert 0.93 < np.ptp(good) / np.ptp(made) < 1.0


def test_what_a_counter_counts_is_what_the_states_allow() -> None:
    plant = PLANTS["brackwater-hall"]
    for data in generate(plant, STARTED_S - 40 * 86_400, STARTED_S, 60):
        running = states_at(plant, data) == 6
        grown = np.diff(data.columns["production_count"])
        assert (grown[~running[:-1] & ~running[1:]] <= 130).all()
        assert (grown[running[:-1] & running[1:]] >= 0).all()
        assert np.median(grown[running[:-1] & running[1:]]) > 60
        down = ~running[:-1] & ~running[1:]
        assert grown[down].sum() < 0.01 * grown.sum()


def states_at(plant: Plant, data: MachineData) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    machine = next(machine for machine in plant.machines if machine.device == data.device)
    changes = [one for one in data.told if one.metric == "state"]
    before = snapshot(machine, int(data.at_s[0]))["state"]
    at = np.array([data.at_s[0], *(one.at_s for one in changes)])
    values = np.array([before, *(one.value for one in changes)], dtype=np.int64)
    return values[np.searchsorted(at, data.at_s, side="right") - 1]


def test_states_are_repeated_every_midnight_so_that_they_hold() -> None:
    for plant in PLANTS.values():
        for machine in plant.machines:
            at, _ = situation_changes(machine, STARTED_S - 30 * 86_400, STARTED_S)
            assert np.diff(at).max() <= 86_400


def test_states_repeated_after_a_death_change_nothing_else() -> None:
    plain = generate(EVENTFUL, STARTED_S - 86_400, STARTED_S, HOUR_S)
    repeated = generate(EVENTFUL, STARTED_S - 86_400, STARTED_S, HOUR_S, repeat_states=True)
    for one, more in zip(plain, repeated, strict=True):
        assert set(told(one)) <= set(told(more))
        assert {at_s for at_s, metric, _ in told(more) if metric == "state"} >= set(more.at_s.tolist())
        assert np.array_equal(states_at(EVENTFUL, one), states_at(EVENTFUL, more))


def test_the_silent_plant_says_nothing_from_its_moment_on() -> None:
    plant = PLANTS["tarnwick-works"]
    assert plant.silent_from_s == STARTED_S - 4 * 86_400
    last = generate_hours(plant, STARTED_S // HOUR_S - 100, STARTED_S // HOUR_S)
    assert all(data.at_s[-1] == plant.silent_from_s - HOUR_S for data in last)
    later = generate_hours(plant, STARTED_S // HOUR_S - 10, STARTED_S // HOUR_S)
    assert all(data.at_s.size == 0 and not data.told for data in later)


def test_only_updated_machines_shake_more_after_the_update() -> None:
    plant = PLANTS["stellan-ridge"]
    before = generate(plant, STARTED_S - 75 * 86_400, STARTED_S - 50 * 86_400, HOUR_S)
    after = generate(plant, STARTED_S - 38 * 86_400, STARTED_S, HOUR_S)
    grown = {
        new.device: np.median(new.columns["vibration"]) / np.median(old.columns["vibration"])
        for old, new in zip(before, after, strict=True)
    }
    assert grown["compressor-a"] > 1.25
    assert grown["compressor-b"] > 1.25
    assert grown["compressor-c"] < 1.1
    assert grown["compressor-d"] < 1.1
    assert {one.value for one in after[0].told if one.metric == "firmware"} == {"4.3.0"}
    assert {one.value for one in after[2].told if one.metric == "firmware"} == {"4.2.1"}


def test_seconds_of_production_are_those_between_the_told_states() -> None:
    for plant in (EVENTFUL, PLANTS["northfield-coast"]):
        begin, end = STARTED_S - 45 * 86_400, STARTED_S
        hour = np.arange(begin // HOUR_S, end // HOUR_S, dtype=np.int64)
        for machine in plant.machines:
            at, situation = situation_changes(machine, begin, end)
            at, situation = np.append([begin], at), np.append(situations(machine, np.array([begin])), situation)
            lasted = np.diff(np.append(at, [end]))
            told_s = lasted[situation == SITUATIONS.index(Situation.RUNNING)].sum()
            assert running_s(machine, hour, (hour + 1) * HOUR_S).sum() == told_s


def availability(customer: Customer, from_day: int, to_day: int) -> float:
    """Share of working hours in production, from day to day relative to the start."""
    hour = np.arange(STARTED_S // HOUR_S + from_day * 24, STARTED_S // HOUR_S + to_day * 24, dtype=np.int64)
    running = working = 0
    for plant in customer.plants:
        for machine in plant.machines:
            running += int(running_s(machine, hour, (hour + 1) * HOUR_S).sum())
            working += HOUR_S * int(works(plant.calendar, hour * HOUR_S).sum())
    return running / working


def test_one_customer_is_flat_for_a_year_and_one_improves() -> None:
    stories = {customer.story.id: customer for customer in FLEET}
    flat, improving = stories["kestrel-moor"], stories["northfield"]
    assert abs(availability(flat, -120, 0) - availability(flat, -365, -245)) < 0.012
    assert availability(improving, -120, 0) - availability(improving, -365, -245) > 0.02
    assert availability(improving, -120, 0) > availability(flat, -120, 0) + 0.03


def test_only_packaging_machines_count_packs() -> None:
    for machine in MACHINES.values():
        assert ("production_count" in snapshot(machine, STARTED_S)) == (machine.kind is PACKAGING)

"""Sudden changes as alerts and untrustworthy sensors as signals: said once, of the right thing."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from services.health.assess import assess
from shared.alerts import AlertState, Resolution, Tier
from tests.unit.health.worlds import START, asset, customer, part


def alerts_of(block, kind):
    return [e for e in assess(None, block).episodes if e.kind == kind]


def shifted(days, first, end, by=0.4):
    """Hourly shift of vibration by four of its sigmas from hour `first` to hour `end`."""
    shift = np.zeros(24 * days)
    shift[first:end] = by
    return shift


def with_readings(machine, row, first, values):
    mean = machine.mean.copy()
    mean[row, first : first + len(values)] = values
    return replace(machine, mean=mean)


def test_a_sudden_change_is_an_alert_within_a_day_that_says_what_moved_and_since_when():
    (alert,) = alerts_of(customer([asset(1, 53, vibration=shifted(53, 24 * 50 + 7, 24 * 53))]), "condition_change")
    assert alert.life.state is AlertState.OPEN
    assert timedelta(0) < alert.life.opened_at - (START + timedelta(days=50, hours=7)) < timedelta(days=1)
    began = START + timedelta(days=50)  # to a day: the change point of a moving average is an estimate
    assert alert.content.sentence == (
        f"Packer 1 at Coast plant runs otherwise than it used to since {began.day} {began:%B %Y}: vibration up."
    )
    assert alert.content.tier is Tier.WATCH
    assert alert.content.evidence["metrics"]["vibration"]["value"] > 1


def test_a_change_that_goes_again_recovers():
    (alert,) = alerts_of(customer([asset(1, 70, vibration=shifted(70, 24 * 50, 24 * 55))]), "condition_change")
    assert alert.life.resolution is Resolution.RECOVERED


def test_wear_that_begins_with_a_change_is_one_alert_and_not_two():
    grown = np.concatenate([np.zeros(24 * 100), 0.3 + np.linspace(0, 3, 24 * 60)])
    block = customer([asset(1, 160, vibration=grown)])
    (change,) = alerts_of(block, "condition_change")
    (wear,) = alerts_of(block, "wear")
    assert change.life.resolution is Resolution.DUPLICATE
    assert change.life.opened_at < wear.life.opened_at
    assert wear.life.state is AlertState.OPEN


def test_a_failure_after_a_change_is_what_was_feared():
    changed = shifted(60, 24 * 50, 24 * 60)
    (alert,) = alerts_of(customer([asset(1, 60, vibration=changed, downs=((24 * 53, 10),))]), "condition_change")
    assert alert.life.resolution is Resolution.MATERIALISED


def sensor_days(result):
    """Days of the story on whose evening sensors are not to be trusted, and what is said of them."""
    rows = [row for row in result.signals if row.kind == "sensor_fault"]
    return {(row.day - START.date()).days: (row.value, row.evidence["sensors"]) for row in rows}


@pytest.mark.parametrize("days_stuck", [4, 20])
def test_a_sensor_that_stands_still_is_a_signal_of_the_machine_and_no_wear_and_no_change(days_stuck):
    machine = asset(1, 90)
    stuck = with_readings(machine, 0, 24 * 60, np.full(24 * days_stuck, machine.mean[0, 24 * 60]))
    result = assess(None, customer([stuck]))
    assert result.episodes == ()
    told = sensor_days(result)
    assert list(told) == list(range(60, 61 + days_stuck))
    assert {value for value, _ in [*told.values()][:-1]} == {1}
    assert told[60 + days_stuck] == (0, {}), "the first evening on which it is trusted again"
    (since,) = {said["vibration"]["since"] for value, said in told.values() if value}
    assert START + timedelta(days=60) < datetime.fromisoformat(since) < START + timedelta(days=61)
    assert told[60][1]["vibration"]["what"] == "stands still"


@pytest.mark.parametrize("cut_day", [61, 64, 70])
def test_since_when_a_sensor_is_not_to_be_trusted_does_not_depend_on_where_time_is_cut(cut_day):
    machine = asset(1, 75)
    block = customer([with_readings(machine, 0, 24 * 60, np.full(24 * 10, machine.mean[0, 24 * 60]))])
    first = assess(None, part(block, 0, 24 * cut_day))
    second = assess(first.state, part(block, 24 * cut_day, 24 * 75))
    assert sensor_days(first) | sensor_days(second) == sensor_days(assess(None, block))


def test_a_sensor_that_is_not_to_be_trusted_is_left_out_of_the_judgement_of_wear():
    worn = np.concatenate([np.zeros(24 * 120), np.linspace(0, 3, 24 * 60)])
    machine = with_readings(asset(1, 180, vibration=worn), 0, 24 * 130, np.full(24 * 50, 9.0))
    result = assess(None, customer([machine]))
    assert "wear" not in {e.kind for e in result.episodes}
    assert sensor_days(result)


def test_silence_right_after_a_sensor_stood_still_makes_no_fault_of_it():
    machine, still_from = asset(1, 90), 24 * 60
    told = [sensor_days(assess(None, customer([stuck_then_silent(machine, still_from, h)]))) for h in (6, 21)]
    assert [bool(days) for days in told] == [False, True]


def stuck_then_silent(machine, first, hours):
    """vibration stands still for so many hours, and then nothing at all comes for good."""
    stuck = with_readings(machine, 0, first, np.full(hours, machine.mean[0, first]))
    mean, covered = stuck.mean.copy(), stuck.covered_s.copy()
    mean[:, first + hours :], covered[:, first + hours :] = np.nan, 0.0
    return replace(stuck, mean=mean, covered_s=covered)


@pytest.mark.parametrize(("reading", "said"), [(np.nan, "sends nothing"), (1500.0, "stands still")])
def test_an_operating_point_that_died_is_a_sensor_fault_and_nothing_is_concluded_of_the_machine(reading, said):
    machine = with_readings(asset(1, 70), 1, 24 * 60, np.full(24 * 10, reading))
    result = assess(None, customer([machine]))
    assert result.episodes == ()
    assert sensor_days(result)[61][1]["speed"]["what"] == said


def test_a_speed_that_is_set_may_stay_as_it_is_for_long():
    machine = asset(1, 90)
    orders = np.repeat(np.random.default_rng(1).choice([1400.0, 1500.0, 1600.0], 90), 24)
    orders[24 * 60 :] = 1500.0
    assert assess(None, customer([with_readings(machine, 1, 0, orders)])).episodes == ()


@pytest.mark.parametrize("cut_day", [20, 50, 52])
def test_a_cut_at_a_midnight_changes_no_alert(cut_day):
    block = customer([asset(1, 60, vibration=shifted(60, 24 * 50 + 7, 24 * 55))])
    whole = assess(None, block)
    first = assess(None, part(block, 0, 24 * cut_day))
    second = assess(first.state, part(block, 24 * cut_day, 24 * 60))
    assert [e for e in second.episodes if e.kind == "condition_change"] == [
        e for e in whole.episodes if e.kind == "condition_change"
    ]

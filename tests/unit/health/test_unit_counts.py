"""What is made of counters of which hours are missing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.block import Metric
from services.health.health_assessment.asset_times import fleet_states
from services.health.health_assessment.unit_counts import counts
from services.health.state_detection.calendars import calendar
from services.health.state_detection.times import APT, COUNTED_APT, GOOD, PLANNED_RUN_S, PRODUCED, SCRAPPED
from tests.unit.health.worlds import asset, customer

ROLES = ("production_count", "good_count", "scrap_count")
METRICS = tuple(Metric(name=role, unit="1", role=role) for role in ROLES)


def machine(produced=10.0, good=8.0, scrapped=1.0, *, missing=(), hours=24):
    """A machine that runs all day; missing: (counter, hour) without a count."""
    increase = np.repeat([[produced], [good], [scrapped]], hours, axis=1)
    for counter, hour in missing:
        increase[counter, hour] = np.nan
    days = -(-hours // 24)
    made = asset(1, days, down_share=0.0)
    nothing = np.full((3, hours), np.nan)
    told = replace(made.states, at=made.states.at[:1], state=("RUN",), max_hold_s=np.inf)
    return replace(
        made, metrics=METRICS, increase=increase, mean=nothing, covered_s=nothing, states=told, unit_time_s=360.0
    )


def day(one):
    block = customer([one])
    start, end = block.start.timestamp(), block.end.timestamp()
    scheduled = {(one.site_id, one.line_id): calendar(block.sites[0], one.line_id, start=start, end=end)}
    return fleet_states(block, scheduled, {})[0].daily[0]


def test_hours_without_a_count_are_left_out_of_the_time_that_was_counted():
    half = day(machine(missing=[(counter, hour) for counter in range(3) for hour in range(12, 24)]))
    assert half[[PRODUCED, GOOD, SCRAPPED]].tolist() == [120, 96, 12]
    assert (half[[APT, COUNTED_APT, PLANNED_RUN_S]] / 3600).tolist() == [24, 12, 12]


@pytest.mark.parametrize("counter", [0, 1])
def test_where_units_made_or_good_ones_are_missing_both_are_left_out(counter):
    half = day(machine(missing=[(counter, hour) for hour in range(12, 24)]))
    assert half[[PRODUCED, GOOD, SCRAPPED]].tolist() == [120, 96, 12]
    assert half[COUNTED_APT] / 3600 == 12


def test_scrap_is_not_known_on_a_day_on_which_hours_of_it_are_missing():
    told = day(machine(missing=[(2, 5)]))
    assert (told[PRODUCED], np.isnan(told[SCRAPPED])) == (240, True)


def test_a_counter_that_is_silent_all_day_holds_up_no_other():
    told = day(machine(missing=[(1, hour) for hour in range(24)]))
    assert (told[PRODUCED], np.isnan(told[GOOD]), told[COUNTED_APT] / 3600) == (240, True, 24)
    uncounted = day(machine(missing=[(0, hour) for hour in range(24)]))
    assert (np.isnan(uncounted[[PRODUCED, COUNTED_APT]]).all(), uncounted[GOOD]) == (True, 192)


@given(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 23))))
def test_no_data_never_improves_a_ratio_of_equal_hours(missing):
    """Every hour is alike, so whatever is missing no ratio may change; it is as it was, or not known."""
    said = counts(machine(missing=missing), 1)
    made, good, scrapped = (said.by_day[role][0] for role in ROLES)
    assert np.isnan(good) or np.isnan(made) or good == pytest.approx(0.8 * made)
    assert np.isnan(scrapped) or np.isnan(made) or scrapped == pytest.approx(0.1 * made)
    assert np.isnan(made) or made == 10 * said.hours.sum() or not said.hours.any()

"""Days of machines from their state intervals."""

import numpy as np
import pytest

from services.health.prognostic_assessment.failure_risk.interval_steps import (
    FleetIntervals,
    daily_steps,
    hours_to_failure,
    known_hours,
)
from services.health.state_detection.states import DAY_S, DOWN, PLANNED, PRODUCTION, UNKNOWN

FIRST = 100


def fleet(*machines: list[tuple[float, int]], until: float) -> FleetIntervals:
    """Machines that enter states at days after FIRST; the last state lasts `until` then."""
    rows = [
        (number, FIRST + at, FIRST + end, state, state == DOWN)
        for number, told in enumerate(machines)
        for (at, state), (end, _) in zip(told, [*told[1:], (until, None)], strict=True)
    ]
    machine, started, ended, state, failure = zip(*rows, strict=True)
    return FleetIntervals(
        machines=len(machines),
        machine=np.array(machine),
        started=np.array(started) * DAY_S,
        ended=np.array(ended) * DAY_S,
        state=np.array(state, dtype=np.int8),
        failure=np.array(failure),
    )


ONE = fleet([(0, PRODUCTION), (1.25, DOWN), (2.5, PRODUCTION), (3.5, PLANNED), (3.75, UNKNOWN)], until=6)


def test_a_failure_and_a_planned_stop_count_on_the_day_on_which_they_begin():
    counts = daily_steps(ONE, FIRST, 6).mark_counts[0]
    assert counts[0].tolist() == [0, 1, 0, 0, 0, 0]
    assert counts[1].tolist() == [0, 0, 0, 1, 0, 0]


def test_hours_of_a_stop_are_split_at_midnight_and_the_state_is_that_of_the_days_end():
    steps = daily_steps(ONE, FIRST, 6)
    assert steps.stop_h[0, 0] == pytest.approx([0, 18, 12, 0, 0, 0])
    assert steps.stop_h[0, 1] == pytest.approx([0, 0, 0, 6, 0, 0])
    assert steps.stopped[0, 0].tolist() == [0, 1, 0, 0, 0, 0]


def test_days_without_a_known_state_are_not_covered():
    assert daily_steps(ONE, FIRST, 6).covered[0].tolist() == [True, True, True, True, False, False]
    assert known_hours(ONE, FIRST, 6)[0] == pytest.approx([24, 24, 24, 18, 0, 0])


def test_the_next_failure_is_counted_from_the_end_of_a_day_to_its_instant():
    hours = hours_to_failure(ONE, FIRST, 6)[0]
    assert hours[:2].tolist() == [6, np.inf]


def test_a_machine_that_is_down_when_it_is_first_seen_was_not_seen_to_fail():
    both = fleet([(0, UNKNOWN), (1, DOWN), (2, PRODUCTION), (3, DOWN)], [(2, PRODUCTION)], until=4)
    assert daily_steps(both, FIRST, 4).mark_counts[:, 0].tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]]


def test_a_window_that_begins_later_finds_the_same_days():
    whole, late = daily_steps(ONE, FIRST, 6), daily_steps(ONE, FIRST + 2, 4)
    assert np.array_equal(whole.stop_h[..., 2:], late.stop_h)
    assert np.array_equal(whole.mark_counts[..., 2:], late.mark_counts)
    assert np.array_equal(hours_to_failure(ONE, FIRST, 6)[:, 2:], hours_to_failure(ONE, FIRST + 2, 4))

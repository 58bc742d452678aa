"""Days of machines from their state intervals."""

import numpy as np
import pytest

from services.health.prognostic_assessment.failure_risk.interval_steps import (
    FleetIntervals,
    Spans,
    daily_steps,
    day_spans,
    done_in,
    hours_to_next,
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
        known=np.zeros(len(machines), bool),
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
    assert daily_steps(ONE, FIRST, 6).hours[0] == pytest.approx([24, 24, 24, 18, 0, 0])


def test_a_part_of_a_day_counts_what_was_done_in_it():
    since, until = (DAY_S * (FIRST + np.array(days)) for days in ([1.0, 1.0, 3.5], [1.25, 1.5, 3.625]))
    done = done_in(ONE, Spans(machine=np.zeros(3, dtype=np.int64), since=since, until=until))
    assert done.failures.tolist() == [0, 1, 0]
    assert done.planned.tolist() == [0, 0, 1]
    assert done.stop_h.tolist() == [[0, 6, 0], [0, 0, 3]]
    assert done.stopped.tolist() == [[0, 1, 0], [0, 0, 1]]


def test_the_next_failure_is_counted_from_the_end_of_a_day_to_its_instant():
    at = DAY_S * (FIRST + np.array([1.25, 3.0]))
    hours = hours_to_next(np.array([0, 1]), at, day_spans(2, FIRST, 3)).reshape(2, 3)
    assert hours.tolist() == [[6, np.inf, np.inf], [48, 24, 0]]
    assert np.isinf(hours_to_next(np.empty(0, dtype=np.int64), np.empty(0), day_spans(1, FIRST, 2))).all()


def test_a_machine_that_is_down_when_it_is_first_seen_was_not_seen_to_fail():
    both = fleet([(0, UNKNOWN), (1, DOWN), (2, PRODUCTION), (3, DOWN)], [(2, PRODUCTION)], until=4)
    assert daily_steps(both, FIRST, 4).mark_counts[:, 0].tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]]


def test_a_window_that_begins_later_finds_the_same_days():
    whole, late = daily_steps(ONE, FIRST, 6), daily_steps(ONE, FIRST + 2, 4)
    for name in ("hours", "stop_h", "stopped", "mark_counts"):
        assert np.array_equal(getattr(whole, name)[..., 2:], getattr(late, name)), name


def test_a_failure_right_after_a_silence_was_seen_by_who_knew_the_machine_before():
    late = fleet([(0, UNKNOWN), (1, DOWN)], until=2)
    known = FleetIntervals(**vars(late) | {"known": np.array([True])})
    assert daily_steps(late, FIRST, 2).mark_counts[0, 0].tolist() == [0, 0]
    assert daily_steps(known, FIRST, 2).mark_counts[0, 0].tolist() == [0, 1]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.batch.device_clocks import ClockNote, ClockState, ClockWatch, judge
from services.ingest.messages.readings import Decoded, Reading
from tests.unit.ingest.messages import NOW_US, envelope

SECOND = 1_000_000
MINUTE = 60 * SECOND


def said(lead_s: float, at_us: int = NOW_US, *, source: str = "s", historical: bool = False) -> Decoded:
    """A message received at `at_us`, of what its device says it observed so many seconds later."""
    return Decoded(
        envelope("t", b"", at_us=at_us),
        (Reading(source, "json", "d", at_us + round(lead_s * SECOND), historical, (), None),),
    )


def offsets(watch: ClockWatch, leads: list[float], every_us: int = MINUTE) -> list[float | None]:
    """What is said after each message, with one message every minute; None for nothing."""
    found = []
    for place, lead_s in enumerate(leads):
        notes = watch.observe([said(lead_s, NOW_US + place * every_us)])
        found.append(notes[0].offset_s if notes else None)
    return found


def test_the_first_live_message_says_at_once_how_far_a_clock_is_ahead():
    assert ClockWatch().observe([said(40.0)]) == [ClockNote("s", 40.0, NOW_US, ClockState.RIGHT)]


def test_a_source_is_spoken_of_once_a_minute_by_its_least_delayed_message():
    watch = ClockWatch()
    assert offsets(watch, [-3.0, -0.2, -4.0, -1.0], 20 * SECOND) == [-3.0, None, None, -0.2]


def test_a_backlog_that_catches_up_is_no_slow_clock():
    assert offsets(ClockWatch(), [-3600.0, -2400.0, -1200.0, -0.5, -0.5]) == [None, None, None, None, -0.5]


def test_a_slow_clock_keeps_its_distance_and_is_noted_after_two_minutes():
    watch = ClockWatch()
    assert offsets(watch, [-900.0, -901.0, -902.5, -900.0]) == [None, None, -901.0, -902.5]
    assert watch.observe([said(-900.0, NOW_US + 4 * MINUTE)])[0].state is ClockState.BEHIND


def test_history_says_nothing_about_a_clock():
    assert ClockWatch().observe([said(-86_400.0, historical=True)]) == []


def test_a_note_tells_the_state_until_then():
    watch = ClockWatch()
    notes = [watch.observe([said(lead, NOW_US + n * MINUTE)])[0] for n, lead in enumerate([60.0, 61.0, 1.0, 1.0])]
    assert [(note.before, note.state) for note in notes] == [
        (ClockState.RIGHT, ClockState.AHEAD),
        (ClockState.AHEAD, ClockState.AHEAD),
        (ClockState.AHEAD, ClockState.AHEAD),
        (ClockState.AHEAD, ClockState.RIGHT),
    ]


def test_each_source_has_a_clock_of_its_own():
    notes = ClockWatch().observe([said(60.0, source="a"), said(1.0, source="b"), said(70.0, source="a")])
    assert {note.source: note.offset_s for note in notes} == {"a": 70.0, "b": 1.0}


def test_how_far_samples_may_be_ahead_is_known_from_the_last_two_minutes():
    watch = ClockWatch()
    assert watch.ahead_us("s") == 0
    watch.observe([said(60.0)])
    watch.observe([said(5.0, NOW_US + MINUTE)])
    assert watch.ahead_us("s") == 60 * SECOND
    watch.observe([said(-5.0, NOW_US + 2 * MINUTE)])
    watch.observe([said(-5.0, NOW_US + 3 * MINUTE)])
    assert watch.ahead_us("s") == 0


@pytest.mark.parametrize(
    ("offset_s", "state"), [(30.1, "ahead"), (30.0, "right"), (0.0, "right"), (-300.0, "right"), (-300.1, "behind")]
)
def test_small_offsets_are_right_enough(offset_s, state):
    assert judge(offset_s) is ClockState(state)


@given(st.floats(-500, 500), st.lists(st.floats(0, 200), min_size=1, max_size=100))
def test_no_delay_makes_a_clock_look_further_ahead_than_it_is(offset_s, delays_s):
    watch = ClockWatch()
    found = offsets(watch, [offset_s - delay for delay in delays_s], 15 * SECOND)
    assert all(told is None or told <= offset_s + 1e-3 for told in found)

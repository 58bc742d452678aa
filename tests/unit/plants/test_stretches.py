"""What is sent next: gaps in order of time and by the hour, then what is new."""

from hypothesis import given
from hypothesis import strategies as st

from deploy.local.plants.kinds import HOUR_S
from deploy.local.plants.stretches import HISTORY_STRETCH_S, next_stretch

NOON = 1_767_268_800


def test_three_years_are_sent_as_history_and_then_the_present() -> None:
    through = NOON - 1_096 * 86_400
    stretches = []
    while through < NOON + 1_000:
        stretch = next_stretch(through, NOON + 1_000, 10)
        assert stretch is not None
        assert stretch.from_s == through
        stretches.append(stretch)
        through = stretch.to_s
    assert all(stretch.historical and stretch.interval_s == HOUR_S for stretch in stretches)
    assert 50 < len(stretches) < 60
    present = next_stretch(through, through + 10, 10)
    assert present is not None
    assert not present.historical
    assert present.interval_s == 10


@given(behind=st.integers(0, 10_000_000), now=st.integers(NOON, NOON + 100_000), interval=st.integers(1, 900))
def test_whatever_the_gap_it_closes_without_overlap(behind: int, now: int, interval: int) -> None:
    through = now - behind
    for _ in range(behind // HISTORY_STRETCH_S + 4):
        stretch = next_stretch(through, now, interval)
        if stretch is None:
            break
        assert stretch.from_s == through
        assert through < stretch.to_s <= now + 1
        through = stretch.to_s
    assert next_stretch(through, now, interval) is None
    assert through > now - interval


def test_nothing_is_due_before_the_next_interval() -> None:
    assert next_stretch(NOON + 1, NOON + 9, 10) is None
    due = next_stretch(NOON + 1, NOON + 10, 10)
    assert due is not None
    assert due.to_s == NOON + 11


def test_a_slow_interval_is_no_gap() -> None:
    stretch = next_stretch(NOON + 1, NOON + 600, 600)
    assert stretch is not None
    assert not stretch.historical

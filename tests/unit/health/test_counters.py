"""What counters add: their true production, and never resets, rollovers or jumps."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.health.data_manipulation.time_weighting import (
    HOUR_US,
    MINUTE_US,
    Meanings,
    Runs,
    RunSamples,
    increments,
    weigh,
)

HOLD_US = 10 * MINUTE_US
ROLLOVER = 1000
PER_HOUR = 600.0
A_MINUTE = 10
"""Pieces in a minute at the greatest speed."""


def samples(story: list[tuple[float, float | None]], *, binding: list[int] | None = None) -> RunSamples:
    """(minutes since the start, count) as one run."""
    return RunSamples(
        run=np.zeros(len(story), np.int64),
        at=np.array([round(minutes * MINUTE_US) for minutes, _ in story], np.int64),
        value=np.array([math.nan if count is None else count for _, count in story]),
        meaning=np.array(binding or [0] * len(story), np.int64),
        counted=np.ones(len(story), np.bool_),
    )


def meanings(rollover_at: float = ROLLOVER, per_hour: float = PER_HOUR) -> Meanings:
    return Meanings(
        hold=np.array([HOLD_US, HOLD_US]),
        rollover_at=np.array([rollover_at, rollover_at]),
        per_hour=np.array([per_hour, per_hour]),
    )


def added(*story: tuple[float, float | None], declared: Meanings | None = None, **more) -> list[float]:
    return increments(samples(list(story), **more), declared or meanings()).tolist()


UNDECLARED = meanings(rollover_at=math.nan, per_hour=math.inf)


@pytest.mark.parametrize(
    ("story", "steps"),
    [
        ([(0, 100), (1, 107), (2, 107)], [0, 7, 0]),
        ([(0, 995), (1, 3)], [0, 8]),
        ([(0, 500), (1, 3)], [0, 3]),
        ([(0, 500), (1, 0), (2, 4)], [0, 0, 4]),
        ([(0, 500), (1, 490), (2, 495)], [0, 0, 5]),
        ([(0, 500), (1, 511)], [0, 0]),
        ([(0, 500), (0.01, 510)], [0, 10]),
        ([(0, 500), (10, 505)], [0, 5]),
        ([(0, 500), (10.01, 505), (11, 506)], [0, 0, 1]),
        ([(0, 500), (1, None), (2, 501), (3, 502)], [0, 0, 0, 1]),
        ([(0, 500), (1, None), (2, 3)], [0, 0, 0]),
        ([(0, 500), (1, -3), (2, 1)], [0, 0, 4]),
        ([], []),
    ],
    ids=[
        "going on", "rollover", "reset", "reset seen at zero", "set back by hand", "faster than can be",
        "a burst within a minute", "until the hold ends", "jump after a silence", "jump after a death",
        "reset by a death",
        "below zero", "nothing",
    ],
)  # fmt: skip
def test_each_way_of_a_counter_is_told_apart(story, steps):
    assert added(*story) == steps


def test_without_a_greatest_speed_no_fall_is_production():
    story = [(0, 995), (1, 3), (2, 10), (3, 9), (4, 900)]
    assert added(*story, declared=UNDECLARED) == [0, 0, 7, 0, 891]
    assert added(*story, declared=meanings(rollover_at=math.nan)) == [0, 3, 7, 9, 0]


def test_another_machine_on_the_same_channel_adds_nothing_of_the_old_one():
    assert added((0, 500), (1, 505), (2, 507), binding=[0, 1, 1]) == [0, 0, 2]


def test_the_next_run_begins_anew():
    told = samples([(0, 500), (1, 505)])
    two = RunSamples(run=np.array([0, 1]), at=told.at, value=told.value, meaning=told.meaning, counted=told.counted)
    assert increments(two, meanings()).tolist() == [0, 0]


_steps = st.lists(
    st.tuples(st.integers(1, 10), st.floats(0, 1), st.sampled_from(["on", "on", "reset", "silence", "death"])),
    max_size=40,
)


def life(steps: list[tuple[int, float, str]], first: int, lost_share: float) -> tuple[list, float, float]:
    """A counter's samples, all that was made, and what of it nobody can know from them.

    lost_share: of what is made before a reset shows, how much it takes away. A reset that is made good again before the
    next sample does not show.
    """
    minutes, count, made, unseen = 0.0, first, 0, 0
    story: list[tuple[float, float | None]] = [(0.0, count)]
    for length, speed, kind in steps:
        pieces = int(speed * length * A_MINUTE)
        if kind == "death":
            story.append((minutes + length / 2, None))
        minutes += length + (11 if kind == "silence" else 0)
        made += pieces
        if kind in ("silence", "death"):
            unseen += pieces
        if kind == "reset" and ROLLOVER - count > length * A_MINUTE:
            lost = int(lost_share * pieces)
            hidden = count if pieces - lost >= count else 0
            unseen += lost + hidden
            count = pieces - lost
        else:
            count = (count + pieces) % ROLLOVER
        story.append((minutes, count))
    return story, made, unseen


@given(_steps, st.integers(0, ROLLOVER - 1))
def test_any_life_of_a_counter_gives_what_was_made_while_it_was_in_force(steps, first):
    story, made, unseen = life(steps, first, lost_share=0.0)
    assert sum(added(*story)) == made - unseen


@given(_steps, st.integers(0, ROLLOVER - 1), st.floats(0, 1))
def test_what_a_reset_took_away_is_missing_and_nothing_else(steps, first, lost_share):
    story, made, unseen = life(steps, first, lost_share)
    assume(any(kind == "reset" for _, _, kind in steps))
    assert sum(added(*story)) == made - unseen


_any_story = st.lists(
    st.tuples(st.floats(0, 20), st.none() | st.floats(-2e3, 2e3) | st.integers(0, ROLLOVER)), max_size=30
).map(lambda steps: list(zip(np.cumsum([length for length, _ in steps]), [value for _, value in steps], strict=True)))


@given(_any_story)
def test_no_step_is_negative_or_faster_than_the_machine(story):
    steps = added(*story)
    lengths = np.diff([minutes for minutes, _ in story], prepend=0)
    assert all(0 <= step <= A_MINUTE * max(length, 1) + 1e-6 for step, length in zip(steps, lengths, strict=True)), (
        steps
    )


@given(_any_story)
def test_buckets_hold_what_the_samples_in_them_added(story):
    told = samples(story)
    end = (int(told.at.max()) // HOUR_US + 1) * HOUR_US if story else HOUR_US
    runs = Runs(series_id=np.array([1]), start=np.array([0]), end=np.array([end]))
    for width, held in ((MINUTE_US, False), (HOUR_US, True)):
        buckets = weigh(runs, told, meanings(), width, held=held)
        assert np.nansum(buckets.increase) == pytest.approx(sum(added(*story)))

"""Burn of an error budget over pairs of windows, by the Site Reliability Workbook, scaled to contracts."""

import numpy as np
import pytest

from services.health.prognostic_assessment.guarantees.burn import burn, burning, burns, pairs


def hours(down_share, known_share=None):
    """One machine's hours: planned, known and lost seconds."""
    down = np.asarray(down_share, dtype=float)
    known = np.ones(len(down)) if known_share is None else np.asarray(known_share, dtype=float)
    return 3600 * np.column_stack([np.ones(len(down)), known, down])


def test_windows_scale_with_the_guarantee_s_own():
    """30 days: 1 h, 6 h and 3 days, as in the book; 90 and 365 days keep the fractions of 2, 5 and 10 %."""
    assert [(p.long_h, p.threshold) for p in pairs(0.99, 30)] == [(1, 14.4), (6, 6.0), (72, 1.0)]
    assert [p.long_h for p in pairs(0.99, 90)] == [3, 18, 216]
    assert [p.long_h for p in pairs(0.99, 365)] == [13, 73, 876]
    assert [p.short_h for p in pairs(0.99, 365)] == [2, 7, 73]


def test_a_threshold_that_could_not_fire_is_lowered_and_its_window_lengthened():
    """At 90 % no burn exceeds 10: the first pair fires at 8, over 2 % of 90 days / 8 = 5.4 h."""
    first, second, third = pairs(0.90, 90)
    assert (first.threshold, first.long_h) == (pytest.approx(8.0), 6)
    assert (second.threshold, second.long_h) == (6.0, 18)
    assert third.threshold == 1.0
    assert pairs(1.0, 90) == ()


@pytest.mark.parametrize("guaranteed", [0.3, 0.8, 0.9, 0.9306, 0.95, 0.98, 0.999])
def test_every_pair_fires_when_everything_stands_still(guaranteed):
    down = hours(np.append(np.zeros(10), np.ones(2000)))
    assert all(pair.fires[-1] for pair in burning(down, guaranteed, 365, 1))


def test_burn_is_downtime_over_what_is_allowed():
    """6 of 12 hours down at 95 %: 0.5 / 0.05 = 10."""
    assert burn(hours([1, 0] * 6), 0.95, 12, 1) == pytest.approx([10.0])


def test_unknown_time_shortens_the_window():
    """2 of 8 known hours down: 0.25 / 0.05; with less than half known nothing is said."""
    known = [1] * 8 + [0] * 4
    assert burn(hours([1, 1] + [0] * 10, known), 0.95, 12, 1) == pytest.approx([5.0])
    assert np.isnan(burn(hours([1, 1] + [0] * 10, [1] * 5 + [0] * 7), 0.95, 12, 1)).all()


def test_a_burn_that_has_ended_does_not_fire_and_is_over_when_the_long_window_says_so():
    """10 of the last 13 hours were lost, the last three run: the long window burns on, the short one does not."""
    pair = burning(hours([0] * 100 + [1] * 10 + [0] * 12), 0.95, 365, 12)[0]
    assert pair.long[2] > pair.pair.threshold
    assert pair.short[2] == 0.0
    assert not pair.fires[2]
    assert pair.over.nonzero()[0].tolist() == [5, 6, 7, 8, 9, 10, 11]


def test_before_the_first_hour_nothing_was_planned():
    assert burns(hours([1.0] * 5), 0.95, 30)[-1].long == pytest.approx(20.0)
    assert np.isnan(burns(hours([]).reshape(-1, 3), 0.95, 30)[0].long)


def test_hours_do_not_depend_on_where_the_block_begins():
    told = hours(np.random.default_rng(1).random(500))
    assert burn(told, 0.9, 72, 24) == pytest.approx(burn(told, 0.9, 72, 300)[-24:])

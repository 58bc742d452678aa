"""What is usual for a customer: its own with history, its segment's without."""

from dataclasses import replace

import numpy as np
import pytest

from services.health.health_assessment.customer_health.others import level_of_others, usual_of_others
from services.health.health_assessment.customer_health.usual import UsualState, allowed_share
from services.health.prognostic_assessment.peer_levels import DOWN_SHARE, FIGURES, PeerModel
from shared.records.vocabulary import BENCHMARKING
from tests.unit.health.worlds import asset, customer

FIRST = 19_000


def own(share, days, *, others=None, start=0):
    """The usual share on the last of so many days of 10 h a day with that share of downtime."""
    shares = np.broadcast_to(np.asarray(share, dtype=float), (days,))
    rows = slice(start, days)
    told = None if others is None else tuple(np.full(days - start, each) for each in others)
    return allowed_share(UsualState(), 10 * shares, np.full(days, 10.0), FIRST, rows, told)[0]


def test_without_others_it_is_the_own_from_four_weeks_on():
    found = own(0.05, 60)
    assert np.isnan(found[:27]).all()
    assert found[27:] == pytest.approx(np.full(33, 0.05))


def test_with_little_history_the_others_rule_and_with_much_the_own():
    """Of others 0.10 and 12 weeks of trust: four own weeks of 0.02 weigh 4/16, 52 weigh 52/64."""
    found = own(0.02, 420, others=(0.10, 12.0))
    assert found[0] == pytest.approx(0.10)
    assert found[27] == pytest.approx(0.25 * 0.02 + 0.75 * 0.10)
    assert found[-1] == pytest.approx(52 / 64 * 0.02 + 12 / 64 * 0.10)
    assert (np.diff(found) <= 1e-12).all()


def test_where_customers_do_not_differ_all_are_judged_alike():
    assert own(0.02, 420, others=(0.10, np.inf))[-1] == pytest.approx(0.10)


def test_a_decline_after_the_first_year_never_becomes_usual():
    found = own(np.repeat([0.02, 0.2], [392, 400]), 792)
    assert found[391:] == pytest.approx(np.full(401, 0.02))


def test_the_last_four_weeks_do_not_count_as_usual_yet():
    found = own(np.repeat([0.02, 0.2], [84, 28]), 112)
    assert found[-1] == pytest.approx(0.02)


def test_a_cut_at_any_midnight_gives_the_same_allowed_share():
    random = np.random.default_rng(3)
    bad, known = random.uniform(0, 2, 430), np.full(430, 10.0)
    known[:9] = 0
    whole, after = allowed_share(UsualState(), bad, known, FIRST, slice(0, 430))
    for cut in (3, 9, 40, 373, 400):
        first, state = allowed_share(UsualState(), bad[:cut], known[:cut], FIRST, slice(0, cut))
        kept = max(0, cut - 400)
        second, end = allowed_share(state, bad[kept:], known[kept:], FIRST + kept, slice(cut - kept, 430 - kept))
        np.testing.assert_allclose(np.concatenate([first, second]), whole)
        assert end == after


def test_chance_may_add_what_a_month_of_ten_brings():
    """Weeks of 0 and 14 h of 70 h by turns: usual 0.1; residuals of 7 h, so a mean of four weeks deviates by
    7 x sqrt(52/51) / 70 / 2 = 0.0505."""
    found = own(np.tile(np.repeat([0.0, 0.2], 7), 30), 420)
    assert found[-1] == pytest.approx(0.1 + 1.2816 * 0.05 * np.sqrt(52 / 51))


def model(levels, errors, segments, learned=FIRST):
    nothing = dict.fromkeys(FIGURES, (float("nan"),) * len(levels))
    return PeerModel(
        asset_type="packer",
        learned_through=learned,
        customers=tuple(range(100, 100 + len(levels))),
        segments=segments,
        levels=nothing | {DOWN_SHARE: levels},
        errors=nothing | {DOWN_SHARE: errors},
    )


LEVELS = (0.02, 0.04, 0.06, 0.08, 0.10, 0.12)


def test_the_others_mean_and_how_much_it_weighs():
    """Six customers of 0.02 to 0.12: variance 0.0014, of which errors of 0.02 explain 0.0004: 52 x 0.0004 / 0.0010."""
    mean, weeks = level_of_others(model(LEVELS, (0.02,) * 6, (None,) * 6), 7, None)
    assert (mean, weeks) == (pytest.approx(0.07), pytest.approx(20.8))


def test_a_customer_is_no_other_of_its_own_and_fewer_than_five_say_nothing():
    told = model(LEVELS, (0.02,) * 6, (None,) * 6)
    assert level_of_others(told, 105, None)[0] == pytest.approx(0.06)
    assert np.isnan(level_of_others(model(LEVELS[:5], (0.02,) * 5, (None,) * 5), 104, None)[0])


def test_a_segment_counts_alone_where_neither_it_nor_the_rest_can_be_told_apart():
    levels, errors = LEVELS[:5] * 2, (0.001,) * 10
    apart = model((*LEVELS[:5], *(0.3,) * 5), errors, ("food",) * 5 + ("glass",) * 5)
    assert level_of_others(apart, 7, "food")[0] == pytest.approx(0.06)
    few = model((*levels[:7], 0.3, 0.3, 0.3), errors, ("food",) * 7 + ("glass",) * 3)
    assert level_of_others(few, 7, "food")[0] > 0.1


def test_others_count_from_the_day_of_their_model_and_only_for_who_lets_itself_be_compared():
    days = FIRST + np.arange(-2, 2)
    told = [model(LEVELS, (0.02,) * 6, (None,) * 6)]
    block = replace(customer([asset(1, 3)]), data_use=(BENCHMARKING,))
    found = usual_of_others(block, told, days)
    np.testing.assert_allclose(found.mean, [np.nan, np.nan, 0.07, 0.07])
    assert np.isnan(usual_of_others(replace(block, data_use=()), told, days).mean).all()

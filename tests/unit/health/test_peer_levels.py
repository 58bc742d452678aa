"""Peers: what machines of one type do at other customers, told without telling who."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.prognostic_assessment.peer_learning import MonthSums, learn
from services.health.prognostic_assessment.peer_levels import (
    DOWN_SHARE,
    FIGURES,
    GOOD_PER_HOUR,
    PeerModel,
    newest,
    others,
    peers_of,
)

from .worlds import asset, customer

QUARTER = 20_000


def model_of(down, errors=None, segments=None, good=None) -> PeerModel:
    count = len(down)
    levels = {name: (float("nan"),) * count for name in FIGURES} | {DOWN_SHARE: tuple(down)}
    return PeerModel(
        asset_type="Pump",
        learned_through=QUARTER,
        customers=tuple(range(1, count + 1)),
        segments=tuple(segments or ("food",) * count),
        levels=levels if good is None else levels | {GOOD_PER_HOUR: tuple(good)},
        errors={name: tuple(errors or (0.0,) * count) for name in FIGURES},
    )


def months(customer_id=1, known_h=(700.0,) * 4, down_h=(7.0, 14.0, 7.0, 14.0), **figures) -> MonthSums:
    unknown = np.full(len(known_h), np.nan)
    parts = dict.fromkeys(FIGURES, unknown) | {DOWN_SHARE: np.array(down_h)} | figures
    return MonthSums(
        customer_id=customer_id,
        segment="food",
        planned_h=np.full(len(known_h), 720.0),
        known_h=np.array(known_h),
        parts=parts,
        wholes=dict.fromkeys(FIGURES, np.array(known_h)),
    )


def test_a_level_is_the_ratio_of_sums_with_the_error_of_a_ratio():
    """Cochran 1977, eq. 6.13: residuals of 7 - 10.5 and 14 - 10.5 hours, four of them, over 2800 hours."""
    model = learn([months(n) for n in range(1, 7)], "Pump", QUARTER)
    assert model is not None
    assert model.levels[DOWN_SHARE] == pytest.approx((0.015,) * 6)
    assert model.errors[DOWN_SHARE] == pytest.approx(((4 / 3 * 4 * 3.5**2) ** 0.5 / 2800,) * 6, abs=1e-6)
    assert np.isnan(model.levels[GOOD_PER_HOUR]).all()


def test_who_is_known_for_less_than_three_months_teaches_nothing():
    short = [months(n, known_h=(700.0, 700.0, 100.0), down_h=(7.0,) * 3) for n in range(1, 7)]
    assert learn(short, "Pump", QUARTER) is None
    assert learn([months(n) for n in range(1, 6)], "Pump", QUARTER) is None, "five have but four others"


def test_levels_are_the_middle_and_the_best_of_all_others():
    level = others(model_of([0.5, 0.01, 0.02, 0.03, 0.04, 0.08]), DOWN_SHARE, customer_id=1).level
    assert level is not None
    assert (level.peers, level.median, level.best) == (5, 0.03, 0.02)
    sure = model_of([0.5, 0.01, 0.02, 0.03, 0.04, 0.08])
    assert level.best_error == pytest.approx((np.var([0.01, 0.02, 0.03], ddof=1) / 3) ** 0.5, abs=5e-4)
    assert others(sure, DOWN_SHARE, customer_id=2).level != level, "nobody is compared with itself"


def test_of_units_the_most_are_the_best():
    made = model_of([0.1] * 6, good=[1.0, 10.0, 20.0, 30.0, 40.0, 50.0])
    level = others(made, GOOD_PER_HOUR, customer_id=1).level
    assert level is not None
    assert level.best == 40.0


def test_what_luck_explains_is_not_the_best():
    """Levels that differ no more than their errors say are one level: all are drawn to their mean."""
    told = [0.02, 0.03, 0.04, 0.05, 0.06, 0.07]
    lucky = others(model_of(told, errors=[0.05] * 6), DOWN_SHARE, customer_id=99).level
    assert lucky is not None
    assert lucky.best == lucky.median == 0.045


def test_with_fewer_than_five_others_nothing_is_told():
    assert others(model_of([0.1] * 5), DOWN_SHARE, customer_id=1).missing == 1
    assert others(model_of([0.1] * 5), DOWN_SHARE, customer_id=1).level is None
    assert others(None, DOWN_SHARE, customer_id=1).missing == 5


def test_a_segment_is_not_told_where_the_rest_would_be_few():
    segments = ("food",) * 7 + ("paper",) * 2
    down = [0.01 * n for n in range(1, 10)]
    assert others(model_of(down, segments=segments), DOWN_SHARE, 1, segment="food").level is None
    assert others(model_of(down[:7], segments=segments[:7]), DOWN_SHARE, 1, segment="food").level is not None


@given(st.lists(st.floats(0.001, 0.5), min_size=5, max_size=12), st.integers(0, 11), st.floats(-0.05, 0.05))
def test_no_peer_moves_what_is_told_by_more_than_a_third_of_its_own_move(down, which, step):
    """Without errors nothing is drawn together, so the mean of three is what a peer can move at most."""
    which %= len(down)
    before = others(model_of(down), DOWN_SHARE, customer_id=99).level
    after = others(model_of([*down[:which], down[which] + step, *down[which + 1 :]]), DOWN_SHARE, 99).level
    assert before is not None
    assert after is not None
    assert abs(after.best - before.best) <= abs(step) / 3 + 0.0011


def test_only_who_lets_itself_be_compared_is_told():
    block = customer([asset(1, 1)])
    models = (model_of([0.1] * 6), replace(model_of([0.2] * 6), learned_through=QUARTER + 90))
    asked = ("Pump", DOWN_SHARE)
    assert peers_of(block, models, *asked, day=QUARTER).missing is None
    permitted = replace(block, data_use=("benchmarking",), customer_id=99)
    assert [
        None if (level := peers_of(permitted, models, *asked, day=QUARTER + later).level) is None else level.median
        for later in (-1, 0, 89, 90)
    ] == [None, 0.1, 0.1, 0.2]
    assert newest(models, "Press", QUARTER) is None

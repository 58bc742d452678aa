"""How told is scored against true, on cases small enough for the hand; and what a made-up world learns of itself."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from services.health.assessment import SignalRow
from services.health.prognostic_assessment.renewal_model import UNLEARNED, newest
from services.health.value_assessment.renewal_risk import renewal_risk
from tests.bench.value_learning import day_number, models_of
from tests.bench.value_plants import month_start
from tests.bench.value_renewals import Term
from tests.bench.value_scores import auc, auc_within, caught, due, reliability, spans_of
from tests.bench.value_told import Alert, Told
from tests.bench.value_truth import truth_of


def test_pairs_of_different_groups_are_not_compared():
    """Within the first group one pair of two is right, within the second the one; across they all would be wrong."""
    risk, came, group = [0.1, 0.3, 0.2, 0.9, 0.8], [False, False, True, True, False], [1, 1, 1, 2, 2]
    assert auc_within(risk, came, group) == pytest.approx(2 / 3)
    assert auc_within(risk, came, [1] * 5) == pytest.approx(auc(risk, came))
    assert np.isnan(auc_within([0.1, 0.2], [True, False], [1, 2]))


def test_levels_of_risk_stand_beside_what_came():
    told, came = np.array([0.9, 0.1, 0.8, 0.2]), np.array([1.0, 0.0, 0.0, 0.0])
    assert list(reliability(told, came, 2)) == [(pytest.approx(0.15), 0.0), (pytest.approx(0.85), 0.5)]


def told_of(customer: int, *, renewed: bool, trend: float) -> Told:
    """A customer whose first year's contract came due, and whose second, if there was one, a year later."""
    terms = (Term(start=0, end=12, renewed=renewed, cause=0.0),)
    terms += (Term(start=12, end=24, renewed=False, cause=0.0),) if renewed else ()
    rows = tuple(
        SignalRow(
            scope_type="contract",
            scope_id=number,
            kind="renewal_risk",
            day=month_start(month + 1).date() - timedelta(days=1),
            value=0.0,
            confidence=None,
            expected_at=None,
            expected_low=None,
            expected_high=None,
            evidence={"signs": {"trend": trend}},
        )
        for number, term in enumerate(terms, 1)
        for month in range(term.start, term.end)
    )
    truth = replace(truth_of(1, customer), terms=terms, survey=np.zeros(60))
    always = np.ones(truth.leaves)
    return Told(
        truth=truth,
        alerts=(),
        values=(),
        signals=rows,
        cumulated=(),
        updates={},
        worth=np.empty(0),
        promised_worth=np.empty(0),
        factors=(),
        uptime=always,
        stops=0 * always,
    )


def test_a_world_learns_from_those_alone_of_whom_it_was_known_then():
    """Contracts end with 2018: what became of them is known 90 days later, and learned with the quarter after that."""
    world = [told_of(customer, renewed=customer >= 6, trend=0.5 - customer / 10) for customer in range(12)]
    first, *_, last = models_of(world)
    assert date(1970, 1, 1) + timedelta(days=first.learned_through) == date(2019, 4, 1)
    assert (first.contracts, first.lost, last.contracts, last.lost) == (12, 6, 18, 12)
    cases = list(due(world, 1))
    assert [case.told for case in cases if case.year == 0] == [c.unlearned for c in cases if c.year == 0]
    second = next(case for case in cases if case.year == 1)
    signs, before = {"trend": 0.5 - 6 / 10}, day_number(date(2019, 11, 30))
    assert second.unlearned == renewal_risk(signs, UNLEARNED).value
    assert second.told == renewal_risk(signs, newest(models_of(world), before)).value != second.unlearned


@pytest.mark.parametrize(("after", "in_time"), [(0.0, 1), (6 + 2 / 24 / 31, 1), (6 + 2 / 31, 0), (7.0, 0)])
def test_two_quarters_end_with_the_morning_after_their_last_month(after, in_time):
    """Month six after the onset is judged when it is over, two hours into the next."""
    truth = replace(truth_of(1, 0), course="stagnant", onset=20, terms=())
    alert = Alert(kind="stagnation", month=20 + after, until=float("inf"))
    told = replace(told_of(0, renewed=True, trend=0.0), truth=truth, alerts=(alert,))
    assert caught([told], "stagnant", spans_of("stagnation")).caught == in_time

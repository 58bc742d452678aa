"""The risk that a contract is not renewed, on worked cases."""

from dataclasses import replace
from datetime import date, timedelta
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.assess import assess
from services.health.block import Event
from services.health.prognostic_assessment.renewal_model import PRIOR, WEIGHTS
from services.health.value_assessment.renewal_risk import doubling, renewal_risk
from tests.unit.health.worlds import START, asset, contract, customer

signs = st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.floats(-1, 1))


def test_log_odds_add_up_as_by_hand():
    """Odds of 1 to 3, promise missed by a doubling, half as many stops as a year ago: 1 - 1 natural logs."""
    assert renewal_risk({"promise": 1.0, "trend": -1.0}).value == pytest.approx(PRIOR)
    odds = 1 / 3 * exp(1.5)
    assert renewal_risk({"promise": 1.0, "alerts": 1.0}).value == pytest.approx(odds / (1 + odds))


def test_a_doubling_of_stops_is_one_and_faint_ones_do_not_count():
    assert doubling(0.05, 0.02) == pytest.approx(1.0)
    assert doubling(0.02, 0.05) == pytest.approx(-1.0)
    assert doubling(0.002, 0.001) == pytest.approx(log(0.012 / 0.011) / log(2))


@given(signs)
def test_contributions_sum_to_what_the_prior_does_not_say(known):
    risk = renewal_risk(known)
    if risk is not None:
        assert sum(risk.contributions.values()) == pytest.approx(risk.value - risk.prior, abs=1e-6)
        assert 0 < risk.value < 1


@given(signs, st.sampled_from(sorted(WEIGHTS)), st.floats(0.01, 1))
def test_a_worse_sign_never_lowers_the_risk(known, name, by):
    before, after = renewal_risk(known), renewal_risk(known | {name: known.get(name, 0.0) + by})
    assert before is None or after.value >= before.value


def test_answers_alone_say_nothing_and_weigh_half_of_what_was_measured():
    assert renewal_risk({"survey": 1.0}) is None
    assert renewal_risk({}) is None
    sour, missed = renewal_risk({"alerts": 0.0, "survey": 1.0}), renewal_risk({"alerts": 0.0, "promise": 1.0})
    assert PRIOR < sour.value < missed.value


@pytest.fixture(scope="module")
def block():
    survey = Event(
        scope_type="customer",
        scope_id=1,
        at=START + timedelta(days=200),
        kind="survey",
        attributes={"score": 10, "of": 10},
    )
    terms = contract(promised_availability=0.98, ends_on=date(2034, 1, 1))
    return customer([asset(1, 240, down_share=0.1)], contracts=(terms,), events=(survey,))


def risks(result):
    return [row for row in result.signals if row.kind == "renewal_risk"]


def test_every_contract_has_a_risk_each_month_long_before_it_is_due(block):
    found = risks(assess(None, block))
    assert len(found) >= 7
    assert {(row.scope_type, row.scope_id) for row in found} == {("contract", block.contracts[0].contract_id)}
    assert all((row.day + timedelta(days=1)).day == 1 for row in found)
    assert found[-1].evidence["contributions"]["promise"] > 0 > found[-1].evidence["contributions"]["survey"]


def test_a_kept_promise_lowers_the_risk(block):
    kept = replace(block, contracts=(replace(block.contracts[0], promised_availability=0.8),))
    assert risks(assess(None, kept))[-1].value < risks(assess(None, block))[-1].value

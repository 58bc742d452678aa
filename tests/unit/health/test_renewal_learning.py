"""What the supplier's own past teaches of renewals, by hand-drawn contracts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from services.health.assess import assess
from services.health.portfolio.contract_lives import NEAR, ended_terms
from services.health.portfolio.past_renewals import Judged, past_renewals
from services.health.prognostic_assessment.fleet_models import FleetModels
from services.health.prognostic_assessment.renewal_learning import PastRenewal, learn
from services.health.prognostic_assessment.renewal_model import PRIOR, UNLEARNED, WEIGHTS, RenewalModel, newest
from services.health.value_assessment.renewal_risk import renewal_risk
from tests.unit.health.test_contract_lives import TODAY, contract, renewal
from tests.unit.health.worlds import asset, customer
from tests.unit.health.worlds import contract as contract_of_block

LEARNED = RenewalModel(learned_through=0.0, prior=0.1, weights=dict(WEIGHTS) | {"promise": 2.0}, contracts=40, lost=6)


def past(lost, renewed, **signs):
    return [PastRenewal(signs=signs, lost=True)] * lost + [PastRenewal(signs=signs, lost=False)] * renewed


def drawn(seed, contracts, promise, base):
    """Contracts lost by a logistic law of the promise alone."""
    random = np.random.default_rng(seed)
    signs = random.uniform(-1, 1, contracts)
    risk = 1 / (1 + np.exp(-log(base / (1 - base)) - promise * signs))
    return [
        PastRenewal(signs={"promise": sign}, lost=bool(came))
        for sign, came in zip(signs.tolist(), (random.random(contracts) < risk).tolist(), strict=True)
    ]


def test_contracts_without_signs_move_the_level_alone_as_a_beta_binomial_does():
    """Beta(3, 9) and 10 lost of 50: (3 + 10) / (12 + 50)."""
    model = learn(past(10, 40), 0.0)
    assert model.prior == pytest.approx(13 / 62, abs=1e-4)
    assert dict(model.weights) == pytest.approx(dict(WEIGHTS), abs=1e-4)
    assert (model.contracts, model.lost) == (50, 10)


def test_what_is_believed_of_suppliers_is_that_nine_of_ten_lose_8_to_47_percent():
    assert beta.ppf([0.05, 0.95], 3, 9) == pytest.approx([0.08, 0.47], abs=0.005)


@given(st.integers(0, 4), st.integers(0, 60), st.booleans())
def test_a_few_past_renewals_leave_what_is_believed_as_it_is(few, many, lost):
    taught = learn(past(few, many, promise=1.0) if lost else past(many, few, promise=1.0), 0.0)
    assert taught is None
    assert newest([], 0) == UNLEARNED


@settings(max_examples=10)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.booleans()), min_size=12, max_size=40))
def test_no_past_makes_a_worse_sign_lower_a_risk(drawn):
    told = [PastRenewal(signs={"trend": a, "survey": b}, lost=c) for a, b, c in drawn] + past(5, 5)
    model = learn(told, 0.0)
    assert all(weight >= 0 for weight in model.weights.values())
    assert 0 < model.prior < 1
    assert renewal_risk({"trend": 0.5}, model).value >= renewal_risk({"trend": 0.0}, model).value


def test_five_of_each_hardly_move_and_thousands_decide():
    few, many = learn(past(5, 5, promise=0.5), 0.0), learn(drawn(1, 4000, 3.0, 0.1), 0.0)
    assert few.weights["promise"] == pytest.approx(1.0, abs=0.25)
    assert many.weights["promise"] == pytest.approx(3.0, abs=0.3)
    assert many.prior == pytest.approx(0.1, abs=0.02)


def test_the_order_in_which_contracts_were_read_changes_nothing():
    told = drawn(2, 60, 2.0, 0.3)
    assert learn(told, 0.0) == learn(told[::-1], 0.0)


def test_a_sign_that_foretells_nothing_loses_weight():
    told = drawn(3, 600, 0.0, 0.3)
    assert learn(told, 0.0).weights["promise"] < 0.4


def test_a_learned_risk_is_worked_by_hand():
    """Odds of 1 to 9 and a promise missed by half a doubling that weighs 2."""
    odds = 1 / 9 * exp(1.0)
    risk = renewal_risk({"promise": 0.5}, LEARNED)
    assert (risk.prior, risk.value) == (0.1, pytest.approx(odds / (1 + odds)))
    assert risk.contributions == {"promise": pytest.approx(risk.value - 0.1)}


A, B = contract("a", "2020-01-01", "2022-12-31"), contract("b", "2023-01-01", "2024-12-31")


@pytest.mark.parametrize(
    ("contracts", "told", "day", "expected"),
    [
        ([A], [], date(2023, 4, 1), [("a", False)]),
        ([A, B], [], date(2023, 4, 1), [("a", True)]),
        ([A, B], [], date(2023, 3, 31), []),  # whoever stays is not known before whoever goes
        ([A], [renewal("2022-12-01", "renewed")], date(2023, 4, 1), [("a", True)]),
        ([A, B], [renewal("2022-12-01", "not_renewed", contract="a")], date(2023, 4, 1), [("a", False)]),
        ([A], [renewal("2023-04-01", "renewed")], date(2023, 4, 1), [("a", False)]),
        ([A, replace(B, signed_on=date(2023, 5, 1))], [], date(2023, 4, 1), [("a", False)]),
        ([A, replace(B, valid_from=date(2023, 5, 1))], [], date(2023, 4, 1), [("a", False)]),
        ([contract("a", "2020-01-01", None)], [], TODAY, []),
        ([A, replace(A, valid_from=date(2022, 6, 1), ends_on=date(2026, 12, 31))], [], TODAY, [("a", True)]),
        ([A, replace(A, valid_from=date(2022, 6, 1), ends_on=None)], [], TODAY, [("a", True)]),
        ([A, B], [], date(2025, 4, 1), [("a", True), ("b", False)]),
    ],
)
def test_a_term_is_known_90_days_after_its_end_by_what_was_said_until_then(contracts, told, day, expected):
    assert [(term.contract, term.renewed) for term in ended_terms(contracts, told, day)] == expected


def judged(day, contract="a", **signs):
    return Judged(customer_id=1, contract=contract, day=date.fromisoformat(day), signs=signs)


def test_a_term_teaches_with_the_signs_of_a_month_before_its_end():
    rows = [judged(day, trend=trend) for day, trend in (("2022-10-31", 0.1), ("2022-11-30", 0.2), ("2022-12-31", 0.9))]
    assert past_renewals([A], [], rows, TODAY) == [PastRenewal(signs={"trend": 0.2}, lost=True)]
    assert past_renewals([A], [], rows[2:], TODAY) == []
    assert past_renewals([A], [], [judged("2022-09-30", trend=0.1)], TODAY) == []
    assert past_renewals([A], [], [judged("2022-11-30", "b", trend=0.1)], TODAY) == []


starts = st.dates(date(2018, 1, 1), date(2023, 1, 1))


@settings(max_examples=50)
@given(st.lists(st.tuples(starts, st.integers(100, 800), st.booleans()), max_size=8), starts)
def test_nothing_that_came_later_is_looked_at(drawn, day):
    contracts, told = [], []
    for number, (first, days, gone) in enumerate(drawn):
        ends = first + timedelta(days=days)
        contracts.append(contract(str(number), first.isoformat(), ends.isoformat(), valid_from=first))
        if gone:
            told.append(renewal(ends.isoformat(), "not_renewed", contract=str(number)))
    known_then = [c for c in contracts if c.valid_from <= day]
    said_then = [event for event in told if event.at < datetime.combine(day, datetime.min.time(), UTC)]
    assert ended_terms(contracts, told, day) == ended_terms(known_then, said_then, day)
    assert all(term.ended_on + NEAR < day for term in ended_terms(contracts, told, day))


def test_the_newest_model_of_its_day_judges_a_contract_and_says_from_how_many():
    block = customer(
        [asset(1, 240, down_share=0.1)],
        contracts=(contract_of_block(promised_availability=0.98, ends_on=date(2034, 1, 1)),),
    )
    plain = assess(None, block)
    from_day = block.first_day + 205
    models = FleetModels(renewals=(replace(LEARNED, learned_through=float(from_day)),))
    taught = assess(None, block, models=models)

    def risks(result):
        return [row for row in result.signals if row.kind == "renewal_risk"]

    assert len(risks(plain)) == len(risks(taught))
    for before, after in zip(risks(plain), risks(taught), strict=True):
        known = (after.day - date(1970, 1, 1)).days >= from_day
        signs = after.evidence["signs"]
        assert signs == before.evidence["signs"]
        assert after.evidence["learned_from"] == (40 if known else 0)
        assert after.value == renewal_risk(signs, LEARNED if known else UNLEARNED).value
    assert {row.evidence["learned_from"] for row in risks(taught)} == {0, 40}
    assert risks(plain)[0].evidence["prior"] == PRIOR

"""What the supplier's own past teaches of renewals, by hand-drawn contracts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import exp, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.assess import assess
from services.health.portfolio.contract_lives import NEAR, ended_terms
from services.health.portfolio.past_renewals import Judged, past_renewals
from services.health.prognostic_assessment.fleet_models import FleetModels
from services.health.prognostic_assessment.renewal_learning import PastRenewal, learn
from services.health.prognostic_assessment.renewal_model import PRIOR, UNLEARNED, RenewalModel, newest
from services.health.value_assessment.renewal_risk import renewal_risk
from tests.unit.health.test_contract_lives import TODAY, contract, renewal
from tests.unit.health.worlds import asset, customer
from tests.unit.health.worlds import contract as contract_of_block

LEARNED = RenewalModel(learned_through=0.0, prior=0.1, contracts=40, lost=6)


def past(lost, renewed, **signs):
    return [PastRenewal(signs=signs, lost=True)] * lost + [PastRenewal(signs=signs, lost=False)] * renewed


def wilson(lost, contracts, side):
    """An end of Wilson's 95 % interval of a share: (p + z^2/2n +- z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n)."""
    share, z, n = lost / contracts, 1.96, contracts
    half = z * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return (share + z**2 / (2 * n) + side * half) / (1 + z**2 / n)


@pytest.mark.parametrize(
    ("lost", "renewed", "prior"),
    [
        (0, 10, PRIOR),  # nobody of ten is lost in 6 of 100 suppliers that lose a quarter
        (10, 40, PRIOR),
        (0, 100, wilson(0, 100, +1)),
        (2, 48, 0.1346),
        (10, 190, wilson(10, 200, +1)),
        (25, 25, wilson(25, 50, -1)),
        (100, 0, wilson(100, 100, -1)),
    ],
)
def test_the_level_goes_to_the_nearest_end_of_wilsons_interval_once_the_past_contradicts(lost, renewed, prior):
    model = learn(past(lost, renewed), 0.0)
    assert model.prior == pytest.approx(prior, abs=1e-4)
    assert (model.contracts, model.lost) == (lost + renewed, lost)


def test_what_the_signs_account_for_does_not_move_the_level():
    """With a sign of one natural log a quarter becomes 1 / (1 + 3 / e) = 0.475: 48 of 100 are as many as expected."""
    assert learn(past(48, 52, trend=1.0), 0.0).prior == PRIOR
    assert learn(past(48, 52), 0.0).prior > PRIOR
    assert learn(past(25, 75, trend=1.0), 0.0).prior < PRIOR


def test_a_supplier_that_loses_one_of_twenty_is_told_so_in_the_end():
    told = [learn(past(lost, 19 * lost), 0.0).prior for lost in (1, 5, 50, 500)]
    assert told == sorted(told, reverse=True)
    assert told[-1] == pytest.approx(0.05, abs=0.005)


def test_a_risk_that_was_learned_always_has_odds():
    model = learn(past(0, 800, trend=0.9, gain=0.9), 0.0)
    assert 0 < model.prior < 0.001
    assert 0 < renewal_risk({"trend": 0.9}, model).value < 0.01


def test_without_a_past_there_is_no_model():
    assert learn([], 0.0) is None
    assert newest([], 0) == UNLEARNED


signs = st.floats(-1, 1)


@settings(max_examples=50)
@given(st.lists(st.tuples(signs, st.booleans()), min_size=1, max_size=40), signs, signs)
def test_learning_never_changes_which_of_two_contracts_has_the_higher_risk(drawn, one, other):
    model = learn([PastRenewal(signs={"trend": sign}, lost=lost) for sign, lost in drawn], 0.0)
    believed, learned = ([renewal_risk({"trend": s}, m).value for s in (one, other)] for m in (UNLEARNED, model))
    assert 0 < model.prior < 1
    assert (learned[0] - learned[1]) * (believed[0] - believed[1]) >= 0


@settings(max_examples=50)
@given(st.lists(st.tuples(signs, st.booleans()), min_size=1, max_size=40), signs)
def test_one_more_that_was_lost_never_leaves_a_lower_level_than_one_that_was_renewed(drawn, sign):
    told = [PastRenewal(signs={"trend": s}, lost=lost) for s, lost in drawn]
    more, less = (learn([*told, PastRenewal(signs={"trend": sign}, lost=lost)], 0.0).prior for lost in (True, False))
    assert less <= more


def test_the_order_in_which_contracts_were_read_changes_nothing():
    told = past(30, 20, promise=0.1, survey=0.7) + past(9, 1, trend=0.3)
    assert learn(told, 0.0) == learn(told[::-1], 0.0)


def test_a_learned_risk_is_worked_by_hand():
    """Odds of 1 to 9 and a promise missed by half a doubling."""
    odds = 1 / 9 * exp(0.5)
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

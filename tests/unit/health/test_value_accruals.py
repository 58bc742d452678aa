"""Fees, maintenance and promises of a month, on worked records. What nobody said stays unknown and says why."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.block import Event
from services.health.value_assessment.accruals import (
    Amount,
    MonthOf,
    Place,
    fees,
    maintenance,
    month_of,
    net_of,
    promised,
    work_orders,
)
from tests.unit.health.worlds import ENTITLEMENT, asset, contract, customer

PLACES = [
    Place(asset_id=n, site_id=1, line_id=1, business=name) for n, name in enumerate(("milk", "milk", "cheese", "milk"))
]
APRIL = MonthOf(number=2022 * 12 + 3, until=date(2022, 5, 1), places=PLACES)
BLOCK = customer([asset(1, 2)])


def work_order(day, scope=("customer", 7), **attributes):
    at = datetime(2022, 4, day, tzinfo=UTC)
    return Event(scope_type=scope[0], scope_id=scope[1], at=at, kind="work_order", attributes=attributes)


def told(block, month=APRIL, business="milk"):
    return maintenance(work_orders(block), month, business)


def test_fees_are_a_twelfth_of_contracts_and_entitlements_by_machines():
    """120 000 a year and 9 000 for a capability: 10 750 in April, of which three of four machines are milk's."""
    block = replace(BLOCK, entitlements=(ENTITLEMENT,))
    assert fees(block, APRIL, "milk") == Amount(amount=pytest.approx(10_750 * 3 / 4), currency="EUR")
    own = replace(block, entitlements=(replace(ENTITLEMENT, asset_id=2),))
    assert fees(own, APRIL, "cheese").amount == pytest.approx(10_000 / 4 + 750)
    assert fees(own, APRIL, "milk").amount == pytest.approx(7_500)


def test_fees_run_up_by_the_day_and_follow_an_amendment():
    """Ten days at 120 000 a year and five at 240 000, of April's thirty."""
    half = replace(APRIL, until=date(2022, 4, 16))
    amended = contract(valid_from=date(2022, 4, 11), annual_value=240_000.0)
    block = replace(BLOCK, contracts=(contract(), amended))
    assert fees(block, half, "cheese").amount == pytest.approx((10_000 * 10 / 30 + 20_000 * 5 / 30) / 4)


def test_of_the_day_under_way_runs_up_what_is_over():
    """By six on 16 April, 15.25 days at 120 000 a year, and 5.25 at 9 000 of what was bought on the 11th."""
    terms = (contract(promised_annual_value=24_000.0),)
    bought = (replace(ENTITLEMENT, starts_on=date(2022, 4, 11)),)
    end = datetime(2022, 4, 16, 6, tzinfo=UTC)
    block = replace(BLOCK, contracts=terms, entitlements=bought, end=end)
    april = month_of(APRIL.number, block, PLACES)
    assert fees(block, april, "cheese").amount == pytest.approx((10_000 * 15.25 + 750 * 5.25) / 30 / 4)
    assert promised(block, april, "cheese").amount == pytest.approx(2_000 * 15.25 / 30 / 4)
    assert month_of(APRIL.number - 1, block, PLACES).to_come == 0


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"contracts": ()}, "no contract is in force"),
        ({"contracts": (contract(ends_on=date(2022, 3, 31)),)}, "no contract is in force"),
        ({"contracts": (contract(annual_value=None),)}, "a fee is not known"),
        ({"entitlements": (replace(ENTITLEMENT, annual_fee=None),)}, "a fee is not known"),
        ({"entitlements": (replace(ENTITLEMENT, currency="USD"),)}, "fees are in several currencies"),
    ],
)
def test_a_fee_that_nobody_knows_is_none_and_says_why(terms, why):
    assert fees(replace(BLOCK, **terms), APRIL, "milk") == Amount(amount=None, currency=None, unknown=why)


def test_maintenance_is_what_the_customer_paid_of_its_machines():
    """900 for a milk machine, written as text, 400 for all four, and 5 000 that we paid."""
    ours = work_order(5, cost=5000, currency="EUR", paid_by="supplier")
    own = work_order(3, ("asset", 0), cost="900", currency="EUR", paid_by="customer")
    shared = work_order(20, ("site", 1), cost=400, currency="EUR", paid_by="customer")
    block = replace(BLOCK, events=(own, ours, shared))
    assert told(block).amount == pytest.approx(900 + 300)
    assert told(block, business="cheese").amount == pytest.approx(100)
    may = MonthOf(number=APRIL.number + 1, until=date(2022, 6, 1), places=PLACES)
    assert told(block, may) == Amount(amount=0.0, currency=None)


@pytest.mark.parametrize(
    ("orders", "why"),
    [
        ((), "no work order says yet who paid"),
        ((work_order(3),), "no work order says yet who paid"),
        (
            (work_order(3), work_order(4, cost=1, currency="EUR", paid_by="customer")),
            "a work order does not say what it cost the customer",
        ),
        ((work_order(3, paid_by="customer"),), "a work order does not say what it cost the customer"),
        (
            tuple(work_order(3, cost=1, currency=c, paid_by="customer") for c in ("EUR", "USD")),
            "work orders are in several currencies",
        ),
    ],
)
def test_maintenance_that_nobody_knows_is_none_and_says_why(orders, why):
    assert told(replace(BLOCK, events=orders)) == Amount(amount=None, currency=None, unknown=why)


def test_a_promise_runs_up_like_a_fee_and_is_none_without_one():
    block = replace(BLOCK, contracts=(contract(promised_annual_value=24_000.0),))
    assert promised(block, APRIL, "milk") == Amount(amount=pytest.approx(1_500), currency="EUR")
    assert promised(BLOCK, APRIL, "milk").amount is None


AMOUNTS = st.builds(
    Amount,
    amount=st.none() | st.floats(-1e6, 1e6),
    currency=st.sampled_from(["EUR", "USD"]),
    unknown=st.just("nobody said"),
)


@given(st.none() | st.floats(-1e6, 1e6), st.sampled_from(["EUR", "USD"]), AMOUNTS, AMOUNTS)
def test_the_net_is_known_only_where_all_is_and_in_one_currency(gross, currency, fee, upkeep):
    net, why = net_of(gross, currency, fee, upkeep)
    known = gross is not None and all(
        each.amount is not None and (each.amount == 0 or each.currency == currency) for each in (fee, upkeep)
    )
    assert (net is not None) == known == (why is None)
    if known:
        assert net == pytest.approx(gross - fee.amount - upkeep.amount)

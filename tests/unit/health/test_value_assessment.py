"""Value realized, on worked months. One avoided hour is counted once; what is unknown is None, never zero."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.assess import assess
from services.health.block import Event, Line
from services.health.health_assessment.daily_history import history
from services.health.state_detection.times import APT, CUSTOMER_DOWN, FIELDS, GOOD, PBT, STOPPED, UNKNOWN_S
from services.health.value_assessment.counterfactuals import Counterfactual, acceptance_window
from services.health.value_assessment.value_realized import Days, gains_of
from tests.unit.health.worlds import ECONOMICS, START, asset, contract, customer, part

BEFORE = Counterfactual(name="acceptance_window", through_day=99, down_share=0.10, good_per_hour=90.0, known_h=600.0)


def gained(against=BEFORE, *, down=40.0, known=600.0, good=55_000.0, economics=ECONOMICS):
    """Hours, units and money of one machine in 25 days of 24 hours after its acceptance window."""
    found = gains_of(month(known=known, down=down, good=good), 100, [against], [economics])
    return found.hours[0], found.units[0], found.money[0]


def month(**totals):
    """25 equal days of one machine."""
    spread = {name: np.full((1, 25), total / 25) for name, total in totals.items()}
    return Days(planned=spread["known"], wanted=spread["known"], **spread)


def days(*rows):
    """Daily history of (hours planned, hours unknown, hours down, good units)."""
    table = np.zeros((len(rows), len(FIELDS)))
    for i, (planned, unknown, down, good) in enumerate(rows):
        ran = planned - unknown - down
        table[i, [PBT, UNKNOWN_S, STOPPED, APT]] = np.array([planned, unknown, down, ran]) * 3600
        table[i, GOOD] = good
    return history(b"", table, 100)


def test_a_worked_month():
    """600 known hours, 40 down instead of 60; 55 000 good units instead of 54 000; 0.20 a unit and 500 an hour.

    An avoided hour runs, and makes 90 / 0.9 = 100 units: 1000 units x 0.20 + 20 h x (500 - 0.20 x 100) = 200 + 9600.
    """
    assert gained() == pytest.approx((20, 1000, 9800))


@given(st.floats(0, 60), st.floats(0.01, 2), st.floats(200, 2000))
def test_an_avoided_hour_and_the_units_made_in_it_are_counted_once(hours, margin, cost):
    economics = replace(ECONOMICS, margin_per_good_unit=margin, downtime_cost_per_hour=cost)
    running = 100  # a machine that stands a tenth of the time and makes 90 in a known hour
    money = gained(down=60 - hours, good=90 * 600 + running * hours, economics=economics)[2]
    assert money == pytest.approx(max(hours * cost, hours * running * margin), abs=1e-6)


@pytest.mark.parametrize(
    ("margin", "cost", "money"), [(None, 500, 20 * 500), (0.2, None, 1000 * 0.2), (None, None, np.nan)]
)
def test_what_nobody_said_is_left_out_or_unknown(margin, cost, money):
    economics = replace(ECONOMICS, margin_per_good_unit=margin, downtime_cost_per_hour=cost)
    assert gained(economics=economics)[2] == pytest.approx(money, nan_ok=True)


def test_without_counts_an_hour_costs_what_an_hour_costs():
    assert gained(good=np.nan) == pytest.approx((20, np.nan, 20 * 500), nan_ok=True)


def test_days_that_nobody_counted_have_no_part_in_units():
    """Ten of 25 days were not counted: 33 000 units in 360 hours are 600 more than 90 an hour. 8 of the 20 avoided
    hours are of those ten days: the 100 units that each made are worth 0.20 each, though nobody counted them."""
    partly = month(known=600.0, down=40.0, good=55_000.0)
    partly.good[0, :10] = np.nan
    found = gains_of(partly, 100, [BEFORE], [ECONOMICS])
    assert found.units[0] == pytest.approx(33_000 - 90 * 360)
    assert found.money[0] == pytest.approx(600 * 0.2 + 20 * (500 - 0.2 * 100) + 8 * 100 * 0.2)
    margin_alone = [replace(ECONOMICS, downtime_cost_per_hour=None)]
    assert gains_of(partly, 100, [BEFORE], margin_alone).money[0] == pytest.approx((600 + 8 * 100) * 0.2)


def test_the_acceptance_window_is_the_first_four_weeks_with_enough_coverage():
    bad = [(24, 24, 0, np.nan)] * 7
    good = [(24, 0, 2.4, 2000.0)] * 30
    found = acceptance_window(days(*bad, *good), 100, 36)
    assert found.through_day == 100 + 7 + 21 + 1
    assert found.down_share == pytest.approx(0.1)
    assert found.known_h == 23 * 24
    assert found.good_per_hour == pytest.approx(2000 / 24)


@pytest.mark.parametrize("told_as_stop", [True, False])
def test_hours_without_orders_are_nobodys_downtime(told_as_stop):
    """Of 24 h a day the customer had no order for 8, and 1.6 h stood still: a tenth of 16, and 125 units an hour.

    Whether the machine says that it is held for want of work, or is simply idle.
    """
    own = days(*[(24, 0, 9.6 if told_as_stop else 1.6, 2000.0)] * 28)
    own.table[:, CUSTOMER_DOWN] = 8 * 3600 if told_as_stop else 0
    own.table[:, APT] = 14.4 * 3600
    found = acceptance_window(own, 100, 27)
    assert (found.down_share, found.good_per_hour, found.known_h) == pytest.approx((0.1, 125.0, 16 * 28))


def test_there_is_no_acceptance_window_before_four_weeks_or_without_data():
    assert acceptance_window(days(*[(24, 0, 2, 1.0)] * 27), 100, 26) is None
    assert acceptance_window(days(*[(24, 12, 2, 1.0)] * 60), 100, 59) is None
    assert acceptance_window(days(*[(24, 0, 2, 1.0)] * 60), 100, 26) is None


def worsening(**terms):
    shares = np.concatenate([np.full(28, 0.10), np.full(62, 0.05)])
    return customer([asset(i, 90, down_share=shares) for i in (1, 2)], **terms)


def rows(block):
    return {row.month.month: row for row in assess(None, block).values}


def test_gains_count_after_the_acceptance_window_and_name_it():
    told = rows(worsening(economics=(ECONOMICS,)))
    assert told[1].counterfactual == "acceptance_window"
    assert told[2].hours_avoided == pytest.approx(2 * 28 * 24 * 0.05, rel=0.25)
    assert told[1].hours_avoided < 10
    assert told[2].money_low < told[2].money < told[2].money_high
    assert (told[2].rung, told[2].basis, told[2].currency) == ("money_assumed", "assumed", "EUR")


def test_money_that_the_customer_agreed_to_stands_on_the_highest_rung():
    told = rows(worsening(economics=(replace(ECONOMICS, basis="agreed"),)))
    assert (told[2].rung, told[2].basis) == ("money_agreed", "agreed")


def test_a_contract_value_is_a_rung_above_hours():
    assert rows(worsening())[2].rung == "contract_value"
    assert rows(worsening(contracts=()))[2].rung == "hours"
    assert rows(worsening())[2].money is None


def test_a_promise_is_told_by_month_and_never_in_another_currency():
    promise = contract(promised_annual_value=12_000.0)
    assert rows(worsening(economics=(ECONOMICS,), contracts=(promise,)))[2].promised_money == pytest.approx(1000)
    dollars = replace(promise, currency="USD")
    assert rows(worsening(economics=(ECONOMICS,), contracts=(dollars,)))[2].promised_money is None


def test_the_counterfactual_of_the_business_case_takes_its_place_from_its_month_on():
    declared = Event(scope_type="customer", scope_id=7, at=START, kind="baseline", attributes={"availability": "0.8"})
    told = rows(worsening(events=(declared,)))
    assert told[2].counterfactual == "declared"
    assert told[2].hours_avoided == pytest.approx(2 * 28 * 24 * 0.15, rel=0.1)


def test_currencies_of_two_sites_are_never_added():
    other = replace(ECONOMICS, site_id=2, currency="USD")
    block = worsening(economics=(ECONOMICS, other))
    elsewhere = replace(block.sites[0], site_id=2)
    moved = replace(block.assets[1], site_id=2)
    block = replace(block, sites=(block.sites[0], elsewhere), assets=(block.assets[0], moved))
    assert rows(block)[2].money is None
    assert rows(block)[2].hours_avoided is not None
    assert rows(block)[2].month == date(2022, 2, 1)


def come_and_gone():
    """Two machines in 2022: one leaves on 15 March, and one of another line of business comes on that day."""
    shares = np.concatenate([np.full(28, 0.10), np.full(92, 0.05)])
    moved = START.timestamp() + 71 * 86_400
    leaves, comes = asset(2, 120, down_share=shares), asset(3, 120)
    heard = comes.states.at >= moved
    states = tuple(state for state, told in zip(comes.states.state, heard, strict=True) if told)
    before = np.arange(120 * 24) < 71 * 24
    return customer(
        [
            asset(1, 120, down_share=shares),
            replace(leaves, here=((-np.inf, moved),)),
            replace(
                comes,
                line_id=2,
                here=((moved, np.inf),),
                mean=np.where(before, np.nan, comes.mean),
                covered_s=np.where(before, 0.0, comes.covered_s),
                increase=np.where(before, np.nan, comes.increase),
                states=replace(comes.states, at=comes.states.at[heard], state=states),
            ),
        ],
        economics=tuple(replace(ECONOMICS, line_of_business=name) for name in ("snacks", "drinks")),
        lines=tuple(
            Line(line_id=i, site_id=1, name=name, line_of_business=name) for i, name in ((1, "snacks"), (2, "drinks"))
        ),
        contracts=(contract(promised_annual_value=12_000.0),),
    )


def test_who_comes_or_goes_within_a_month_counts_for_its_days_wherever_history_is_cut():
    block = come_and_gone()
    whole = assess(None, block)
    first = part(block, 0, 71 * 24)
    first = assess(None, replace(first, assets=first.assets[:2]))
    second, third = part(block, 71 * 24, 75 * 24), part(block, 75 * 24, 120 * 24)
    second = assess(first.state, replace(second, assets=(second.assets[0], second.assets[2])))
    third = assess(second.state, replace(third, assets=(third.assets[0], third.assets[2])))
    cut = [row for row in first.values if row.month.month < 3] + [*third.values]
    assert [vars(row) for row in cut] == [pytest.approx(vars(row), nan_ok=True) for row in whole.values]
    assert third.state.value.businesses == whole.state.value.businesses


def test_fees_of_a_month_are_shared_by_the_lines_that_were_there():
    told = {(row.month.month, row.line_of_business): row.fees for row in assess(None, come_and_gone()).values}
    assert told[2, "snacks"] == pytest.approx(120_000 / 12)
    assert (2, "drinks") not in told
    assert told[3, "snacks"] + told[3, "drinks"] == pytest.approx(120_000 / 12)

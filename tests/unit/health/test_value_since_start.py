"""Value by line of business, since the start and ahead, on worked machines that need no engine."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.block import Event
from services.health.health_assessment.daily_history import DailyHistory, day_number
from services.health.prognostic_assessment.peer_levels import ASKED_SHARE, DOWN_SHARE, GOOD_PER_HOUR, PeerModel
from services.health.state_detection.times import APT, FIELDS, GOOD, PBT, STOPPED, UNKNOWN_S
from services.health.value_assessment.accruals import MonthOf, Place, work_orders
from services.health.value_assessment.counterfactuals import Counterfactual, counterfactual_of, declared, of_peers
from services.health.value_assessment.cumulated import ALL, cumulated_row, since_start, together
from services.health.value_assessment.outlook import course, outlook_rows
from services.health.value_assessment.tallies import BusinessTally
from services.health.value_assessment.value_months import business_month
from services.health.value_assessment.value_realized import Machine
from shared.months import month_number, month_start
from tests.unit.health.worlds import ECONOMICS, asset, contract, customer

FIRST = month_number(date(2022, 1, 1))
BLOCK = customer([asset(1, 2)], economics=(ECONOMICS,))


def machine(asset_id, down_h, *, business="snacks", site=1, months=6, good=2000.0, known_h=672.0):
    """A machine that stands down_h hours a day from 2022 on, after 28 days before with 2.4 h a day, 83.3 units an hour.

    down_h: a number, or of each day.
    """
    days = day_number(month_start(FIRST + months)) - day_number(month_start(FIRST))
    table = np.zeros((days, len(FIELDS)))
    table[:, PBT], table[:, STOPPED], table[:, GOOD] = 86400, np.multiply(down_h, 3600), good
    table[:, APT] = 86400 - table[:, STOPPED]
    first = day_number(month_start(FIRST))
    before = Counterfactual(
        name="acceptance_window", through_day=first - 1, down_share=0.1, good_per_hour=2000 / 24, known_h=known_h
    )
    place = Place(asset_id=asset_id, site_id=site, line_id=1, business=business)
    return Machine(place=place, days=DailyHistory(first_day=first, kept=0, table=table), against=before)


def lived(machines, months=6, block=BLOCK):
    """Rows by month and business, and the tally of each business."""
    places, rows, tallies = [m.place for m in machines], {}, {}
    for number in range(FIRST, FIRST + months):
        month = MonthOf(number=number, until=month_start(number + 1), places=places)
        for business in sorted({place.business for place in places}):
            own = [m for m in machines if m.place.business == business]
            before = tallies.get(business, BusinessTally())
            found = business_month(block, business, own, month, work_orders(block), before)
            if found is not None:
                rows[number - FIRST, business], tallies[business] = found.row, found.tally
    return rows, tallies


def summed(tallies, months=6):
    """The row of each business since the start, and of all."""
    since = {business: since_start(tally) for business, tally in tallies.items()}
    rows = {business: cumulated_row(business, FIRST + months - 1, each) for business, each in since.items()}
    return rows | {ALL: cumulated_row(ALL, FIRST + months - 1, together(list(since.values())))}


def test_a_worked_month_is_told_gross_and_net_with_who_says_so():
    """January: 744 h, 1 h down a day, not 2.4: 43.4 h, worth 500 - 0.2 x 83.3 / 0.9 each; fees 10 000, work 900."""
    order = {"cost": 900, "currency": "EUR", "paid_by": "customer"}
    block = replace(
        BLOCK,
        economics=(replace(ECONOMICS, author="plant controller", valid_from=date(2021, 5, 1), basis="agreed"),),
        events=(
            Event(
                scope_type="asset",
                scope_id=1,
                at=datetime(2022, 1, 9, tzinfo=UTC),
                kind="work_order",
                attributes=dict(order),
            ),
        ),
        contracts=(contract(starts_on=date(2021, 1, 1), promised_annual_value=60_000.0),),
    )
    row = lived([machine(1, 1.0)], 1, block)[0][0, "snacks"]
    gross = 43.4 * (500 - 0.2 * 2000 / 24 / 0.9)
    assert (row.hours_avoided, row.good_units_gained, row.money) == pytest.approx((43.4, 0, gross))
    assert (row.fees, row.maintenance, row.net) == pytest.approx((10_000, 900, gross - 10_900))
    assert (row.net_high - row.net_low) == pytest.approx(row.money_high - row.money_low)
    assert (row.rung, row.basis, row.author, row.said_on) == (
        "money_agreed",
        "agreed",
        "plant controller",
        date(2021, 5, 1),
    )
    assert (row.promised_money, row.net_unknown, row.counterfactual) == (5_000, None, "acceptance_window")


def test_a_machine_that_stands_ready_without_orders_loses_no_units():
    """Idle half of the day, it is down 1.2 h of 12 as before and makes 83.3 units in each of these hours as before."""
    idle = machine(1, 1.2, good=1000.0)
    idle.days.table[:, APT] = 10.8 * 3600
    row = lived([idle], 1)[0][0, "snacks"]
    assert (row.hours_avoided, row.good_units_gained) == pytest.approx((0, 0), abs=1e-6)


def test_an_unknown_fee_hides_the_net_and_not_the_gross():
    block = replace(BLOCK, contracts=())
    row = lived([machine(1, 1.0)], 1, block)[0][0, "snacks"]
    assert row.money > 0
    assert (row.net, row.net_low, row.net_unknown, row.fees) == (None, None, "no contract is in force", None)


def test_without_economics_hours_and_contract_value_are_told_and_no_money():
    for contracts, rung in (((), "hours"), ((contract(starts_on=date(2021, 1, 1)),), "contract_value")):
        rows, tallies = lived([machine(1, 1.0)], 6, replace(BLOCK, economics=(), contracts=contracts))
        row, total = rows[5, "snacks"], summed(tallies)[ALL]
        assert (row.rung, total.rung, row.money, total.money, total.ratio) == (rung, rung, None, None, None)
        assert total.hours_avoided == pytest.approx(1.4 * 181)
        assert total.money_unknown == "nobody said what an hour or a unit is worth"
        assert (total.months, total.money_months) == (6, 0)


def test_it_says_of_how_many_months_the_money_is():
    """Of one line of business nothing is known in February; the other one began in April."""
    milk, cheese = machine(1, 1.0, business="milk"), machine(2, 1.0, business="cheese")
    milk.days.table[31:59] = 0.0
    milk.days.table[31:59, [PBT, UNKNOWN_S]] = 86400
    cheese.days.table[:90] = 0.0
    prices = tuple(replace(ECONOMICS, line_of_business=name) for name in ("milk", "cheese"))
    total = summed(lived([milk, cheese], 6, replace(BLOCK, economics=prices))[1])
    told = {name: (row.months, row.money_months) for name, row in total.items()}
    assert told == {"milk": (6, 5), "cheese": (3, 3), ALL: (6, 5)}


@given(st.lists(st.tuples(st.sampled_from(["milk", "cheese", "butter"]), st.floats(0, 6)), min_size=1, max_size=6))
@settings(max_examples=7, deadline=None)
def test_value_adds_up_over_months_machines_and_lines_of_business(given_machines):
    prices = tuple(replace(ECONOMICS, line_of_business=name) for name in ("milk", "cheese", "butter"))
    machines = [machine(n, down, business=name, months=3) for n, (name, down) in enumerate(given_machines)]
    rows, tallies = lived(machines, 3, replace(BLOCK, economics=prices))
    total = summed(tallies, 3)[ALL]
    for of_row, of_total in (("hours_avoided", "hours_avoided"), ("money", "money"), ("fees", None)):
        added = sum(getattr(row, of_row) for row in rows.values())
        alone = [lived([replace(m, place=replace(m.place))], 3, replace(BLOCK, economics=prices))[0] for m in machines]
        if of_total is None:
            assert added == pytest.approx(2 * 10_000 + 10_000 * 29 / 31)
        else:
            assert added == pytest.approx(getattr(total, of_total))
            assert added == pytest.approx(sum(getattr(row, of_row) for one in alone for row in one.values()))
    assert total.money_low < total.money < total.money_high or total.money_low == total.money_high


def test_currencies_are_never_added_and_one_unknown_business_leaves_the_total_unknown():
    machines = [machine(1, 1.0, business="milk"), machine(2, 1.0, business="cheese")]
    milk = replace(ECONOMICS, line_of_business="milk")
    dollars = replace(ECONOMICS, line_of_business="cheese", currency="USD")
    total = summed(lived(machines, 6, replace(BLOCK, economics=(milk, dollars)))[1])
    assert (total["milk"].currency, total["cheese"].currency, total[ALL].currency) == ("EUR", "USD", None)
    assert (total[ALL].money, total[ALL].money_unknown) == (None, "lines of business count in several currencies")
    total = summed(lived(machines, 6, replace(BLOCK, economics=(milk,)))[1])
    assert total["milk"].money > 0
    assert (total[ALL].money, total[ALL].hours_avoided) == (None, pytest.approx(2 * 1.4 * 181))
    later = replace(milk, valid_from=date(2022, 4, 1), currency="USD")
    total = summed(lived(machines[:1], 6, replace(BLOCK, economics=(milk, later)))[1])
    assert (total["milk"].money, total["milk"].money_unknown) == (None, "economics changed their currency")


def uneven(seed, months=6):
    """Hours down a day that chance makes uneven, 1.5 on average."""
    days = day_number(month_start(FIRST + months)) - day_number(month_start(FIRST))
    return np.random.default_rng(seed).gamma(0.5, 3.0, days)


def test_the_error_of_the_baseline_is_common_to_all_months():
    """Against a baseline that is sure, months err independently; that of one of 28 days is six times its month's."""
    together_over_apart = {}
    for known_h in (672.0, np.inf):
        rows, tallies = lived([machine(1, uneven(3), known_h=known_h)])
        total = summed(tallies)["snacks"]
        apart = np.sqrt(sum((row.hours_high - row.hours_low) ** 2 for row in rows.values()))
        together_over_apart[known_h] = (total.hours_high - total.hours_low) / apart
    assert together_over_apart[np.inf] == pytest.approx(1, rel=0.1)
    assert together_over_apart[672.0] > 1.5


def test_realized_over_promised_is_of_the_net_where_that_is_known_else_of_the_gross():
    terms = contract(starts_on=date(2021, 1, 1), promised_annual_value=60_000.0)
    gross = summed(lived([machine(1, 1.0)], 6, replace(BLOCK, contracts=(terms,)))[1])["snacks"]
    assert (gross.ratio_of, gross.promised_money) == ("gross", pytest.approx(30_000))
    assert gross.ratio == pytest.approx(gross.money / 30_000)
    free = Event(
        scope_type="customer",
        scope_id=7,
        at=datetime(2022, 1, 1, tzinfo=UTC),
        kind="work_order",
        attributes={"paid_by": "supplier"},
    )
    block = replace(BLOCK, contracts=(terms,), events=(free,))
    net = summed(lived([machine(1, 1.0)], 6, block)[1])["snacks"]
    assert (net.ratio_of, net.ratio) == ("net", pytest.approx((net.money - 60_000) / 30_000))
    assert net.ratio_high - net.ratio_low == pytest.approx((net.money_high - net.money_low) / 30_000)


def test_a_business_case_takes_its_place_from_the_next_month_on_and_of_one_machine_alone_if_it_says_so():
    def case(at, availability, scope=("customer", 7), **more):
        return Event(
            scope_type=scope[0],
            scope_id=scope[1],
            at=datetime(*at, tzinfo=UTC),
            kind="baseline",
            attributes={"availability": availability, **more},
        )

    events = (case((2022, 3, 10), 0.8, good_per_hour=70), case((2022, 5, 1), 0.7, ("asset", 2)))
    said = declared(replace(BLOCK, events=(*events, case((2022, 1, 1), 7.0), case((2022, 1, 1), None))))
    own = machine(1, 1.0).against

    def name_of(month, asset_id, own=own):
        first, after = month_start(FIRST + month), month_start(FIRST + month + 1)
        place = Place(asset_id=asset_id, site_id=1, line_id=1, business="snacks")
        found = counterfactual_of(BLOCK, place, said, own, first, after)
        return None if found is None else (found.name, round(1 - found.down_share, 3), found.good_per_hour)

    assert name_of(2, 1)[0] == "acceptance_window"
    assert name_of(3, 1) == name_of(3, 2) == ("declared", 0.8, 70.0)
    assert (name_of(5, 1)[1], name_of(5, 2)[1]) == (0.8, 0.7)
    assert (name_of(1, 1, None), name_of(2, 1, None)) == (None, ("declared", 0.8, 70.0))


def foretold(machines, months, block):
    _, tallies = lived(machines, months, block)
    since = {business: since_start(tally) for business, tally in tallies.items()}
    parts = [(business, since[business], tallies[business].months) for business in sorted(since)]
    rows = outlook_rows(block, FIRST + months - 1, parts, (ALL, together(list(since.values()))))
    return {(row.line_of_business, row.horizon): row for row in rows}


def test_an_even_gain_goes_on_as_it_was_and_its_fan_widens():
    """1.4 h a day: 181 days so far, 365 more in a year. Reckoned 30 months before the contract's end."""
    ends = date(2024, 12, 31)
    terms = contract(starts_on=date(2021, 1, 1), ends_on=ends, promised_annual_value=60_000.0)
    block = replace(BLOCK, contracts=(terms,))
    found = foretold([machine(1, uneven(5)), machine(2, uneven(6), business="cheese")], 6, block)
    even = foretold([machine(1, 1.0)], 6, block)
    year, renewal = even["snacks", "1_year"], even["snacks", "renewal"]
    assert year.hours_avoided == pytest.approx(1.4 * (181 + 365), rel=0.02)
    assert (renewal.at, renewal.promised_money) == (ends, pytest.approx(180_000, rel=0.01))
    assert renewal.ratio == pytest.approx(renewal.money / renewal.promised_money)
    assert even["snacks", "5_years"].promised_money is None
    for business in ("snacks", ALL):
        assert (found[business, "renewal"].at - month_start(FIRST + 6)).days > 2.4 * 365
        width = [
            found[business, horizon].hours_high - found[business, horizon].hours_low
            for horizon in ("1_year", "3_years", "5_years")
        ]
        assert width == sorted(width)
    assert found[ALL, "1_year"].hours_avoided > found["snacks", "1_year"].hours_avoided
    assert found[ALL, "1_year"].money is None


def test_a_trend_goes_on_from_the_last_month_damped():
    """0.01 more a month up to 0.23: then 0.23 + 0.009, + 0.0081, + 0.00729 more."""
    rate = 0.01 * np.arange(24)
    found = course(np.array([rate, np.full(24, -1.0), np.full(24, 1.0)]), np.full(24, 1.0), 3)
    assert np.diff(found.ahead) == pytest.approx([0.239, 0.2471, 0.25439])


def test_what_all_lines_will_be_charged_and_were_promised_is_the_sum_of_theirs():
    """One line is two years old, the other began four months ago: a mean over the longer would halve its part."""
    terms = contract(starts_on=date(2021, 1, 1), ends_on=date(2027, 12, 31), promised_annual_value=60_000.0)
    orders = Event(
        scope_type="asset",
        scope_id=1,
        at=datetime(2022, 1, 9, tzinfo=UTC),
        kind="work_order",
        attributes={"cost": 0, "currency": "EUR", "paid_by": "customer"},
    )
    prices = tuple(replace(ECONOMICS, line_of_business=name) for name in ("snacks", "cheese"))
    block = replace(BLOCK, contracts=(terms,), economics=prices, events=(orders,))
    began = day_number(month_start(FIRST + 20))
    late = machine(2, 1.0, months=24, business="cheese")
    late.days.table[: began - late.days.first_day] = 0
    found = foretold([machine(1, 1.0, months=24), late], 24, block)
    for figure in ("promised_money", "net"):
        parts = [getattr(found[business, "1_year"], figure) for business in ("snacks", "cheese")]
        assert getattr(found[ALL, "1_year"], figure) == pytest.approx(sum(parts))


def test_a_plant_that_runs_half_of_the_year_gains_in_half_of_the_next():
    """1.4 h a day in January to June of two years: 181 days of each; in the next year 181 days come."""
    beet = machine(1, 1.0, months=18)
    beet.days.table[181:365] = 0.0
    found = foretold([beet], 18, BLOCK)[ALL, "1_year"]
    assert found.hours_avoided == pytest.approx(3 * 181 * 1.4, rel=0.01)


def test_no_outlook_is_better_than_no_stop_at_all_nor_worse_than_all():
    """Down ever less, then more than ever: 15 years of 8766 h a year cannot avoid more than a tenth of them."""
    better = np.linspace(2.4, 0.1, day_number(month_start(FIRST + 24)) - day_number(month_start(FIRST)))
    row = foretold([machine(1, better, months=24)], 24, BLOCK)["snacks", "15_years"]
    assert row.hours_avoided <= row.hours_high <= 0.1 * 8766 * 15 + 2.4 * 730
    worse = foretold([machine(1, better[::-1] * 8, months=24)], 24, BLOCK)["snacks", "15_years"]
    assert worse.hours_low >= -0.9 * 8766 * 15.1 - 24 * 730


def test_two_months_foretell_nothing():
    assert foretold([machine(1, 1.0, months=2)], 2, BLOCK)["snacks", "1_year"].hours_avoided is None


def peer_model(customers=(1, 2, 3, 4, 5, 6), through=0.0):
    levels = {DOWN_SHARE: 0.13, GOOD_PER_HOUR: 64.0, "customer_down": 0.05, ASKED_SHARE: 0.8}
    return PeerModel(
        asset_type="packer",
        learned_through=through,
        customers=customers,
        segments=("food",) * 6,
        levels={name: (own,) * len(customers) for name, own in levels.items()},
        errors={name: (0.02,) * len(customers) for name in levels},
    )


def test_a_machine_without_an_acceptance_window_is_compared_with_peers_after_ninety_days():
    """Peers stand 13 % of known time, 5 of it for want of work, and are asked for in 80: 8 of 80; 64 / 0.8 an hour."""
    block, first = replace(BLOCK, data_use=("benchmarking",)), day_number(date(2022, 1, 1))
    found = of_peers(block, [peer_model()], "packer", first, date(2022, 4, 1))
    assert (found.name, found.down_share, found.good_per_hour) == ("peers", pytest.approx(0.1), pytest.approx(80))
    assert found.through_day == day_number(date(2022, 3, 31))
    for no_block, models, month in (
        (BLOCK, [peer_model()], date(2022, 4, 1)),
        (block, [peer_model((1, 2, 3, 4))], date(2022, 4, 1)),
        (block, [peer_model(through=1e6)], date(2022, 4, 1)),
        (block, [peer_model()], date(2022, 3, 1)),
    ):
        assert of_peers(no_block, models, "packer", first, month) is None


def test_the_error_of_peers_is_common_to_machines_and_months():
    """Two machines, 744 h each: 0.01 of 1488 h, twice that of one; and of six months the sum."""
    peers = Counterfactual(
        name="peers", through_day=0, down_share=0.1, good_per_hour=None, down_error=0.01, good_error=0.0
    )
    even = [replace(machine(n, 1.0), against=peers) for n in (1, 2)]
    rows, tallies = lived(even)
    assert rows[0, "snacks"].hours_high - rows[0, "snacks"].hours_low == pytest.approx(2 * 1.645 * 14.88, rel=1e-3)
    total = summed(tallies)["snacks"]
    assert total.hours_high - total.hours_low == pytest.approx(2 * 1.645 * 0.01 * 2 * 181 * 24, rel=1e-3)
    assert total.counterfactual == "peers"

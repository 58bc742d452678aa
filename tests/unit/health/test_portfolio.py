"""Figures over all customers, by cases worked by hand."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t, ttest_1samp

from services.health.portfolio.contract_lives import contract_lives
from services.health.portfolio.customer_year import CustomerYear, Service, customer_years
from services.health.portfolio.fit import against_others, fit
from services.health.portfolio.maturity import band, maturity
from services.health.portfolio.means import mean_of, ratio_of
from services.health.portfolio.portfolio import portfolio, portfolio_instants
from services.health.portfolio.portfolio_rows import (
    MonthOfStops,
    MonthOfValue,
    Placed,
    PortfolioCustomer,
    PortfolioRows,
    RenewalRisk,
    Room,
    Told,
)
from services.health.portfolio.ranking import ranking
from services.health.portfolio.satisfaction import satisfaction, survey_level
from tests.unit.health.test_contract_lives import contract

TODAY = date(2025, 1, 1)


def rows(customers=(1,), **told):
    said = dict.fromkeys(("contracts", "told", "values", "placed", "stops", "risks", "rooms"), ())
    return PortfolioRows(
        customers={each: PortfolioCustomer(name=str(each), segment="food") for each in customers}, **said | told
    )


def event(kind, on, customer=1, **attributes):
    return Told(
        customer_id=customer,
        at=datetime.combine(date.fromisoformat(on), datetime.min.time(), UTC),
        kind=kind,
        attributes=attributes,
    )


def value(month, hours=10.0, customer=1, money=100.0, promised=200.0, currency="EUR", net=None):
    return MonthOfValue(
        customer_id=customer,
        month=month,
        hours_avoided=hours,
        money=money,
        net=net,
        promised_money=promised,
        currency=currency,
    )


def stops(month, down=5.0, customer=1):
    return MonthOfStops(customer_id=customer, month=month, supplier_down_h=down, known_h=700.0)


def months(count, year=2024):
    return [date(year - back // 12, 12 - back % 12, 1) for back in range(count)][::-1]


def year(of_promise=None, **columns):
    said = {"hours_avoided": None, "money": None, "net": None, "realized": None, "currency": None}
    return CustomerYear(**said | {"of_promise": of_promise} | columns)


def test_a_mean_has_students_interval():
    found = mean_of([1.0, 2.0, 4.0, 5.0])
    expected = ttest_1samp([1.0, 2.0, 4.0, 5.0], 0).confidence_interval(0.9)
    assert (found.value, found.low, found.high) == (3, pytest.approx(expected.low), pytest.approx(expected.high))
    assert (found.few, mean_of([1.0] * 5).few) == (True, False)


def test_a_ratio_is_of_sums_with_cochrans_error():
    found = ratio_of([1.0, 3.0], [10.0, 10.0])
    # Residuals of 0.2 x 10: -1 and 1; sqrt(2 / 1 x 2) / 20 = 0.1.
    assert (found.value, found.high) == (0.2, pytest.approx(0.2 + t.ppf(0.95, 1) * 0.1))


def test_of_one_customer_there_is_no_interval_and_of_none_no_figure():
    assert (mean_of([2.0]).low, mean_of([2.0]).high) == (None, None)
    assert (mean_of([]), ratio_of([1.0], [0.0]), ratio_of([1.0], [-5.0])) == (None, None, None)


def test_a_year_is_of_the_twelve_whole_months_before():
    found = customer_years(rows(values=[value(month) for month in months(24)]), TODAY)[1]
    assert (found.hours_avoided, found.money, found.realized, found.of_promise) == (10, 100, 1200, 0.5)
    assert customer_years(rows(values=[value(TODAY)]), TODAY)[1] == year()


def test_of_the_promise_counts_the_net_where_it_is_known_in_all_months():
    known = [value(month, net=60.0) for month in months(12)]
    found = customer_years(rows(values=known), TODAY)[1]
    assert (found.money, found.net, found.of_promise) == (100, 60, 0.3)
    assert fit([found])["net_a_month"][0]["value"] == 60
    found = customer_years(rows(values=[*known[1:], value(months(12)[0])]), TODAY)[1]
    assert (found.money, found.net, found.of_promise) == (100, None, 0.5)


@pytest.mark.parametrize(
    "values",
    [
        [value(month) for month in months(5)],
        [value(month, money=None) for month in months(12)],
        [value(month, currency=("EUR", "USD")[month.month % 2]) for month in months(12)],
    ],
)
def test_with_too_few_months_or_two_currencies_no_money_is_claimed(values):
    found = customer_years(rows(values=values), TODAY)[1]
    assert (found.money, found.of_promise, found.currency) == (None, None, None)


def test_what_the_supplier_paid_for_is_its_cost_to_serve():
    told = [
        event("work_order", "2024-03-01", hours=4, cost=400, currency="EUR", paid_by="supplier"),
        event("touchpoint", "2024-04-01", hours=2, paid_by="supplier"),
        event("work_order", "2024-05-01", hours=9, cost=900, currency="EUR", paid_by="customer"),
        event("work_order", "2024-05-01", hours=7),
        event("work_order", "2023-12-31", hours=8, paid_by="supplier"),
        event("work_order", "2025-01-01", hours=8, paid_by="supplier"),
    ]
    own = customer_years(rows(told=told, values=[value(month) for month in months(12)]), TODAY)[1]
    assert own.service == Service(hours=6, costs={"EUR": 400})
    found = fit([own])
    assert found["cost_to_serve"][0]["value"] == pytest.approx(400 / 1200)
    assert found["hours_served_a_month"]["value"] == 0.5


def test_where_nobody_says_who_pays_serving_is_not_free_but_unknown():
    own = customer_years(rows(told=[event("work_order", "2024-03-01", hours=4)]), TODAY)[1]
    assert own.service == Service(hours=None, costs=None)
    assert fit([own])["hours_served_a_month"] is None


def test_a_segment_that_realizes_more_of_its_promise_is_better_than_the_others():
    good, bad = [year(x) for x in (1.1, 1.2, 1.15, 1.05)], [year(x) for x in (0.5, 0.6, 0.55, 0.4)]
    assert against_others(good, bad, 2)["verdict"] == "better"
    assert against_others(bad, good, 2)["verdict"] == "worse"
    assert against_others(good, good, 2)["verdict"] == "no_difference_shown"
    assert against_others(good, [year(1.0), year()], 2)["verdict"] == "not_known"


def test_of_more_segments_a_difference_takes_more_to_show():
    some, others = [year(x) for x in (0.9, 1.0, 1.1)], [year(x) for x in (0.7, 0.8, 0.9)]
    assert against_others(some, others, 1)["verdict"] == "better"
    assert against_others(some, others, 8)["verdict"] == "no_difference_shown"


@pytest.mark.parametrize(
    ("years", "name"),
    [(0, "0-1"), (0.99, "0-1"), (1, "1-3"), (3, "3-7"), (7, "7-15"), (15, "15+"), (40, "15+"), (None, "unknown")],
)
def test_a_band_has_its_lower_edge(years, name):
    assert band(years) == name


def placed(asset, commissioned, customer=1, since="2020-01-01", until=None):
    return Placed(
        customer_id=customer,
        asset_id=asset,
        commissioned_on=None if commissioned is None else date.fromisoformat(commissioned),
        since=date.fromisoformat(since),
        until=None if until is None else date.fromisoformat(until),
    )


def test_tenure_runs_from_the_first_contract_and_equipment_is_as_old_as_the_median_machine():
    contracts = [contract("a", "2020-01-01", "2022-12-31"), contract("b", "2023-01-01", None)]
    machines = [placed(1, "2004-01-01"), placed(2, "2010-01-01"), placed(3, "2023-06-01"), placed(4, None)]
    gone = placed(5, "1990-01-01", until="2024-06-01")
    found = rows(customers=(1, 2), contracts=contracts, placed=[*machines, gone])
    cells = maturity(found, contract_lives(contracts, (), TODAY), TODAY)["cells"]
    assert cells == [
        {
            "tenure": "3-7",
            "equipment_age": "15+",
            "customers": [1],
            "machines": 4,
            "contract_value": [{"currency": "EUR", "amount": 100.0}],
        },
        {"tenure": "unknown", "equipment_age": "unknown", "customers": [2], "machines": 0, "contract_value": []},
    ]


def test_without_a_contract_tenure_runs_from_the_first_machine():
    cells = maturity(rows(placed=[placed(1, "2012-01-01", since="2012-01-01")]), [], TODAY)["cells"]
    assert [(cell["tenure"], cell["equipment_age"]) for cell in cells] == [("7-15", "7-15")]


def quadrant(hours, *told, promised=200.0, rooms=()):
    span = months(len(hours))
    known = rows(
        values=[value(month, hours=h, promised=promised) for month, h in zip(span, hours, strict=True)],
        stops=[stops(month) for month in span],
        told=told,
        rooms=[Room(customer_id=1, day=date.fromisoformat(on), room=room) for on, room in rooms],
    )
    [found] = satisfaction(known, customer_years(known, TODAY), TODAY)["customers"]
    return found["value_trend"], found["happy_but_flat"], found["voice"]


HAPPY = event("survey", "2024-06-01", score=9, of=10)
UNHAPPY = event("survey", "2024-06-01", score=2, scale=10)
COMPLAINT = event("touchpoint", "2024-06-01", complaint=True)
FLAT, GROWING, FALLING = [10.0] * 24, [float(n) for n in range(24)], [50.0 - 2 * n for n in range(24)]


@pytest.mark.parametrize(
    ("hours", "told", "expected"),
    [
        (FLAT, [HAPPY], ("flat", True, "quiet_failing")),
        (FALLING, [HAPPY], ("falling", True, "quiet_failing")),
        (GROWING, [HAPPY], ("growing", False, None)),
        (FLAT, [UNHAPPY], ("flat", False, None)),
        (GROWING, [UNHAPPY, COMPLAINT], ("growing", False, "noisy_healthy")),
        (FLAT, [HAPPY, COMPLAINT], ("flat", True, None)),
        (FLAT, [], (None, None, None)),
        (GROWING, [COMPLAINT], ("growing", None, "noisy_healthy")),
        ([10.0] * 6, [HAPPY], (None, None, None)),
    ],
)
def test_happy_but_flat_is_a_survey_against_the_trend_of_value(hours, told, expected):
    assert quadrant(hours, *told) == expected


@pytest.mark.parametrize(
    ("rooms", "flat", "falling"),
    [
        ([("2024-12-31", False)], False, True),
        ([("2024-12-31", True)], True, True),
        ([("2024-11-30", True), ("2024-12-31", False)], False, True),
        ([("2024-12-31", True), ("2025-01-31", False)], True, True),
        ([("2024-09-30", False)], True, True),
    ],
)
def test_at_the_frontier_there_is_nothing_left_to_gain_and_still_something_to_lose(rooms, flat, falling):
    """As of 1 January 2025: what was said later does not count, nor what is older than three months."""
    assert quadrant(FLAT, HAPPY, rooms=rooms)[1] is flat
    assert quadrant(FALLING, HAPPY, rooms=rooms)[1] is falling


def test_who_realizes_what_was_promised_is_not_failing_however_flat():
    assert quadrant(FLAT, HAPPY, promised=100.0) == ("flat", True, None)
    assert quadrant(FLAT, HAPPY, COMPLAINT, promised=100.0) == ("flat", True, "noisy_healthy")


def test_a_survey_without_its_scale_says_nothing():
    assert survey_level([event("survey", "2024-06-01", score=9)]) is None
    assert survey_level([event("survey", "2024-06-01", score=12, of=10)]) is None
    assert survey_level([HAPPY, UNHAPPY]) == pytest.approx(0.55)


def ranked(**told):
    contracts = [
        contract("a", "2024-01-01", None, customer_id=1, annual_value=100.0),
        contract("b", "2024-01-01", None, customer_id=2, annual_value=300.0),
        contract("c", "2024-01-01", None, customer_id=3, annual_value=50.0, currency="USD"),
    ]
    known = rows(customers=(1, 2, 3, 4), contracts=contracts, **told)
    return ranking(known, contract_lives(contracts, (), TODAY), TODAY)["customers"]


def test_customers_rank_by_value_at_risk_within_a_currency_and_by_hours_across():
    risks = [RenewalRisk(customer_id=1, contract="a", day=date(2024, 12, 31), risk=0.8)]
    risks += [RenewalRisk(customer_id=2, contract=None, day=date(2024, 12, 31), risk=0.1)]
    lost = [stops(date(2024, 5, 1), 3.0, customer=4), stops(date(2024, 6, 1), 1.0, customer=1)]
    found = ranked(risks=risks, stops=lost)
    assert [(row["rank"], row["customer"], row["hours_lost"]) for row in found] == [
        (1, 4, 3.0),
        (2, 1, 1.0),
        (3, 2, None),
        (4, 3, None),
    ]
    in_currency = {
        row["customer"]: [(c["currency"], c["rank"], c["at_risk"]) for c in row["contracts"]] for row in found
    }
    assert in_currency == {
        1: [("EUR", 1, 80.0)],
        2: [("EUR", 2, 30.0)],
        3: [("USD", 1, None)],
        4: [],
    }


def test_each_contract_counts_by_its_own_risk():
    contracts = [
        contract(name, "2024-01-01", None, annual_value=value) for name, value in (("a", 100.0), ("b", 1000.0))
    ]
    judged = {"customer_id": 1, "day": date(2024, 12, 31)}
    risks = [RenewalRisk(contract="a", risk=0.8, **judged), RenewalRisk(contract="b", risk=0.1, **judged)]
    known = rows(contracts=contracts, risks=risks)
    [row] = ranking(known, contract_lives(contracts, (), TODAY), TODAY)["customers"]
    assert (row["renewal_risk"], row["contracts"][0]["at_risk"]) == (0.8, pytest.approx(180))


def test_without_any_risk_customers_rank_by_contract_value_and_an_old_one_says_nothing():
    found = ranked(risks=[RenewalRisk(customer_id=1, contract="a", day=date(2024, 10, 1), risk=0.9)])
    assert {row["customer"]: c["rank"] for row in found for c in row["contracts"]} == {1: 2, 2: 1, 3: 1}
    assert found[0]["renewal_risk"] is None


def test_the_portfolio_is_kept_of_each_months_first_day_and_the_newest_midnight():
    day = datetime(2024, 11, 12, 5, tzinfo=UTC)
    assert [at.date().isoformat() for at in portfolio_instants(day, datetime(2025, 1, 3, 7, tzinfo=UTC))] == [
        "2024-12-01",
        "2025-01-01",
        "2025-01-03",
    ]
    assert len(portfolio_instants(day, datetime(2024, 12, 1, 7, tzinfo=UTC))) == 1


def test_every_segment_has_its_renewal_and_fit():
    known = rows(customers=(1, 2), contracts=[contract("a", "2024-01-01", None)])
    found = {(row.figure, row.segment) for row in portfolio(known, datetime(2025, 1, 1, tzinfo=UTC))}
    assert found == {
        *((figure, "") for figure in ("renewal", "fit", "maturity", "satisfaction", "ranking")),
        ("renewal", "food"),
        ("fit", "food"),
    }


_LATER = st.dates(TODAY, date(2026, 1, 1))


@given(_LATER, st.sampled_from(["renewal", "survey", "work_order", "touchpoint"]), _LATER)
def test_nothing_that_comes_later_changes_what_is_said_of_an_instant(day, kind, month):
    before = rows(
        contracts=[contract("a", "2023-01-01", "2024-12-31")],
        values=[value(m) for m in months(24)],
        stops=[stops(m) for m in months(24)],
    )
    later = {"outcome": "renewed", "score": 1, "of": 10, "hours": 5, "paid_by": "supplier", "complaint": True}
    after = rows(
        contracts=[*before.contracts, contract("b", "2020-01-01", None, signed_on=day.replace(year=2026))],
        values=[*before.values, value(month.replace(day=1), hours=99.0)],
        stops=[*before.stops, stops(month.replace(day=1))],
        told=[event(kind, day.isoformat(), **later)],
        risks=[RenewalRisk(customer_id=1, contract="a", day=day, risk=0.9)],
    )
    at = datetime(2025, 1, 1, tzinfo=UTC)
    assert list(portfolio(after, at)) == list(portfolio(before, at))

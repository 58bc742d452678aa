"""How far machines are behind the newest software of their type, on worked versions."""

from dataclasses import replace
from datetime import date

import pytest

from services.health.account_assessment.account import FleetVersion
from services.health.account_assessment.version_lag import version_lags
from services.health.assessment import UpdateEffectRow
from services.health.block import Economics
from tests.unit.health.accounts import account, asset, event, hours, months

SEEN = tuple(
    FleetVersion(asset_type="filler", version=version, first_seen=first_seen)
    for version, first_seen in (("1.9", date(2024, 1, 1)), ("1.10", date(2024, 3, 1)), ("2.0", date(2024, 7, 1)))
)
EFFECT = UpdateEffectRow(
    asset_type="filler",
    version="2.0",
    released_on=date(2024, 7, 3),
    as_of=date(2024, 7, 31),
    days=28,
    machines=1,
    controls=2,
    uptime=None,
    uptime_low=None,
    uptime_high=None,
    rate=0.04,
    rate_low=0.03,
    rate_high=0.05,
    unknown=None,
)


def lag(day, *releases):
    events = tuple(
        event("software_release", on, ("asset", asset_id), version=version) for asset_id, version, on in releases
    )
    told = account(assets=(asset(1), asset(2)), events=events, fleet_versions=SEEN, updates=(EFFECT,))
    return list(version_lags(told, day))


def test_a_machine_lags_by_the_days_between_the_versions_and_by_how_many_there_were():
    """1.9 was first seen on 1 January, 2.0 on 1 July: 182 days and two versions, though 1.10 sorts before 1.9."""
    (found,) = lag(date(2024, 9, 1), (1, "1.9", date(2024, 2, 1)), (2, "2.0", date(2024, 7, 3)))
    assert (found.verdict, found.value, found.unit, found.subject) == ("behind", 182, "d", "filler")
    assert found.evidence["machines"] == [
        {"asset_id": 1, "version": "1.9", "days": 182, "releases": 2},
        {"asset_id": 2, "version": "2.0", "days": 0, "releases": 0},
    ]
    assert found.evidence["missed"] == ["1.10", "2.0"]
    assert found.evidence["good_rate_of_missed"] == {"2.0": {"rate": 0.04, "low": 0.03, "high": 0.05}}


@pytest.mark.parametrize(
    ("day", "verdict", "days"), [(date(2024, 7, 1), "current", 0), (date(2024, 7, 2), "behind", 122)]
)
def test_nobody_lags_behind_what_was_not_seen_yet(day, verdict, days):
    (found,) = lag(day, (1, "1.10", date(2024, 3, 1)))
    assert (found.verdict, found.value) == (verdict, days)


def test_where_no_release_was_told_nothing_is_said():
    assert lag(date(2024, 9, 1)) == []


BOTH = replace(EFFECT, uptime=0.02, uptime_low=0.01, uptime_high=0.03)
ECONOMICS = Economics(
    site_id=1,
    line_of_business="milk",
    valid_from=date(2024, 1, 1),
    margin_per_good_unit=0.5,
    downtime_cost_per_hour=100.0,
    currency="EUR",
    basis="supplier",
    author="field service",
)
BEHIND = (event("software_release", date(2024, 3, 1), ("asset", 1), version="1.10"),)
YEAR = {"asset_id": 1, "known": 600.0, "good": 11400.0}


def cost(*economics, effect=BOTH, events=BEHIND, updates=(), times=(), **said):
    """Of machine 1, idle for 30 of its 600 hours a month: 570 running hours make 11,400 units, 20 each."""
    told = account(
        assets=(asset(1),),
        events=events,
        fleet_versions=SEEN,
        updates=(effect, *updates),
        economics=economics,
        times=(*months(date(2023, 9, 1), *[30.0] * 12, **YEAR | said), *times),
    )
    (found,) = version_lags(told, date(2024, 9, 1))
    return found.evidence["cost_a_year"]


def test_being_behind_costs_what_the_missed_release_did_elsewhere_here():
    """2 % of 7,200 asked hours are 144 h; 4 % of 136,800 units and 144 x 20: 8,352. An hour is worth 100 - 0.5 x 20
    beyond its units: 144 x 90 + 8,352 x 0.5 = 17,136."""
    found = cost(ECONOMICS)
    assert found["hours"] == {"value": 144.0, "low": 72.0, "high": 216.0}
    assert found["good_units"]["value"] == 8352
    assert found["money"] == {"value": 17136.0, "low": 9252.0, "high": 25020.0, "currency": "EUR"}
    assert (found["basis"], found["author"], found["said_on"]) == ("supplier", "field service", "2024-01-01")
    assert (found["machines"], found["releases"], found["not_measured"]) == (1, ["2.0"], [])


def test_without_economics_it_is_said_in_hours_and_units_and_no_money_is_guessed():
    found = cost()
    assert (found["hours"]["value"], found["good_units"]["value"], found["money"]) == (144.0, 8352, None)
    assert found["basis"] == "measured"


def test_what_nobody_measured_costs_nothing_that_can_be_told():
    assert cost(ECONOMICS, effect=replace(BOTH, version="1.11")) is None
    unknown = cost(ECONOMICS, effect=replace(BOTH, rate=None, rate_low=None, rate_high=None))
    assert (unknown["hours"]["value"], unknown["good_units"], unknown["money"]) == (144.0, None, None)
    older = (event("software_release", date(2024, 1, 1), ("asset", 1), version="1.9"),)
    assert cost(ECONOMICS, events=older)["not_measured"] == ["1.10"]


def test_a_release_of_which_too_few_days_are_known_is_named_and_the_others_are_told():
    early = replace(BOTH, version="1.10", unknown="fewer than 7 days on a side are known, or all machines got it")
    early = replace(early, **{name: None for name in vars(early) if name.startswith(("uptime", "rate"))})
    older = (event("software_release", date(2024, 1, 1), ("asset", 1), version="1.9"),)
    found = cost(ECONOMICS, events=older, updates=(early,))
    assert (found["hours"]["value"], found["releases"], found["not_measured"]) == (144.0, ["2.0"], ["1.10"])
    assert cost(ECONOMICS, effect=replace(early, version="2.0")) is None


def test_what_stands_ready_without_an_order_runs_no_slower():
    """Of the 600 hours of a month 285 without an order: 3,780 asked hours are 75.6 h; 11,400 units in 285 h are 40 an
    hour: 4 % of 136,800 and 75.6 x 40."""
    found = cost(ECONOMICS, apt=285.0, adot=285.0)
    assert (found["hours"]["value"], found["good_units"]["value"]) == (75.6, 8496)
    assert found["money"]["value"] == pytest.approx(75.6 * (100 - 0.5 * 40) + 8496 * 0.5)


@pytest.mark.parametrize(("uncounted_h", "units"), [(57.0, 8420), (6840.0, 16560), (6900.0, None)])
def test_days_that_nobody_counted_have_the_pace_of_the_others_if_these_are_half(uncounted_h, units):
    """20 units an hour in all of them: of 57 h more 2 % and 4 % of them, so that 1.14 h and 2.28 h make 68."""
    found = cost(ECONOMICS, times=(hours(date(2024, 8, 1), known=uncounted_h),))
    assert (found["good_units"] and found["good_units"]["value"]) == units


def test_a_month_of_which_less_than_half_is_known_is_not_counted():
    silent = [hours(date(2023, 9 + n, 1), known=0.0, pbt=700.0, apt=0.0, unknown=700.0) for n in range(4)]
    assert cost(ECONOMICS, times=silent)["hours"] == cost(ECONOMICS)["hours"]
    five = months(date(2024, 4, 1), *[30.0] * 5, **YEAR)
    few = account(assets=(asset(1),), events=BEHIND, fleet_versions=SEEN, updates=(BOTH,), times=(*five, *silent))
    (found,) = version_lags(few, date(2024, 9, 1))
    assert found.evidence["cost_a_year"] is None


def test_where_nobody_counts_an_hour_alone_is_worth_its_cost():
    found = cost(ECONOMICS, good=None)
    assert (found["good_units"], found["money"]["value"]) == (None, 14400.0)


def test_currencies_are_not_added_up():
    euro, dollar = ECONOMICS, replace(ECONOMICS, line_of_business="cheese", currency="USD")
    told = account(
        assets=(asset(1), asset(2, line_of_business="cheese")),
        events=(*BEHIND, event("software_release", date(2024, 3, 2), ("asset", 2), version="1.10")),
        fleet_versions=SEEN,
        updates=(BOTH,),
        economics=(euro, dollar),
        times=tuple(row for n in (1, 2) for row in months(date(2023, 9, 1), *[30.0] * 12, **YEAR | {"asset_id": n})),
    )
    (found,) = version_lags(told, date(2024, 9, 1))
    assert (found.evidence["cost_a_year"]["hours"]["value"], found.evidence["cost_a_year"]["money"]) == (288.0, None)

"""Every account has one next improvement, and what was taken on is followed to what it brought."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.account_assessment.account import Objective, PlayScore, midnight
from services.health.account_assessment.chronic_failures import chronic
from services.health.account_assessment.improvement_life import improvements
from services.health.account_assessment.next_improvement import next_improvement
from services.health.assessment import OutcomeRow
from services.health.block import Entitlement
from tests.unit.health.accounts import account, alert, asset, contract, event, hours, months

DAY = date(2026, 1, 1)
YEAR = date(2025, 1, 1)
MACHINES = (asset(1), asset(2), asset(3))


def failures(*days: int) -> tuple[OutcomeRow, ...]:
    return tuple(
        OutcomeRow(
            scope_type="asset",
            scope_id=1,
            outcome="asset_failure",
            at=midnight(YEAR) + timedelta(days=day),
            happened=True,
        )
        for day in days
    )


def improvement_of(known, day):
    return next_improvement(known, day, chronic(known, day))


def told(**said: object):
    found = improvement_of(account(**said), DAY)
    return found.verdict, found.evidence["source"], found.value


def test_four_failures_of_one_machine_have_one_cause_that_spares_three():
    repaired = tuple(hours(date(2025, n, 1), repair=4.0, failures=1) for n in (2, 4, 6, 8))
    known = {"assets": (asset(1),), "times": repaired, "outcomes": failures(40, 100, 160, 220)}
    assert told(**known) == ("to_propose", "repeated_failures", pytest.approx(12.0))  # of 16 hours three quarters


def test_machines_come_down_to_the_median_of_their_kind():
    times = [months(YEAR, *[stopped] * 12, asset_id=n) for n, stopped in ((1, 9.0), (2, 4.0), (3, 2.0))]
    found = improvement_of(account(assets=MACHINES, times=tuple(row for own in times for row in own)), DAY)
    assert found.evidence["title"] == "Bring Filler 1 to what Filler 3 does"
    assert found.value == pytest.approx(60.0)  # 5 points of 1,200 hours


def test_the_gap_to_a_promise_is_the_stops_that_it_does_not_allow():
    promised = contract(promised_availability=0.95)
    known = {"contracts": (promised,), "times": months(YEAR, *[8.0] * 12)}
    assert told(**known) == ("to_propose", "promise_gap", pytest.approx(36.0))  # 8 % against 5 % of 1,200 hours
    assert told(**known | {"contracts": (contract(promised_availability=0.9),)})[1] == "foundation"


def test_a_bad_update_costs_what_is_lost_since():
    bad = alert("regression_after_update", midnight(date(2025, 8, 5)), scope_type="asset", scope_id=1)
    times = months(YEAR, *[2.0] * 8, *[6.0] * 4)
    assert told(assets=(asset(1),), times=times, alerts=(bad,)) == (
        "to_propose",
        "regression",
        pytest.approx(48.0),  # 4 points of 100 hours a month
    )


def test_what_is_bought_and_idle_comes_after_what_has_hours():
    bought = Entitlement(
        asset_id=None, capability="boost", starts_on=YEAR, ends_on=None, annual_fee=None, currency=None
    )
    idle = {"entitlements": (bought,), "alerts": (alert("unused_capability", midnight(date(2025, 9, 1))),)}
    assert told(**idle) == ("to_propose", "unused_capability", None)
    gap = {"contracts": (contract(promised_availability=0.95),), "times": months(YEAR, *[8.0] * 12)}
    both = improvement_of(account(**idle, **gap), DAY)
    assert both.evidence["source"] == "promise_gap"
    assert [other["source"] for other in both.evidence["others"]] == ["unused_capability"]


def test_without_data_the_next_improvement_is_to_get_them_and_without_a_gap_to_agree_on_a_baseline():
    assert improvement_of(account(), DAY).evidence["title"].startswith("Get the machines' data")
    blind = months(YEAR, *[0.0] * 12, unknown=60.0)
    assert improvement_of(account(times=blind), DAY).evidence["title"].startswith("Get the machines' data")
    assert improvement_of(account(times=months(YEAR, *[0.0] * 12)), DAY).evidence["title"].startswith("Agree on")


@given(st.lists(st.floats(0, 99), max_size=24), st.sampled_from(["", "service_manager", "customer_success"]))
def test_there_is_always_exactly_one_with_an_owner(stopped, role):
    roles = (role,) if role else ()
    known = account(assets=MACHINES, owner_roles=roles, times=months(date(2024, 6, 1), *stopped))
    found = improvement_of(known, DAY)
    assert found.evidence["title"]
    assert found.evidence["owner_role"]
    assert found.value is None or found.value > 0


def moved(status: str, on: date, **said: object):
    return event("improvement", on, id="I", status=status, title="quick changeover", **said)


def test_what_is_under_way_comes_first_and_accepted_before_proposed():
    proposed = moved("proposed", date(2025, 3, 1), expected_hours=120, objective="OB-1", owner_role="sales")
    other = event("improvement", date(2025, 9, 1), id="J", status="proposed", title="another")
    accepted = moved("accepted", date(2025, 4, 1))
    found = improvement_of(account(events=(proposed, accepted, other)), DAY)
    assert (found.verdict, found.value, found.unit, found.basis) == ("accepted", 120.0, "h a year", "supplier")
    assert (found.evidence["objective"], found.evidence["owner_role"]) == ("OB-1", "sales")
    assert improvement_of(account(events=(proposed, other)), DAY).evidence["improvement_id"] == "J"


def test_a_proposal_that_nobody_moved_for_a_year_is_under_way_no_more():
    assert told(events=(moved("proposed", date(2024, 12, 31)),))[0] == "to_propose"
    assert told(events=(moved("proposed", date(2025, 1, 1)),))[0] == "proposed"


def test_money_that_somebody_expects_keeps_its_currency():
    found = improvement_of(
        account(events=(moved("proposed", date(2025, 9, 1), expected_money=9000, currency="EUR"),)), DAY
    )
    assert (found.value, found.unit, found.currency, found.basis) == (9000.0, "money a year", "EUR", "supplier")


def test_it_serves_the_first_open_objective_that_it_can_move():
    wanted = [
        Objective(objective_id=kpi, kpi=kpi, target=1.0, due_on=due, description=None)
        for kpi, due in (("quality", date(2026, 2, 1)), ("oee", date(2026, 9, 1)), ("mttr", date(2025, 12, 1)))
    ]
    gap = {"contracts": (contract(promised_availability=0.95),), "times": months(YEAR, *[8.0] * 12)}
    assert improvement_of(account(objectives=tuple(wanted), **gap), DAY).evidence["objective"] == "oee"


SCORE = PlayScore(
    play="promise_gap",
    as_of=date(2025, 10, 1),
    verdict="works",
    effect=11.0,
    low=2.0,
    high=20.0,
    acted=9,
    left_alone=7,
    customers=5,
    needed=None,
)


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ((), "no_proof_yet"),
        ((SCORE,), "works"),
        ((replace(SCORE, customers=4),), "no_proof_yet"),
        ((replace(SCORE, as_of=date(2026, 1, 1)),), "works"),
        ((replace(SCORE, as_of=date(2026, 2, 1)),), "no_proof_yet"),
        ((replace(SCORE, play="decline"),), "no_proof_yet"),
    ],
)
def test_proof_comes_from_five_customers_at_least_as_known_at_the_quarters_beginning(scores, verdict):
    gap = {"contracts": (contract(promised_availability=0.95),), "times": months(YEAR, *[8.0] * 12)}
    assert improvement_of(account(scores=scores, **gap), DAY).evidence["proof"]["verdict"] == verdict


def test_what_was_realized_is_measured_against_the_months_before_it_was_accepted():
    steps = (moved("accepted", date(2025, 4, 10)), moved("realized", date(2025, 6, 20)))
    times = months(YEAR, *[8.0] * 6, *[5.0] * 6)
    (found,) = improvements(account(events=steps, times=times), DAY)
    assert (found.verdict, found.value) == ("realized", pytest.approx(36.0))  # 3 points of 100 hours a month
    assert found.low == found.high == pytest.approx(36.0)  # months without noise
    (early,) = improvements(account(events=steps, times=times), date(2025, 8, 1))
    assert (early.value, early.ready_on) == (None, date(2025, 10, 1))


def test_an_improvement_that_is_only_accepted_has_recovered_nothing_yet():
    (found,) = improvements(account(events=(moved("accepted", YEAR),), times=months(YEAR, *[5.0] * 12)), DAY)
    assert (found.verdict, found.value) == ("accepted", None)

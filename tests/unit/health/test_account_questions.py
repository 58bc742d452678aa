"""The two questions that customers ask, part by part."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.health.account_assessment import backs, competitive
from services.health.account_assessment.account import FleetVersion, midnight
from services.health.account_assessment.answers import Item, answered
from services.health.assessment import OutcomeRow
from services.health.prognostic_assessment.peer_levels import FIGURES, PeerModel
from tests.unit.health.accounts import account, alert, asset, contract, event, hours, months

DAY = date(2026, 1, 1)


def outcome(name: str, on: date, scope: int = 1, hour: int = 0) -> OutcomeRow:
    at = midnight(on) + timedelta(hours=hour)
    return OutcomeRow(scope_type="asset", scope_id=scope, outcome=name, at=at, happened=True)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        (["yes", "yes", "not_known"], "yes"),
        (["yes", "not_known", "not_known"], "not_known"),
        (["yes", "at_risk", "not_known"], "at_risk"),
        (["at_risk", "no", "not_known"], "no"),
        (["not_known"], "not_known"),
    ],
)
def test_an_answer_is_its_worst_part_and_yes_takes_half_of_them(parts, verdict):
    assert answered("q", DAY, [Item(name="part", answer=a) for a in parts]).verdict == verdict


@pytest.mark.parametrize(
    ("last", "before", "answer"),
    [
        ((4, 40.0), (9, 45.0), "yes"),  # twice as long, but exp(0.693 - 1.645 x sqrt(1/4 + 1/9)) = 0.74
        ((40, 400.0), (90, 450.0), "at_risk"),  # exp(0.693 - 1.645 x sqrt(1/40 + 1/90)) = 1.46
        ((400, 4000.0), (900, 4500.0), "no"),  # 1.81
        ((2, 40.0), (90, 450.0), "not_known"),
        ((0, 0.0), (90, 450.0), "not_known"),
    ],
)
def test_a_year_is_slower_than_the_last_where_the_interval_says_so(last, before, answer):
    assert backs.slower("repairs", last, before, DAY).answer == answer


def test_a_year_without_failures_needs_no_repair():
    assert backs.repair_times(account(times=months(date(2025, 1, 1), *[0.0] * 12)), DAY).answer == "yes"
    assert backs.repair_times(account(), DAY).answer == "not_known"


def test_a_response_is_the_first_work_within_thirty_days_of_a_failure():
    failed, worked = (
        [outcome(name, date(year, 3, 1 + day), hour=hour) for year in (2024, 2025) for day in (0, 2, 4)]
        for name, hour in (("asset_failure", 0), ("asset_work", 6))
    )
    told = backs.response_times(account(outcomes=(*failed, *worked)), DAY)
    assert (told.answer, told.facts[0]["value"], told.facts[1]["value"]) == ("yes", 6.0, 6.0)


def test_failures_that_come_again_are_counted_and_an_open_case_is_a_risk():
    failed = [outcome("asset_failure", date(2025, 6, 1) + timedelta(days=n)) for n in (0, 10, 80)]
    known = account(heard={1: date(2024, 1, 1)}, outcomes=tuple(failed))
    calm = backs.repeat_failures(known, DAY)
    assert (calm.answer, calm.facts[0]["value"]) == ("yes", 1.0)
    cases = [alert("repeated_failures", midnight(date(2025, m, 1)), midnight(date(2025, m, 20))) for m in (2, 5, 9)]
    opened = replace(cases[0], ended_at=None)
    assert backs.repeat_failures(replace(known, alerts=(opened,)), DAY).answer == "at_risk"
    assert backs.repeat_failures(replace(known, alerts=tuple(cases)), DAY).answer == "no"


@pytest.mark.parametrize(("ends", "answer"), [("2027-06-01", "yes"), ("2026-12-31", "at_risk"), ("2026-01-01", "no")])
def test_support_that_ends_within_a_year_is_a_risk(ends, answer):
    release = event("software_release", date(2025, 1, 1), ("asset", 1), version="2", support_ends_on=ends)
    assert backs.support_end(account(events=(release,)), DAY).answer == answer


@pytest.mark.parametrize(("first_seen", "answer"), [(date(2025, 6, 30), "yes"), (date(2025, 7, 1), "at_risk")])
def test_a_machine_half_a_year_behind_the_newest_release_anywhere_lags(first_seen, answer):
    """Here version 2 of 1 January 2025 runs; at another customer one of 180 or 181 days later."""
    release = event("software_release", date(2025, 2, 1), ("asset", 1), version="2")
    seen = tuple(
        FleetVersion(asset_type="filler", version=version, first_seen=on)
        for version, on in (("2", date(2025, 1, 1)), ("3", first_seen))
    )
    lagging = backs.version_lag(account(assets=(asset(1),), events=(release,), fleet_versions=seen), DAY)
    assert (lagging.answer, lagging.facts[0]["value"]) == (answer, (first_seen - date(2025, 1, 1)).days)
    assert backs.version_lag(account(assets=(asset(1),), fleet_versions=seen), DAY).answer == "not_known"


@pytest.mark.parametrize(("due", "answer"), [("2026-01-01", "yes"), ("2025-12-31", "at_risk"), ("2025-10-02", "no")])
def test_a_late_commitment_is_a_risk_and_a_very_late_one_a_no(due, answer):
    promise = event("commitment", date(2025, 9, 1), what="review", due_on=due)
    assert backs.open_commitments(account(events=(promise,)), DAY).answer == answer


def test_a_broken_guarantee_is_a_no_and_without_one_there_is_no_such_part():
    broken = replace(outcome("guarantee_window", date(2025, 7, 1)), scope_type="contract")
    promised = contract(guaranteed_availability=0.95)
    assert backs.guarantee(account(contracts=(promised,), outcomes=(broken,)), DAY).answer == "no"
    feared = (alert("guarantee_breach", midnight(date(2025, 12, 1))),)
    assert backs.guarantee(account(contracts=(promised,), alerts=feared), DAY).answer == "at_risk"
    assert backs.guarantee(account(outcomes=(broken,)), DAY) is None


def test_nobody_of_whom_nothing_is_known_is_told_yes():
    assert backs.backs(account(), DAY).verdict == "not_known"
    assert competitive.competitive(account(), DAY).verdict == "not_known"


@pytest.mark.parametrize(
    ("monthly_step", "level", "answer"),
    [(-0.5, 20.0, "yes"), (0.5, 5.0, "no"), (0.0, 10.0, "at_risk"), (0.0, 2.0, "yes")],
)
def test_a_flat_trend_is_a_risk_unless_at_the_frontier(monthly_step, level, answer):
    stopped = [level + monthly_step * n for n in range(24)]
    assert competitive.trend(account(times=months(date(2024, 1, 1), *stopped)), DAY).answer == answer


@pytest.mark.parametrize(("stopped", "answer"), [(9.0, "yes"), (15.0, "at_risk"), (30.0, "no")])
def test_others_are_compared_with_only_where_there_are_five_and_leave_is_given(stopped, answer):
    others = {name: (float("nan"),) * 5 for name in FIGURES} | {"down_share": (0.08, 0.09, 0.10, 0.11, 0.12)}
    model = PeerModel(
        asset_type="filler",
        learned_through=20000.0,
        customers=(2, 3, 4, 5, 6),
        segments=(None,) * 5,
        levels=others,
        errors=dict.fromkeys(FIGURES, (0.001,) * 5),
    )
    known = account(assets=(asset(1),), times=months(date(2025, 1, 1), *[stopped] * 12), peers=(model,))
    assert competitive.position(known, DAY).answer == "not_known"
    assert competitive.position(replace(known, data_use=("benchmarking",)), DAY).answer == answer
    four = replace(
        model,
        customers=model.customers[:4],
        segments=(None,) * 4,
        levels={k: v[:4] for k, v in others.items()},
        errors={k: v[:4] for k, v in model.errors.items()},
    )
    assert competitive.position(replace(known, data_use=("benchmarking",), peers=(four,)), DAY).answer == "not_known"


def improved(status: str, on: date = date(2025, 6, 1)):
    return event("improvement", on, id="I", status=status, title="changeover")


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        ((), "not_known"),
        ((improved("proposed"),), "at_risk"),
        ((improved("realized"),), "yes"),
        ((improved("declined"),), "no"),
        ((improved("realized", date(2024, 6, 1)),), "no"),
        ((event("training", date(2025, 2, 1)),), "yes"),
    ],
)
def test_improvements_of_a_year_are_counted_from_when_they_were_realized(events, answer):
    assert competitive.improvements(account(events=events), DAY).answer == answer


@pytest.mark.parametrize(("made", "answer"), [(80.0, "yes"), (90.0, "at_risk"), (96.0, "no")])
def test_machines_that_are_nearly_full_have_no_headroom(made, answer):
    full = tuple(hours(date(2025, n, 1), produced=made, capacity=100.0, counted_apt_s=100.0) for n in (10, 11, 12))
    assert competitive.headroom(account(times=full), DAY).answer == answer

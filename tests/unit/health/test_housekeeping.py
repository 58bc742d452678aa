"""Small figures of an account's last year."""

from dataclasses import replace
from datetime import date, timedelta

from services.health.account_assessment.account import Objective, midnight
from services.health.account_assessment.chronic_failures import chronic
from services.health.account_assessment.housekeeping import housekeeping
from services.health.assessment import OutcomeRow
from services.health.block import Entitlement
from tests.unit.health.accounts import account, alert, asset, event, hours

DAY = date(2026, 1, 1)
OBJECTIVE = Objective(objective_id="OB-1", kpi="oee", target=0.8, due_on=None, description=None)


def found(kind: str, **said: object):
    own = [
        finding for finding in housekeeping(account(**said), DAY, chronic(account(**said), DAY)) if finding.kind == kind
    ]
    return own[0] if own else None


def test_corrective_maintenance_is_a_share_of_all_maintenance():
    times = (hours(date(2025, 5, 1), cmt_s=3.0, pmt_s=9.0),)
    assert found("corrective_share", times=times).value == 0.25
    assert found("corrective_share").value is None


def test_preventive_work_is_on_time_when_done_by_its_date():
    done = [
        event("work_order", date(2025, 5, n), ("asset", 1), type="preventive", due_on="2025-05-02") for n in (1, 2, 3)
    ]
    other = event("work_order", date(2025, 5, 1), ("asset", 1), type="corrective", due_on="2025-05-02")
    told = found("maintenance_on_time", events=(*done, other))
    assert (told.evidence["count"], told.evidence["of"]) == (2, 3)


def test_a_complaint_was_foretold_where_an_alert_came_first():
    complaints = tuple(event("touchpoint", date(2025, m, 1), complaint=True) for m in (3, 9))
    visit = event("touchpoint", date(2025, 4, 1), form="visit")
    warned = (alert("wear", midnight(date(2025, 8, 1))),)
    assert found("proactive_ratio", events=(*complaints, visit), alerts=warned).value == 0.5


def test_days_since_the_last_change_count_from_what_was_realized_or_adopted():
    done = event("improvement", date(2025, 12, 2), id="I", status="realized", title="t")
    told = found("change_cadence", events=(event("training", date(2025, 6, 1)), done))
    assert (told.value, told.evidence["in_a_year"]) == (30.0, 2)
    assert found("change_cadence").verdict == "not_known"


def test_a_plan_without_a_live_improvement_owner_and_objective_is_lacking():
    assert found("plan").evidence["missing"] == ["a live improvement", "an owner", "an objective of the customer"]
    whole = {"id": "I", "status": "proposed", "title": "t", "owner_role": "sales", "objective": "OB-1"}
    said = event("improvement", date(2025, 12, 2), **whole)
    assert found("plan", events=(said,), objectives=(OBJECTIVE,)).verdict == "sound"
    assert found("plan", events=(said,)).evidence["missing"] == ["an objective of the customer"]


def test_a_machine_that_failed_three_times_in_a_year_is_chronic():
    failed = OutcomeRow(
        scope_type="asset", scope_id=1, outcome="asset_failure", at=midnight(date(2025, 3, 1)), happened=True
    )
    three = tuple(replace(failed, at=failed.at + timedelta(days=n)) for n in (0, 50, 99))
    assert found("chronic_asset", assets=(asset(1),), outcomes=three).value == 3.0
    assert found("chronic_asset", assets=(asset(1),), outcomes=three[:2]) is None


def test_machines_that_report_are_counted_of_those_that_stand_here():
    machines = (asset(1), asset(2), asset(3, until=date(2025, 6, 1)))
    told = found("reporting_assets", assets=machines, times=(hours(date(2025, 12, 1), 1), hours(date(2025, 12, 1), 3)))
    assert told.value == 0.5


def test_a_capability_that_serves_no_objective_is_named():
    bought = Entitlement(
        asset_id=None, capability="boost", starts_on=date(2025, 1, 1), ends_on=None, annual_fee=None, currency=None
    )
    assert found("capability_without_objective", entitlements=(bought,)).subject == "boost"
    linked = event(
        "improvement", date(2025, 2, 1), id="I", status="proposed", title="t", capability="boost", objective="OB-1"
    )
    known = {"entitlements": (bought,), "events": (linked,), "objectives": (OBJECTIVE,)}
    assert found("capability_without_objective", **known) is None

"""From signature to first value: every case worked by hand."""

from datetime import date

import pytest

from services.health.account_assessment.onboarding import onboarding
from tests.unit.health.accounts import account, asset, contract, event, value

SIGNED = contract(signed_on=date(2025, 1, 10))
PLAN = (
    event("milestone", date(2025, 1, 12), name="first_data", due_on="2025-03-01"),
    event("milestone", date(2025, 1, 13), name="first_value", due_on="2025-09-01"),
)
VALUES = (value(date(2025, 4, 1), -3.0), value(date(2025, 5, 1), 12.0))


def found(day: date, **said: object):
    return onboarding(account(contracts=(SIGNED,), **said), day)


@pytest.mark.parametrize(
    ("day", "heard", "verdict"),
    [
        (date(2025, 2, 1), None, "on_plan"),
        (date(2025, 3, 1), None, "on_plan"),
        (date(2025, 3, 2), None, "slipping"),
        (date(2025, 4, 1), date(2025, 3, 20), "on_plan"),
        (date(2025, 9, 2), date(2025, 3, 20), "slipping"),
    ],
)
def test_a_start_slips_from_the_day_after_a_step_was_due(day, heard, verdict):
    assert found(day, events=PLAN, heard={} if heard is None else {1: heard}).verdict == verdict


def test_first_value_is_there_after_the_first_month_that_gained_something():
    after = found(date(2025, 6, 1), events=PLAN, heard={1: date(2025, 3, 20)}, values=VALUES)
    assert (after.verdict, after.value, after.unit) == ("done", 142.0, "d")
    assert [(f["what"], f["on"], f["value"]) for f in after.evidence["facts"]] == [
        ("contract signed", "2025-01-10", None),
        ("first data", "2025-03-20", 19.0),
        ("first value", "2025-06-01", -92.0),
    ]


def test_a_gain_within_chance_is_no_first_value():
    by_chance = value(date(2025, 4, 1), 5.0, hours_low=-1.0, hours_high=11.0)
    found_then = found(date(2025, 6, 1), events=PLAN, heard={1: date(2025, 3, 20)}, values=(by_chance,))
    assert found_then.verdict == "on_plan"


def test_what_came_later_was_not_known_yet():
    before = found(date(2025, 5, 1), events=PLAN, heard={1: date(2025, 3, 20)}, values=VALUES)
    assert (before.verdict, before.value) == ("on_plan", 111.0)


def test_a_milestone_of_the_plan_is_done_when_somebody_says_so():
    training = [
        event("milestone", date(2025, 2, 1), name="operators trained", due_on="2025-05-01", done_on=done)
        for done in (None, "2025-05-20")
    ]
    known = {"heard": {1: date(2025, 2, 20)}, "values": VALUES}
    assert found(date(2025, 6, 10), events=(*PLAN, training[0]), **known).verdict == "slipping"
    assert found(date(2025, 6, 10), events=(*PLAN, training[1]), **known).verdict == "done"


def test_without_a_plan_data_are_due_at_commissioning_and_value_has_no_verdict():
    machines = (asset(1, commissioned_on=date(2025, 2, 1)),)
    assert found(date(2025, 2, 2), assets=machines).verdict == "slipping"
    assert found(date(2025, 4, 1), assets=machines, heard={1: date(2025, 2, 1)}).verdict == "not_known"


def test_without_records_nothing_is_known_but_what_the_data_say():
    nobody = onboarding(account(heard={1: date(2025, 3, 20)}), date(2025, 6, 1))
    assert (nobody.verdict, nobody.value) == ("not_known", None)

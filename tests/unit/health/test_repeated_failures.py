"""A machine that fails more often than is usual for it, and one that always did."""

from datetime import timedelta

import numpy as np
import pytest

from services.health.advisory_generation.repeated_failures import _Usual
from services.health.assess import assess

from .worlds import START, asset, customer


def every(hours, *, since, until):
    """Failures of an hour each, so many hours apart, from day to day."""
    return [(hour, 1) for hour in range(24 * since, 24 * until, hours)]


def alerts(*machines):
    found = assess(None, customer(machines)).episodes
    return [e for e in found if e.kind == "repeated_failures"]


def test_after_no_failure_in_as_many_days_one_or_more_has_a_chance_of_29_in_100():
    """Worked by hand: 1 - (30 / 60) ** 0.5."""
    usual = _Usual(failures=np.array([0.0]), known_days=np.array([30.0]), own=np.array([True]))
    assert usual.chance(np.array([1.0]), np.array([30.0])) == pytest.approx([1 - 0.5**0.5])


def test_with_29_known_days_nobody_can_say_what_is_usual():
    usual = _Usual(failures=np.array([0.0]), known_days=np.array([29.0]), own=np.array([True]))
    assert np.isnan(usual.chance(np.array([9.0]), np.array([30.0]))).all()


def test_a_machine_that_fails_every_other_day_as_a_rule_is_no_alert():
    assert not alerts(asset(1, 300, downs=every(48, since=0, until=300)))


def test_a_machine_that_begins_to_fail_is_told_with_what_was_usual():
    (alert,) = alerts(asset(1, 300, downs=[*every(24 * 60, since=0, until=240), *every(72, since=240, until=300)]))
    assert START + timedelta(days=246) < alert.life.opened_at < START + timedelta(days=262)
    assert "usually it fails about once" in alert.content.sentence


def test_a_new_machine_is_compared_with_others_of_its_type():
    quiet = asset(1, 90), asset(2, 90)
    (alert,) = alerts(*quiet, asset(3, 90, downs=every(72, since=20, until=90)))
    assert alert.scope_id == 3
    assert "others of its kind there fail" in alert.content.sentence
    assert "usual_in_30_days" not in alert.content.evidence


def test_a_new_machine_that_fails_as_often_as_others_of_its_type_is_no_alert():
    assert not alerts(*(asset(n, 90, downs=every(72, since=n, until=90)) for n in (1, 2, 3)))


def test_an_alert_ends_when_the_machine_fails_as_often_as_it_always_did():
    as_ever = [*every(120, since=0, until=200), *every(120, since=230, until=300)]
    (alert,) = alerts(asset(1, 300, downs=sorted([*as_ever, *every(24, since=200, until=230)])))
    assert START + timedelta(days=235) < alert.life.resolved_at < START + timedelta(days=265)

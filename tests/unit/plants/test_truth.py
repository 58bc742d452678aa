"""What was planted, for whoever holds Bellwether against it."""

from datetime import UTC, datetime

from deploy.local.plants.fleet import customers
from deploy.local.plants.kinds import KINDS
from deploy.local.plants.story import STORIES
from deploy.local.plants.truth import TRUTHS
from services.health.advisory_generation.alert_kinds import KINDS as ALERT_KINDS


def test_every_customer_has_a_truth_in_kinds_of_alerts_that_exist() -> None:
    assert [truth.customer_id for truth in TRUTHS] == [story.id for story in STORIES]
    for truth in TRUTHS:
        assert truth.expected | truth.tolerated <= set(ALERT_KINDS)
        assert not truth.expected & truth.tolerated


def test_one_healthy_customer_is_to_stay_quiet() -> None:
    assert [truth.name for truth in TRUTHS if truth.quiet] == ["Northfield Foods"]


def test_the_fleet_is_worth_looking_at() -> None:
    plants = [plant for customer in customers(datetime(2026, 1, 5, tzinfo=UTC)) for plant in customer.plants]
    machines = [machine for plant in plants for machine in plant.machines]
    assert 24 <= len(machines) <= 30
    assert {machine.kind.id for machine in machines} == {kind.id for kind in KINDS}
    assert len({plant.calendar.timezone for plant in plants}) >= 4
    assert sum(plant.sparkplug for plant in plants) >= 3
    assert len({machine.id for machine in machines}) == len(machines)

"""Which failures a fleet is learned from: those that its customers recorded, or those that its states show."""

from datetime import UTC, datetime, timedelta

from services.health.fleet_learning.life_reading import Failures

START = datetime(2025, 1, 1, tzinfo=UTC)


def on(day: int) -> datetime:
    return START + timedelta(days=day)


def test_a_customer_that_records_failures_speaks_for_its_own_machines_only():
    """Customer 7 has machines 1 and 2 and records failures of one; customer 8 has machine 3 and records none."""
    found = Failures(
        told=((1, on(10)),),
        seen=((1, on(9)), (2, on(20)), (3, on(30))),
        stands_with={1: 7, 2: 7, 3: 8},
    )
    assert found.before(on(40)) == [(1, on(10)), (3, on(30))]


def test_what_is_recorded_later_does_not_speak_of_the_time_before():
    found = Failures(told=((1, on(10)),), seen=((1, on(5)),), stands_with={1: 7})
    assert found.before(on(8)) == [(1, on(5))]

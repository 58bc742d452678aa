"""What steps make of an alert, beside what health and the API tests tell of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.alerts import (
    Acknowledge,
    AlertLife,
    Assign,
    Persist,
    Resolution,
    Resolve,
    Snooze,
    Step,
    Unacknowledge,
    Unsnooze,
    begin,
    transition,
)
from shared.errors import InvalidActionError

NOW = datetime(2026, 9, 21, 8, 0, tzinfo=UTC)
OPEN = transition(begin(NOW), Persist(), NOW)
TAKEN = transition(OPEN, Acknowledge("ann"), NOW)
ASLEEP = transition(TAKEN, Snooze("ann", NOW + timedelta(days=1), "later"), NOW)
OVER = transition(OPEN, Resolve(Resolution.AVERTED), NOW)


@pytest.mark.parametrize("before", [OPEN, transition(OPEN, Assign("ann", "bo"), NOW)])
def test_an_acknowledgement_that_is_taken_back_leaves_what_was_before(before: AlertLife) -> None:
    assert transition(transition(before, Acknowledge("ann"), NOW), Unacknowledge("ann"), NOW) == before


def test_a_snoozed_alert_that_is_wanted_again_is_awake_and_still_acknowledged() -> None:
    assert transition(ASLEEP, Unsnooze("ann"), NOW) == TAKEN


def test_whoever_it_is_assigned_to_the_state_stays() -> None:
    mine = transition(ASLEEP, Assign("ann", "service_manager"), NOW)
    assert mine == replace(ASLEEP, assigned_to="service_manager")
    assert transition(mine, Assign("ann", None), NOW) == ASLEEP


@pytest.mark.parametrize(
    ("life", "step"),
    [
        (OPEN, Unacknowledge("ann")),
        (TAKEN, Acknowledge("bo")),
        (TAKEN, Unsnooze("ann")),
        (TAKEN, Assign("ann", None)),
        (replace(TAKEN, snoozed_until=NOW), Unsnooze("ann")),
    ],
)
def test_what_is_so_already_changes_nothing(life: AlertLife, step: Step) -> None:
    assert transition(life, step, NOW) == life


@pytest.mark.parametrize("step", [Unacknowledge("ann"), Unsnooze("ann"), Assign("ann", "bo")])
@pytest.mark.parametrize("life", [OVER, begin(NOW)])
def test_what_is_over_or_not_yet_real_is_nobodys_to_move(life: AlertLife, step: Step) -> None:
    with pytest.raises(InvalidActionError, match=r"resolved|pending"):
        transition(life, step, NOW)

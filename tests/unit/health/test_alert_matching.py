from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.health.assessment import AlertContent, Episode, Stake
from services.health.saving.alert_matching import StoredAlert, matched, merged, withdrawn
from shared.alerts import AlertLife, AlertState, Resolution, Tier

DAY = timedelta(days=1)
START = datetime(2024, 3, 4, tzinfo=UTC)
CONTENT = AlertContent(
    tier=Tier.ACT,
    sentence="The pump will stop.",
    evidence={},
    stake=Stake(),
    expected_at=None,
    expected_low=None,
    expected_high=None,
    confidence=None,
    owner_role="service",
    play="Call.",
)


def life(since, until=None):
    state = AlertState.OPEN if until is None else AlertState.RESOLVED
    return AlertLife(
        state=state,
        pending_since=START + since * DAY,
        opened_at=START + since * DAY,
        resolved_at=None if until is None else START + until * DAY,
        resolution=None if until is None else Resolution.RECOVERED,
    )


def stored(number, since, until=None, scope=1, dismissed=None):
    return StoredAlert(
        alert_id=UUID(int=number),
        kind="wear",
        scope_type="asset",
        scope_id=scope,
        life=life(since, until),
        dismissed_at=None if dismissed is None else START + dismissed * DAY,
    )


def episode(since, until=None, scope=1):
    return Episode(kind="wear", scope_type="asset", scope_id=scope, life=life(since, until), content=CONTENT)


@pytest.mark.parametrize(
    ("case", "alerts", "episodes", "same", "new", "unsupported"),
    [
        ("found again", [stored(1, 0)], [episode(0)], [(1, 0)], [], []),
        ("began earlier than thought", [stored(1, 3)], [episode(2)], [(1, 2)], [], []),
        ("after the stored one ended", [stored(1, 0, 1)], [episode(2)], [], [2], [1]),
        ("of another machine", [stored(1, 0)], [episode(0, scope=2)], [], [0], [1]),
        ("not found again", [stored(1, 0)], [], [], [], [1]),
        ("the same start goes before overlap", [stored(1, 0), stored(2, 2)], [episode(2)], [(2, 2)], [], [1]),
        ("one becomes two", [stored(1, 0, 9)], [episode(1, 3), episode(5, 7)], [(1, 1)], [5], []),
        ("two become one", [stored(1, 1, 3), stored(2, 5, 7)], [episode(0, 9)], [(1, 0)], [], [2]),
        ("a person ended it before", [stored(1, 0, 9, dismissed=2)], [episode(4)], [], [4], [1]),
    ],
)
def test_which_alert_an_episode_is(case, alerts, episodes, same, new, unsupported):
    found = matched(alerts, episodes, START)
    assert [(a.alert_id.int, (e.life.pending_since - START) / DAY) for a, e in found.same] == same, case
    assert [(e.life.pending_since - START) / DAY for e in found.new] == new, case
    assert [a.alert_id.int for a in found.unsupported] == unsupported, case


def test_what_was_over_before_the_assessed_time_is_left_alone():
    found = matched([stored(1, 0, 1)], [], START + 2 * DAY)
    assert found.unsupported == ()


def test_who_acknowledged_and_until_when_it_is_snoozed_stands():
    before = stored(1, 0)
    at = START + 300 * DAY
    taken = replace(
        before,
        life=replace(
            before.life,
            state=AlertState.ACKNOWLEDGED,
            acknowledged_at=at,
            acknowledged_by="ann",
            snoozed_until=at + DAY,
            snooze_reason="visit planned",
            assigned_to="bo",
        ),
    )
    after = merged(taken, life(0))
    assert after == taken.life
    assert merged(taken, life(0, 5)).state == AlertState.RESOLVED
    assert merged(taken, life(0, 5)).acknowledged_by == "ann"


def test_an_acknowledgement_that_nobody_gave_is_not_taken_from_the_assessment():
    assert merged(stored(1, 0), replace(life(0), state=AlertState.ACKNOWLEDGED)).state == AlertState.OPEN


def test_what_a_person_resolved_stays_resolved_as_they_said():
    dismissed = stored(1, 1, 9, dismissed=2)
    after = merged(dismissed, life(0))
    assert (after.state, after.resolution, after.resolved_at) == (
        AlertState.RESOLVED,
        Resolution.RECOVERED,
        START + 9 * DAY,
    )
    assert after.pending_since == START


def test_what_recovered_too_early_opens_again_with_more_data():
    assert merged(stored(1, 0, 2), life(0)).state == AlertState.OPEN


def test_an_alert_without_support_ends_as_a_data_gap_once():
    ended = withdrawn(stored(1, 0), START + DAY)
    assert (ended.state, ended.resolution, ended.resolved_at) == (
        AlertState.RESOLVED,
        Resolution.DATA_GAP,
        START + DAY,
    )
    assert withdrawn(replace(stored(1, 0), life=ended), START + 2 * DAY) is None


def test_what_recovered_and_is_not_supported_any_more_keeps_its_end_but_not_its_reason():
    ended = withdrawn(stored(1, 0, 1), START + 2 * DAY)
    assert (ended.resolved_at, ended.resolution) == (START + DAY, Resolution.DATA_GAP)
    assert withdrawn(stored(1, 0, 3, dismissed=2), START + 2 * DAY) is None

"""The life of an alert over hours. Stories are strings, an hour a letter: r raised, c cleared, - neither, ? unknown."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.advisory_generation.alert_kinds import AlertKind
from services.health.advisory_generation.episodes import Condition, advance_alerts
from services.health.assessment import AlertContent, PersonAction, Stake
from shared.alerts import AlertState, Resolution, Tier

START = datetime(2024, 1, 1, tzinfo=UTC)
KIND = AlertKind(
    name="wear",
    scope_type="asset",
    tier=Tier.ACT,
    owner_roles=("service_manager", "account_manager"),
    sentence="{asset} drifts.",
    play="Look.",
    pending_h=2,
    minimum_hold_h=3,
    gap_h=4,
)


def hour(number):
    return START + timedelta(hours=number)


def condition(story, materialised="", acted="", renewed="", offset=0):
    def describe(at):
        return AlertContent(
            tier=Tier.ACT,
            sentence=f"hour {at + offset}",
            evidence={},
            stake=Stake(),
            expected_at=None,
            expected_low=None,
            expected_high=None,
            confidence=None,
            owner_role="service_manager",
            play="Look.",
        )

    letters = np.array(list(story))
    return Condition(
        kind=KIND,
        scope_id=1,
        raised=letters == "r",
        cleared=letters == "c",
        known=letters != "?",
        describe=describe,
        materialised=np.array(list(materialised.ljust(len(story)))) == "m",
        acted=np.array(list(acted.ljust(len(story)))) == "a",
        renewed=np.array(list(renewed.ljust(len(story)))) == "n",
    )


def told(story, actions=(), **more):
    episodes, _ = advance_alerts({}, [condition(story, **more)], actions, start=START, keep_hours=0)
    return [(e.life.opened_at, e.life.resolved_at, e.life.resolution) for e in episodes]


def person(action, at, **more):
    return PersonAction(
        kind="wear",
        scope_type="asset",
        scope_id=1,
        pending_since=hour(1),
        at=hour(at),
        effective_at=hour(at),
        actor="Ada",
        action=action,
        **more,
    )


def test_a_condition_must_hold_before_anyone_hears_of_it():
    assert told("rr") == []
    assert told("rrc") == []
    assert told("rrr") == [(hour(3), None, None)]


def test_between_the_levels_an_alert_stays():
    assert told("r--") == [(hour(3), None, None)]
    assert told("r-------") == [(hour(3), None, None)]


def test_an_alert_stays_for_its_minimum_and_then_recovers():
    assert told("rrrccccc") == [(hour(3), hour(6), Resolution.RECOVERED)]


def test_silence_never_recovers_and_ends_as_a_data_gap():
    assert told("rrr???") == [(hour(3), None, None)]
    assert told("rrr????") == [(hour(3), hour(7), Resolution.DATA_GAP)]


def test_silence_while_pending_raises_nothing():
    assert told("r????rr") == []


def test_hours_that_nobody_saw_do_not_count_as_held():
    """Two more must follow the first: the second of them is over at hour 6, however the silence between is cut."""
    story = "r???--"
    assert told(story) == [(hour(6), None, None)]
    for cut in range(1, 6):
        _, kept = advance_alerts({}, [condition(story[:cut])], (), start=START, keep_hours=cut)
        later = condition(story[cut:], offset=cut)
        (episode,), _ = advance_alerts(kept, [later], (), start=hour(cut), keep_hours=0)
        assert episode.life.opened_at == hour(6)


def test_what_was_feared_and_happened_ends_the_episode_and_raises_no_other():
    assert told("rrrrrrrrrr", materialised="     m") == [(hour(3), hour(6), Resolution.MATERIALISED)]
    again = told("rrrrrrcrrr", materialised="     m")
    assert again == [(hour(3), hour(6), Resolution.MATERIALISED), (hour(10), None, None)]


def test_what_is_about_something_else_is_told_again():
    first, second = (hour(3), hour(6), Resolution.MATERIALISED), (hour(9), None, None)
    assert told("rrrrrrrrrr", materialised="     m", renewed="     n") == [first, second]
    assert told("rrrrrrrrrr", materialised="     m", renewed="      n") == [first, second]
    resolve = person("resolve", 5, resolution=Resolution.DISMISSED_FALSE)
    assert told("rrrrrrrrrr", [resolve], renewed="      n")[1:] == [second]


def test_what_somebody_worked_on_before_it_cleared_was_averted():
    assert told("rrrrccccc", acted="    a") == [(hour(3), hour(6), Resolution.AVERTED)]
    assert told("rrrrccccc", acted="a        ") == [(hour(3), hour(6), Resolution.RECOVERED)]


def test_a_persons_resolution_ends_it_and_the_unbroken_condition_stays_quiet():
    resolve = person("resolve", 5, resolution=Resolution.DISMISSED_FALSE)
    assert told("rrrrrrrrrr", [resolve]) == [(hour(3), hour(5), Resolution.DISMISSED_FALSE)]
    assert told("rrrrrrcrrr", [resolve]) == [(hour(3), hour(5), Resolution.DISMISSED_FALSE), (hour(10), None, None)]


def test_acknowledging_and_snoozing_show_on_the_episode():
    actions = [person("acknowledge", 4), person("snooze", 5, until=hour(50), reason="spare on its way")]
    (episode,), _ = advance_alerts({}, [condition("rrrrrr")], actions, start=START, keep_hours=0)
    assert (episode.life.state, episode.life.acknowledged_by) == (AlertState.ACKNOWLEDGED, "Ada")
    assert (episode.life.snoozed_until, episode.life.snooze_reason) == (hour(50), "spare on its way")


def test_an_action_on_another_episode_changes_nothing():
    other = PersonAction(
        kind="wear",
        scope_type="asset",
        scope_id=1,
        pending_since=hour(99),
        at=hour(5),
        effective_at=hour(5),
        actor="Ada",
        action="resolve",
    )
    assert told("rrrrrr", [other]) == [(hour(3), None, None)]


def test_an_alert_speaks_of_its_last_day_or_of_its_opening():
    (episode,), _ = advance_alerts({}, [condition("c" * 30 + "r" * 5)], (), start=START, keep_hours=24)
    assert episode.content.sentence == "hour 32"
    (episode,), _ = advance_alerts({}, [condition("c" * 5 + "r" * 50)], (), start=START, keep_hours=48)
    assert episode.content.sentence == "hour 48"


def test_an_alert_belongs_to_the_first_of_its_roles_that_the_customer_has_and_never_to_nobody():
    assert KIND.owner_role(["account_manager"]) == "account_manager"
    assert KIND.owner_role([]) == "service_manager"


@given(
    st.text(alphabet="rrrrcc--??", min_size=49, max_size=90),
    st.integers(0, 89),
    st.integers(0, 89),
    st.sampled_from([24, 48]),
)
def test_two_blocks_give_what_one_gives(story, failed_at, renewed_at, cut):
    materialised = " " * failed_at + "m"
    renewed = " " * renewed_at + "n"
    actions = [person("resolve", 30, resolution=Resolution.ACCEPTED_RISK)]

    def part(own, offset=0):
        return condition(story[own], materialised[: len(story)][own], renewed=renewed[: len(story)][own], offset=offset)

    whole, _ = advance_alerts({}, [part(slice(None))], actions, start=START, keep_hours=0)
    first, kept = advance_alerts({}, [part(slice(cut))], actions, start=START, keep_hours=cut)
    later = part(slice(cut, None), cut)
    second, _ = advance_alerts(kept, [later], actions, start=hour(cut), keep_hours=0)
    ended = [e for e in first if e.life.resolved_at is not None]
    assert [*ended, *second] == [e for e in whole if e.life.opened_at is not None]


@pytest.mark.parametrize("keep", [24, 48])
def test_the_standing_kept_is_that_of_its_midnight(keep):
    story = "c" * 20 + "r" * 40
    _, kept = advance_alerts({}, [condition(story)], (), start=START, keep_hours=keep)
    _, alone = advance_alerts({}, [condition(story[:keep])], (), start=START, keep_hours=keep)
    assert kept == alone

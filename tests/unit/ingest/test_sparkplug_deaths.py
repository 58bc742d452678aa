"""What the deaths of nodes and devices end."""

import pytest

from services.ingest.messages.readings import Silence
from services.ingest.sparkplug import SparkplugHost
from services.ingest.sparkplug.deaths import presumed_death
from tests.unit.ingest.messages import NOW_MS, NOW_US
from tests.unit.ingest.sparkplug_hosting import (
    SECOND_US,
    SOURCE,
    asked,
    edge_node,
    hear,
    in_session,
    reasons,
    silences,
    values,
    without,
)


def test_a_death_silences_the_node_and_all_its_devices_by_our_clock_and_makes_its_aliases_unknown():
    host, edge = in_session(reorder_timeout_us=0)
    (death,) = hear(host, [edge.death()])
    assert death.silences == (Silence(SOURCE, None, None),)
    assert death.alive is False
    assert len(reasons(hear(host, [edge.data(), edge.data("pump")]))) == 2


def test_the_death_of_an_earlier_session_changes_nothing():
    host, edge = in_session()
    hear(host, edge.restart())
    assert hear(host, [edge.death(bd_seq=0)]) == []
    assert values(hear(host, [edge.data(value=1.0)])) == [1.0]
    assert host.counts.stale_deaths == 1


def test_the_will_of_a_node_that_has_said_goodbye_says_nothing_new():
    host, edge = in_session()
    assert len(silences(hear(host, [edge.death(), edge.death()]))) == 1


def test_a_node_that_spoke_after_its_death_can_die_again():
    host, edge = in_session(reorder_timeout_us=0)
    assert len(silences(hear(host, [edge.death(), edge.named_data(), edge.death()]))) == 2


@pytest.mark.parametrize("where", ["birth", "death"])
def test_a_death_is_believed_where_a_number_is_missing(where):
    host, edge = SparkplugHost(), edge_node()
    birth, death = edge.birth(), edge.death(bd_seq=9)
    if where == "birth":
        birth[0] = without(birth[0], "metrics")
    else:
        death = without(death, "metrics")
    hear(host, birth)
    assert silences(hear(host, [death])) == [(None, None)]


def test_the_death_of_a_stranger_is_a_death():
    assert silences(hear(SparkplugHost(), [edge_node().death()])) == [(None, None)]


def test_what_waits_when_a_node_dies_is_stored_before_its_death_without_a_question():
    host, edge = in_session()
    messages = [edge.data(value=float(n)) for n in range(4)]
    out = hear(host, [messages[1], messages[3], edge.death()])
    assert values(out[:-1]) == [1.0, 3.0]
    assert silences(out[-1:]) == [(None, None)]
    assert asked(out) == 0
    assert (host.messages_held, host.nodes_born) == (0, 0)


def test_a_dead_node_is_not_asked_for_what_was_missing_before():
    host, edge = in_session(reorder_timeout_us=0)
    edge.data()
    assert asked(hear(host, [edge.data()])) == 1
    out = hear(host, [edge.death(), *edge.restart(), edge.data()], at_us=NOW_US + 60 * SECOND_US)
    assert asked(out) == 0


def test_a_devices_death_silences_it_right_after_the_payloads_time_and_forgets_its_births():
    host, edge = in_session()
    death = edge.device_death("pump")
    assert silences(hear(host, [death])) == [("pump", edge.clock_ms * 1000 + 1)]
    out = hear(host, [edge.data("pump")])
    assert (len(reasons(out)), asked(out)) == (1, 1)
    assert values(hear(host, [edge.data()])) == [1.0]


def test_a_devices_death_without_a_time_or_with_an_impossible_one_is_refused():
    host, edge = in_session()
    assert reasons(hear(host, [without(edge.device_death("pump"), "timestamp")])) == [
        "the death of a device has no time"
    ]
    edge.clock_ms = NOW_MS + 2 * 86_400_000
    assert "ahead of ours" in reasons(hear(host, [edge.device_death("pump")]))[0]


def test_silence_before_a_birth_with_an_impossible_time_begins_when_we_heard_of_it():
    host, edge = in_session()
    edge.clock_ms = 5
    out = hear(host, edge.restart(), at_us=NOW_US + 60 * SECOND_US)
    assert silences(out) == [(None, None)]
    assert "before 1990" in reasons(out)[0]


def test_the_death_of_a_node_that_answers_no_more_is_presumed_as_its_own_would_be_told():
    told = hear(SparkplugHost(), [edge_node().death()])[0]
    presumed = presumed_death("g", "edge", NOW_US)
    assert (presumed.silences, presumed.alive) == (told.silences, told.alive)
    assert presumed.envelope.topic == told.envelope.topic

"""Nodes whose birth has not been heard, and when births are asked for."""

from services.ingest.sparkplug import SparkplugHost
from tests.sparkplug_edge import lost
from tests.unit.ingest.messages import NOW_US
from tests.unit.ingest.sparkplug_hosting import (
    SECOND_US,
    asked,
    edge_node,
    hear,
    in_session,
    reasons,
    values,
)


def test_a_stranger_is_asked_for_births_at_its_first_message():
    host, edge = SparkplugHost(), edge_node()
    (question,) = hear(host, [edge.named_data()])
    assert question.rebirth == ("g", "edge")
    assert (question.readings, question.reason, question.envelope.payload) == ((), None, b"")


def test_a_strangers_named_data_are_stored_when_no_birth_comes_in_time():
    host, edge = SparkplugHost(), edge_node()
    hear(host, [edge.named_data(value=1.0), edge.named_data(value=2.0)])
    out = host.due(NOW_US + 5 * SECOND_US)
    assert values(out) == [1.0, 2.0]
    assert asked(out) == 0
    assert values(hear(host, [edge.named_data(value=3.0)], at_us=NOW_US + 6 * SECOND_US)) == [3.0]


def test_a_strangers_aliases_are_refused_when_no_birth_comes_in_time():
    host, edge = SparkplugHost(), edge_node()
    hear(host, [edge.data()])
    assert reasons(host.due(NOW_US + 5 * SECOND_US)) == ["no birth gives alias 1 to one metric"]


def test_what_a_stranger_said_before_it_is_born_again_is_not_read_with_the_new_aliases():
    host, edge = SparkplugHost(), edge_node()
    out = hear(host, [edge.named_data(value=5.0), edge.data(value=6.0), *edge.birth()])
    assert values(out)[0] == 5.0
    assert len(reasons(out)) == 1
    assert host.messages_held == 0


def test_a_strangers_device_birth_names_its_aliases_though_its_nodes_never_comes():
    host, edge = SparkplugHost(), edge_node()
    edge.tags = {None: (), "pump": edge.tags["pump"]}
    hear(host, [*lost(edge.birth(), 0), edge.data("pump", 4.0)])
    assert values(host.due(NOW_US + 5 * SECOND_US)) == [0.0, 0.0, 4.0, 4.0]


def test_births_are_asked_for_at_most_once_in_thirty_seconds_and_again_until_they_come():
    host, edge = in_session(reorder_timeout_us=0)
    edge.data()
    at = (0, 1, 29, 30, 31, 60)
    out = [asked(hear(host, [edge.data()], at_us=NOW_US + s * SECOND_US)) for s in at]
    assert out == [1, 0, 0, 1, 0, 1]
    hear(host, edge.birth(), at_us=NOW_US + 61 * SECOND_US)
    assert asked(hear(host, [edge.data()], at_us=NOW_US + 120 * SECOND_US)) == 0
    assert host.counts.rebirths == 3


def test_a_clock_that_is_set_back_does_not_silence_the_questions():
    host, edge = in_session(reorder_timeout_us=0)
    edge.data()
    hear(host, [edge.data()])
    assert asked(hear(host, [edge.data()], at_us=NOW_US - 60 * SECOND_US)) == 1


def test_data_of_a_device_without_a_birth_ask_for_it():
    host, edge = SparkplugHost(), edge_node()
    out = hear(host, [*edge.birth(without="pump"), edge.data("pump")])
    assert asked(out) == 1
    assert len(reasons(out)) == 1


def test_a_node_that_never_names_one_of_its_devices_is_not_asked_at_every_message():
    host, edge = SparkplugHost(), edge_node()
    out = []
    for s in range(60):
        at_us = NOW_US + s * SECOND_US
        edge.clock_ms = at_us // 1000
        out.append(asked(hear(host, [*edge.birth(without="pump"), edge.named_data("pump")], at_us=at_us)))
    assert [s for s, count in enumerate(out) if count] == [0, 30]


def test_rebirths_that_are_ignored_are_asked_for_again_and_what_comes_meanwhile_is_stored():
    host, edge = in_session()
    edge.rebirths_ignored = 2
    edge.data()
    questions = stored = 0
    for s in range(100):
        at_us = NOW_US + s * SECOND_US
        edge.clock_ms = at_us // 1000
        out = [*hear(host, [edge.data()], at_us=at_us), *host.due(at_us)]
        questions += asked(out)
        for _ in range(asked(out)):
            out += hear(host, edge.asked(), at_us=at_us)
        stored += values(out).count(1.0)
    assert questions == 3
    assert stored == 100

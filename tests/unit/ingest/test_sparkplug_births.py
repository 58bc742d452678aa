"""What a birth begins, and what it ends."""

from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_US
from tests.unit.ingest.sparkplug_hosting import (
    SECOND_US,
    asked,
    edge_node,
    hear,
    in_session,
    reasons,
    samples,
    silences,
    values,
    without,
)


def test_a_birth_may_start_at_any_number():
    host, edge = SparkplugHost(), edge_node()
    birth = Payload.FromString(edge.birth()[0].payload)
    birth.seq = edge.seq = 77
    hear(host, [edge.birth()[0]._replace(payload=birth.SerializeToString())])
    edge.seq = 77
    assert values(hear(host, [edge.data(value=3.0)])) == [3.0]


def test_a_birth_without_a_number_counts_as_0():
    host, edge = SparkplugHost(), edge_node()
    born = hear(host, [without(each, "seq") if "NBIRTH" in each.topic else each for each in edge.birth()])
    assert len(values(born)) == 3
    assert asked(hear(host, [edge.data()])) == 0


def test_a_restart_without_a_death_ends_all_that_was_said_just_before_the_birth():
    host, edge = in_session()
    out = hear(host, edge.restart())
    birth_us = (edge.clock_ms - 10) * 1000
    assert silences(out) == [(None, birth_us - 1)]
    assert out[0].alive is True
    assert reasons(out) == []


def test_a_birth_of_the_same_session_ends_nothing():
    host, edge = in_session()
    assert silences(hear(host, edge.birth())) == []
    assert silences(host.due(NOW_US + 60 * SECOND_US)) == []


def test_a_device_that_is_not_born_again_in_time_has_been_silent_since_the_nodes_birth():
    host, edge = in_session()
    birth_us = (edge.clock_ms + 10) * 1000
    assert silences(hear(host, edge.birth(without="pump"))) == []
    out = host.due(NOW_US + 5 * SECOND_US)
    assert silences(out) == [("pump", birth_us - 1)]
    assert out[0].envelope.payload == b""
    assert silences(host.due(NOW_US + 60 * SECOND_US)) == []


def test_two_births_in_a_row_do_not_end_devices_that_are_about_to_be_born():
    host, edge = in_session()
    hear(host, edge.birth(without="pump"))
    hear(host, edge.birth(), at_us=NOW_US + SECOND_US)
    assert silences(host.due(NOW_US + 60 * SECOND_US)) == []
    hear(host, edge.birth(without="pump"), at_us=NOW_US + 61 * SECOND_US)
    hear(host, edge.birth(without="pump"), at_us=NOW_US + 62 * SECOND_US)
    assert [device for device, _ in silences(host.due(NOW_US + 70 * SECOND_US))] == ["pump"]


def test_a_device_that_said_goodbye_is_not_ended_again():
    host, edge = in_session()
    hear(host, [*edge.birth(without="pump"), edge.device_death("pump")])
    assert silences(host.due(NOW_US + 60 * SECOND_US)) == []


def test_after_a_birth_that_takes_aliases_for_others_data_are_read_with_the_new():
    host, edge = in_session()
    edge.renumber()
    out = hear(host, [*edge.birth(), edge.data("pump", 4.0)])
    assert [(device, metric) for device, metric, _, value in samples(out) if value == 4.0] == [
        ("pump", "flow"),
        ("pump", "pressure"),
    ]


def test_a_birth_that_was_overtaken_by_the_next_is_stored_and_ends_no_session():
    host, edge = in_session()
    overtaken = edge.birth()
    hear(host, edge.birth())
    assert len(values(hear(host, overtaken[:1]))) == 1
    assert values(hear(host, [edge.data(value=8.0)])) == [8.0]


def test_what_waited_when_the_node_was_born_again_is_stored_without_another_question():
    host, edge = in_session()
    messages = [edge.data(value=float(n)) for n in range(3)]
    out = [*hear(host, messages[1:]), *hear(host, edge.birth()), *host.due(NOW_US + 5 * SECOND_US)]
    assert [v for v in values(out) if v] == [1.0, 2.0]
    assert asked(out) == 0


def test_what_the_session_before_said_late_is_refused_nothing_and_asks_nothing():
    host, edge = in_session()
    late = edge.data(value=7.0)
    hear(host, edge.birth())
    out = hear(host, [late, late])
    assert values(out) == [7.0]
    assert asked(out) == 0
    assert values(hear(host, [edge.data(value=8.0)])) == [8.0]


def test_the_first_birth_that_is_heard_ends_all_that_was_said_before():
    host, edge = SparkplugHost(), edge_node()
    assert silences(hear(host, edge.birth())) == [(None, (edge.clock_ms - 10) * 1000 - 1)]


def test_a_device_that_died_while_nobody_listened_has_been_silent_since_the_birth():
    host, edge = in_session()
    host.forget()
    born_us = (edge.clock_ms + 10) * 1000
    assert silences(hear(host, edge.birth(without="pump"))) == [(None, born_us - 1)]
    assert silences(host.due(NOW_US + 60 * SECOND_US)) == []


def test_after_a_death_a_birth_ends_nothing_again_unless_the_node_spoke_between():
    host, edge = in_session(reorder_timeout_us=0)
    hear(host, [edge.death()])
    assert silences(hear(host, edge.birth())) == []
    hear(host, [edge.death(bd_seq=edge.bd_seq), edge.named_data()])
    assert [device for device, _ in silences(hear(host, edge.birth()))] == [None]

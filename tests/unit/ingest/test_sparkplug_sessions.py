import pytest

from services.ingest.messages.readings import Silence
from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug import DataType, Metric, node_birth, payload, topic
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.sparkplug_edge import EdgeNode, lost
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope
from tests.unit.ingest.sparkplug_hosting import (
    SECOND_US,
    SOURCE,
    asked,
    edge_node,
    hear,
    reasons,
    samples,
    silences,
    values,
)


def in_session(**settings):
    host, edge = SparkplugHost(**settings), edge_node()
    hear(host, edge.birth())
    return host, edge


def without(message, field):
    raw = Payload.FromString(message.payload)
    raw.ClearField(field)
    return message._replace(payload=raw.SerializeToString())


# Strangers: nodes whose birth has not been heard.


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


# Rebirth requests.


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


# Births.


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


# Deaths.


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


# A new connection, and the bounds.


def test_after_a_new_connection_aliases_are_unknown_and_births_are_asked_for_at_once():
    host, edge = in_session(rebirth_every_us=3600 * SECOND_US)
    edge.data()
    hear(host, [edge.data()])
    host.due(NOW_US + 5 * SECOND_US)
    host.forget()
    assert asked(hear(host, [edge.data()])) == 1
    assert host.nodes_born == 0


@pytest.mark.parametrize("next_call", ["receive", "due"])
def test_what_waited_when_the_connection_was_lost_comes_out_next_read_with_the_births_of_its_time(next_call):
    host, edge = in_session()
    edge.data()
    hear(host, [edge.data(value=2.0)])
    host.forget()
    out = host.due(NOW_US) if next_call == "due" else hear(host, [edge.named_data()])
    assert values(out) == [2.0]
    assert host.due(NOW_US) == []


def test_of_a_forgotten_node_what_waited_is_stored():
    host = SparkplugHost()
    other = edge_node()
    out = []
    for number in range(4_097):
        other.edge = f"invented {number}"
        out += hear(host, [other.named_data(value=float(number))])
    assert values(out) == [0.0]


def births_of(edge, metrics):
    told = [Metric(name=f"m{n}", alias=n, datatype=DataType.DOUBLE, value=0.0) for n in range(1, metrics + 1)]
    return envelope(topic("g", "NBIRTH", edge), node_birth(told, bd_seq=0, timestamp_ms=NOW_MS))


def says_m1(host, edge, seq):
    body = payload([Metric(alias=1, datatype=DataType.DOUBLE, value=1.0)], timestamp_ms=NOW_MS, seq=seq)
    return values(host.receive(envelope(topic("g", "NDATA", edge), body)))


def test_beyond_the_metrics_that_are_kept_the_node_that_was_silent_longest_is_forgotten():
    host = SparkplugHost(known_metrics=130)
    for edge in ("a", "b"):
        host.receive(births_of(edge, 40))
    assert says_m1(host, "a", 1) == [1.0]
    host.receive(births_of("c", 40))
    assert [says_m1(host, "a", 2), says_m1(host, "b", 1), says_m1(host, "c", 1)] == [[1.0], [], [1.0]]
    assert (host.nodes_born, host.counts.forgotten_nodes) == (2, 1)


def test_births_again_and_deaths_give_back_what_they_took():
    host = SparkplugHost(known_metrics=150)
    for _ in range(5):
        host.receive(births_of("a", 60))
    edge = EdgeNode(clock_ms=NOW_MS, edge="b", tags={None: ()})
    for _ in range(5):
        hear(host, [*edge.birth(), edge.death()])
        host.receive(births_of("c", 30))
        host.receive(envelope(topic("g", "NDEATH", "c"), b""))
    assert (host.nodes_born, host.counts.forgotten_nodes) == (1, 0)


def test_a_strangers_device_births_count_too_and_it_is_forgotten_first():
    host = SparkplugHost(known_metrics=100)
    host.receive(births_of("a", 40))
    told = [Metric(name=f"m{n}", alias=n, datatype=DataType.DOUBLE, value=0.0) for n in range(1, 80)]
    body = payload(told, timestamp_ms=NOW_MS, seq=1)
    host.receive(envelope(topic("g", "DBIRTH", "b", "d"), body))
    host.due(NOW_US + 5 * SECOND_US)
    assert says_m1(host, "a", 1) == [1.0]
    assert (host.nodes_born, host.counts.forgotten_nodes) == (1, 1)


def test_nodes_of_few_metrics_count_as_nodes():
    host = SparkplugHost(known_metrics=1_000)
    for number in range(100):
        host.receive(births_of(f"edge {number}", 1))
    assert 40 < host.nodes_born < 70


def test_after_a_new_connection_no_device_is_ended_for_births_that_nobody_could_hear():
    host, edge = in_session()
    hear(host, edge.birth(without="pump"))
    host.forget()
    assert host.due(NOW_US + 60 * SECOND_US) == []


def test_one_node_may_have_more_than_the_bound():
    host = SparkplugHost(known_metrics=10)
    host.receive(births_of("a", 40))
    assert says_m1(host, "a", 1) == [1.0]

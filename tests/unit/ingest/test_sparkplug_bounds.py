"""What a host remembers is bounded, and beyond the bound it neither nags nodes nor forgets silently."""

import tracemalloc

import pytest

from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug import DataType, Metric, node_birth, payload, topic
from tests.sparkplug_edge import EdgeNode, Tag
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope
from tests.unit.ingest.sparkplug_hosting import (
    SECOND_US,
    asked,
    edge_node,
    hear,
    reasons,
    values,
)

HUNDRED_TAGS = tuple(Tag(f"m{n}", n) for n in range(1, 101))


def test_nodes_whose_births_do_not_fit_together_are_asked_no_more_often_than_any():
    host = SparkplugHost(known_metrics=300)
    edges = [EdgeNode(clock_ms=NOW_MS, edge=f"e{n}", tags={None: HUNDRED_TAGS}) for n in range(4)]
    for edge in edges:
        hear(host, edge.birth())
    questions = 0
    for s in range(60):
        at_us = NOW_US + s * SECOND_US
        host.due(at_us)
        for edge in edges:
            told = asked(hear(host, [edge.data()], at_us=at_us))
            questions += told
            hear(host, edge.birth() if told else [], at_us=at_us)
    assert 4 <= questions <= 8
    assert host.counts.forgotten_nodes >= questions


def test_invented_nodes_are_forgotten_and_the_real_one_is_not():
    host, edge = SparkplugHost(), edge_node()
    hear(host, edge.birth())
    other = edge_node()
    for number in range(5_000):
        other.edge = f"invented {number}"
        hear(host, [other.named_data()])
    assert (host.counts.forgotten_unborn, host.counts.forgotten_nodes) == (5_000 - 4_096, 0)
    assert host.messages_held <= 4_096
    assert values(hear(host, [edge.data(value=1.0)])) == [1.0]


def test_a_birth_of_long_names_is_refused_and_takes_no_memory():
    host, edge = SparkplugHost(), edge_node()
    edge.tags = {None: ()} | {f"d{n}": (Tag(f"{n}" + 2_000_000 * "x", 1),) for n in range(10)}
    births = edge.birth()
    tracemalloc.start()
    refused = reasons(hear(host, births))
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(refused) == 10
    assert taken < 1_000_000
    data = hear(host, [edge.data("d1")])
    assert (asked(data), len(reasons(data))) == (0, 1)


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param([Tag("m", n) for n in range(1, 401)], id="many aliases"),
        pytest.param([Tag(f"{n}" + 500 * "x", n) for n in range(100, 250)], id="long names"),
    ],
)
def test_aliases_and_long_names_take_room_too(tags):
    host = SparkplugHost(known_metrics=350)
    for name in ("first", "second"):
        hear(host, EdgeNode(clock_ms=NOW_MS, edge=name, tags={None: tuple(tags)}).birth())
    assert (host.nodes_born, host.counts.forgotten_nodes) == (1, 1)


def test_of_one_node_that_has_more_than_the_bound_the_oldest_births_are_forgotten():
    host = SparkplugHost(known_metrics=400)
    edge = EdgeNode(clock_ms=NOW_MS, tags={None: ()} | dict.fromkeys("abcde", HUNDRED_TAGS))
    hear(host, edge.birth())
    assert (host.nodes_born, host.counts.forgotten_devices) == (1, 3)
    old = hear(host, [edge.data("a")])
    assert (asked(old), len(reasons(old))) == (1, 1)
    assert len(values(hear(host, [edge.data("e")]))) == 100


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


def test_one_node_may_have_more_than_the_bound():
    host = SparkplugHost(known_metrics=10)
    host.receive(births_of("a", 40))
    assert says_m1(host, "a", 1) == [1.0]

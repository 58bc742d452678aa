"""What a host remembers is bounded, and beyond the bound it neither nags nodes nor forgets silently."""

from services.ingest.sparkplug import SparkplugHost
from tests.sparkplug_edge import EdgeNode, Tag
from tests.unit.ingest.messages import NOW_MS, NOW_US
from tests.unit.ingest.sparkplug_hosting import SECOND_US, asked, edge_node, hear, values

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
    assert (host.counts.forgotten_strangers, host.counts.forgotten_nodes) == (5_000 - 4_096, 0)
    assert host.messages_held <= 4_096
    assert values(hear(host, [edge.data(value=1.0)])) == [1.0]

from prometheus_client import REGISTRY

from services.ingest.monitoring.lane_metrics import note_host
from services.ingest.sparkplug import Counts, SparkplugHost
from tests.unit.ingest.sparkplug_hosting import edge_node, hear


def met(what):
    return REGISTRY.get_sample_value("bellwether_ingest_sparkplug_met_total", {"what": what})


def test_what_the_host_meets_is_counted_once():
    host, edge, counted = SparkplugHost(), edge_node(), Counts()
    note_host(host, counted)
    before = met("repeated")
    birth = edge.birth()
    hear(host, [*birth, *birth[:1], edge.data()])
    edge.data()
    hear(host, [edge.data()])
    note_host(host, counted)
    note_host(host, counted)
    assert met("repeated") == before + 1
    assert REGISTRY.get_sample_value("bellwether_ingest_sparkplug_nodes_born") == 1
    assert REGISTRY.get_sample_value("bellwether_ingest_sparkplug_messages_held") == 1

"""The Sparkplug host on nats-server, the broker of the embedded stack where mosquitto is absent."""

import time

from shared.sparkplug import parse_state
from tests.integration.ingest.rig import eventually, plant, running_ingest, until
from tests.nats import running_nats
from tests.sparkplug_edge import EdgeNode, lost, running_edge

_STATE = "spBv1.0/STATE/bellwether"
_FLOWS = "SELECT count(*) FROM samples JOIN series USING (series_id) WHERE metric = 'flow'"
_ALIVE = "SELECT alive FROM sources WHERE topic_prefix = 'spBv1.0/g/edge'"


def test_a_node_is_heard_and_asked_for_its_births_and_told_when_its_host_comes_and_goes(database_url, conn):
    states: list[bool] = []

    def hear(_client, _data, message):
        states.append((parse_state(message.payload) or (None,))[0])

    with running_nats() as nats, plant(nats.url) as watcher:
        watcher.on_message = hear
        watcher.subscribe(_STATE, qos=1)
        node = EdgeNode(time.time_ns() // 1_000_000)
        settings = {"broker_mqtt_version": "3.1.1", "ingest_reorder_timeout_s": "0.5"}
        with running_ingest(database_url, nats.url, **settings) as ingest, running_edge(nats.url, node) as edge:
            until(lambda: states[-1:] == [True])
            edge.publish([*node.birth(), node.data("pump", 1.0)])
            eventually(conn, _FLOWS, 2)
            while not edge.commands.empty():
                edge.commands.get()
            edge.publish(lost([node.data("pump", 2.0), node.data("pump", 3.0)], 0))
            assert edge.commands.get(timeout=20)
            eventually(conn, _FLOWS, 4)
            edge.publish([node.death()])
            eventually(conn, _ALIVE, False)
            ingest.stop()
            until(lambda: states[-1:] == [False])

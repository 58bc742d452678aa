"""Nodes that the database believes alive are asked for their births; one that never answers has died unheard."""

import pytest

from tests.integration.ingest.rig import eventually, running_ingest
from tests.sparkplug_edge import EdgeNode, running_edge

pytestmark = pytest.mark.needs_broker

_NOW_MS = 1_780_000_000_000
_ALIVE = "SELECT string_agg(topic_prefix, ' ' ORDER BY topic_prefix) FROM sources WHERE alive"


def test_a_node_that_died_while_nobody_listened_ends_and_one_that_answers_goes_on(database_url, conn, broker):
    there, gone = EdgeNode(_NOW_MS, edge="there"), EdgeNode(_NOW_MS, edge="gone")
    with running_edge(broker.url, there) as edge:
        with running_ingest(database_url, broker.url):
            edge.publish([*there.birth(), *gone.birth()])
            eventually(conn, _ALIVE, "spBv1.0/g/gone spBv1.0/g/there")
        with running_ingest(database_url, broker.url, ingest_births_within_s="3") as ingest:
            eventually(conn, _ALIVE, "spBv1.0/g/there")
            assert ingest.told("a Sparkplug node answers no request for its births: it is stale")

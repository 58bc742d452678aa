"""The database answers and takes nothing: a standby after a failover, or a managed server whose disk is nearly full."""

import time

import psycopg
import pytest
from psycopg import sql

from tests.integration.ingest.rig import eventually, ingest_process, plant, publish, until
from tests.sparkplug_edge import EdgeNode, running_edge

pytestmark = pytest.mark.needs_broker


def _take_nothing(conn: psycopg.Connection, *, read_only: bool) -> None:
    """Whoever connects from now on; all others are cut off."""
    statement = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
    conn.execute(statement.format(sql.Identifier(conn.info.dbname), sql.Literal(read_only)))
    conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                 " AND pid <> pg_backend_pid()")  # fmt: skip
    conn.commit()


def test_a_database_that_takes_nothing_is_waited_for_like_one_that_is_away(database_url, conn, broker):
    edge = EdgeNode(time.time_ns() // 1_000_000 - 60_000)
    with (
        ingest_process(database_url, broker.url) as ingest,
        running_edge(broker.url, edge) as node,
        plant(broker.url) as machine,
    ):
        _take_nothing(conn, read_only=True)
        ingest.start("ingest", "sparkplug")
        until(lambda: ingest.told("the database is away"))
        node.publish(edge.birth())
        publish(machine, [("bellwether/v1/mill/pump", {"timestamp": 1_780_000_000_000, "values": {"n": 1}})])
        until(lambda: ingest.metric("bellwether_ingest_spool_messages") > 0)
        _take_nothing(conn, read_only=False)
        eventually(conn, "SELECT count(*) FROM samples", 4)
        until(lambda: ingest.metric("bellwether_ingest_host_online") == 1)
        assert ingest.stop() == 0

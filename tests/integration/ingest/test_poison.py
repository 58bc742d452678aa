"""No message whatever stops the stream: each ends as samples or as a dead letter, and what comes after it is stored."""

import psycopg
import pytest
from psycopg.types.json import Jsonb

from shared.sparkplug import DataType, Metric, node_birth, topic
from tests.integration.ingest import poison
from tests.integration.ingest.poison import Poison
from tests.integration.ingest.rig import eventually, plant, publish, running_ingest, value
from tests.process_memory import peak_rss_mb

pytestmark = pytest.mark.needs_broker

_SETTINGS = {"ingest_series_per_source": str(2 * poison.MANY), "ingest_reorder_timeout_s": "1"}
_RSS_MB = 300
_GOOD = (
    "SELECT count(*) FROM samples JOIN series USING (series_id) JOIN devices USING (device_id)"
    " WHERE devices.name = 'good' AND value IS NOT NULL"
)
_STORED = (
    "SELECT (SELECT count(*) FROM samples) + (SELECT count(*) FROM samples_text)"
    " - (SELECT count(*) FROM samples JOIN series USING (series_id) JOIN devices USING (device_id)"
    " WHERE devices.name = 'good')"
)


@pytest.mark.slow
def test_whatever_is_published_at_qos_1_ends_as_samples_or_with_a_reason(database_url, conn, broker):
    cases = poison.kept()
    conn.execute(
        "INSERT INTO mappings (record_source, external_id, topic_pattern, specification) VALUES ('test', %s, %s, %s)",
        ["poison", poison.MAPPING["topic"], Jsonb(poison.MAPPING)],
    )
    conn.commit()
    with running_ingest(database_url, broker.url, **_SETTINGS) as ingest, plant(broker.url) as machine:
        for number, case in enumerate(cases):
            good = {"timestamp": poison.NOW_MS + number, "values": {"n": number}}
            publish(machine, [(case.topic, case.payload), ("bellwether/v1/mill/good", good)])
        eventually(conn, _GOOD, len(cases))
        _hold(conn, cases)
        assert peak_rss_mb(ingest.pid) < _RSS_MB


@pytest.mark.slow
def test_whatever_a_node_says_ends_as_samples_or_with_a_reason(database_url, conn, broker):
    cases = poison.sparkplug()
    with running_ingest(database_url, broker.url, **_SETTINGS) as ingest, plant(broker.url) as node:
        for number, case in enumerate(cases):
            good = [Metric(name="n", datatype=DataType.DOUBLE, value=float(number))]
            birth = node_birth(good, bd_seq=number, timestamp_ms=poison.NOW_MS + number)
            publish(node, [(case.topic, case.payload), (topic("mill", "NBIRTH", "good"), birth)], qos=0)
        eventually(conn, _GOOD, len(cases))
        refused = sum(case.reason is not None for case in cases)
        eventually(conn, "SELECT count(*) FROM dead_letters", refused)
        _hold(conn, cases)
        assert peak_rss_mb(ingest.pid) < _RSS_MB


def test_the_broker_refuses_what_is_larger_than_it_was_told_to_take(database_url, conn, broker):
    """And the plant learns of it: its connection is closed, so it does not take its message for delivered."""
    lost: list[object] = []
    with running_ingest(database_url, broker.url), plant(broker.url) as machine:
        machine.on_disconnect = lambda *_: lost.append(machine.disconnect())
        sent = machine.publish("bellwether/v1/poison/too-large", bytes(poison.LARGEST + 100_000), qos=1)
        with plant(broker.url) as other:
            publish(other, [("bellwether/v1/mill/good", {"timestamp": poison.NOW_MS, "values": {"n": 1}})])
        eventually(conn, _GOOD, 1)
        assert lost
        assert not sent.is_published()
    assert value(conn, "SELECT count(*) FROM dead_letters") == 0


def _hold(conn: psycopg.Connection, cases: list[Poison]) -> None:
    letters = conn.execute("SELECT topic, octet_length(payload), reason FROM dead_letters").fetchall()
    found = {(t, size): reason for t, size, reason in letters}
    wrong = []
    for case in cases:
        reason = found.get((case.topic, len(case.payload)))
        if (reason is None) != (case.reason is None) or (case.reason or "") not in (reason or ""):
            wrong.append(f"{case!r}: {reason}")
    assert not wrong, "\n".join(wrong)
    assert value(conn, _STORED) == sum(case.samples for case in cases)

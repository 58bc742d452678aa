"""What Prometheus sees of a running ingest: every number that its page and the alert rules rest on."""

import time
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.ingest.monitoring.standing import read_standing
from tests.integration.broker_access.brokers import free_port
from tests.integration.ingest.messages import NOW
from tests.integration.ingest.rig import plant, publish, running_ingest, until
from tests.sparkplug_edge import EdgeNode

PLANT = "bellwether/v1/malmo"


def seen(port: int) -> dict[str, float]:
    """Every value by name, with its one label's value where it has one."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        ":".join([sample.name.removeprefix("bellwether_ingest_"), *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.needs_broker
@pytest.mark.slow
def test_each_number_that_tells_how_ingest_does_is_there_and_right(database_url, broker):
    port = free_port()
    now_ms = time.time_ns() // 1_000_000
    node = EdgeNode(now_ms)
    with running_ingest(database_url, broker.url, ingest_metrics_port=str(port)), plant(broker.url) as client:
        said = [
            (f"{PLANT}/pump", {"timestamp": now_ms - 1000, "values": {"p": 1.0, "q": 2.0}}),
            (f"{PLANT}/pump", {"timestamp": now_ms - 1000, "values": {"p": 1.0, "q": 3.0}}),
            (f"{PLANT}/pump", {"timestamp": now_ms - 9000, "values": {"p": 1.0}}),
            (f"{PLANT}/pump", b"not json"),
        ]
        for message in said:
            publish(client, [message])
        publish(client, [(one.topic, one.payload) for one in (*node.birth(), node.data(), node.death())], qos=0)
        until(lambda: seen(port).get("stale_sources") == 1)
        found = seen(port)
    assert {name: found[name] for name in ("received_total:kept", "messages_total:dead_letter")} == {
        "received_total:kept": 4,
        "messages_total:dead_letter": 1,
    }
    assert found["received_total:sparkplug"] >= 4
    assert found["samples_total:stored"] >= 3
    assert found["samples_total:repeated"] == 2
    assert found["conflicts_total"] == 1
    assert found["late_samples_total"] == 1
    assert found["dead_letters_total:payload"] == 1
    assert found["batch_samples_count"] >= 1
    assert found["commit_delay_seconds_count"] >= 1
    assert found["batch_seconds_count"] >= 1
    assert 0 <= found["watermark_lag_seconds"] < 60
    assert found["clock_skew_seconds:ahead"] >= 0
    assert found["clock_skew_seconds:behind"] >= 0
    assert found["spool_messages"] == found["spool_bytes"] == found["spool_refused_total"] == 0
    assert found["rebirths_asked_total"] >= 0
    assert found["connected"] == found["lease_held"] == found["host_online"] == 1


def test_a_source_that_ended_its_session_is_stale_and_one_that_never_had_one_is_not(conn):
    conn.execute("INSERT INTO sources (topic_prefix, alive) VALUES ('dead', false), ('live', true), ('heard', null)")
    assert read_standing(conn, NOW).stale == 1

"""What Prometheus sees of a running ingest: every number that its page and the alert rules rest on."""

import time
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from services.ingest.monitoring.standing import read_standing
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


KNOWN_BEFORE = """
INSERT INTO sources (topic_prefix, alive, received_at, observed_through, clock_offset_s) VALUES
    ('ended', false, now(), now(), null), ('ahead', true, now(), now() - interval '1 hour', 90),
    ('behind', null, now(), now(), -400)
"""

AT_WORK = ("connected", "lease_held", "host_online")


@pytest.mark.needs_broker
def test_each_number_that_tells_how_ingest_does_is_there_and_right(database_url, broker, conn):
    conn.execute(KNOWN_BEFORE)
    conn.commit()
    port = free_port()
    now_ms = time.time_ns() // 1_000_000
    node = EdgeNode(now_ms)
    with running_ingest(database_url, broker.url, ingest_metrics_port=str(port)), plant(broker.url) as client:
        until(lambda: {seen(port).get(name) for name in ("stale_sources", *AT_WORK)} == {1})
        known = seen(port)
        said = [
            (f"{PLANT}/pump", {"timestamp": now_ms - 1000, "values": {"p": 1.0, "q": 2.0}}),
            (f"{PLANT}/pump", {"timestamp": now_ms - 1000, "values": {"p": 1.0, "q": 3.0}}),
            (f"{PLANT}/pump", {"timestamp": now_ms - 9000, "values": {"p": 1.0}}),
            (f"{PLANT}/pump", b"not json"),
        ]
        for message in said:
            publish(client, [message])
        sparkplug = (node.data(), *node.birth(), node.data(), node.death())
        publish(client, [(one.topic, one.payload) for one in sparkplug], qos=0)
        messages = ("messages_total:stored", "messages_total:dead_letter", "messages_total:ignored")
        # The first of them makes ingest ask for births, and it hears its own request.
        heard = len(sparkplug) + 1
        until(lambda: sum(seen(port).get(name, 0) for name in messages) == len(said) + heard)
        found = seen(port)
    assert known["watermark_lag_seconds"] == pytest.approx(3600, abs=60)
    assert (known["clock_skew_seconds:ahead"], known["clock_skew_seconds:behind"]) == (90, 400)
    assert (found["received_total:persistent"], found["received_total:sparkplug"]) == (len(said), heard)
    assert (found["samples_total:stored"], found["samples_total:repeated"]) == (7, 2)
    assert found["conflicts_total"] == 1
    assert found["late_samples_total"] == 1
    assert found["dead_letters_total:payload"] == found["dead_letters_total:sparkplug"] == 1
    assert found["rebirths_asked_total"] == 1
    assert found["batch_samples_sum"] == 9
    assert found["batch_samples_count"] == found["commit_delay_seconds_count"] == found["batch_seconds_count"] >= 1
    assert found["spool_messages"] == found["spool_bytes"] == found["spool_refused_total"] == 0
    assert {found[name] for name in AT_WORK} == {1}


def test_a_source_that_ended_its_session_is_stale_and_one_that_never_had_one_is_not(conn):
    conn.execute("INSERT INTO sources (topic_prefix, alive) VALUES ('dead', false), ('live', true), ('heard', null)")
    assert read_standing(conn, NOW).stale == 1

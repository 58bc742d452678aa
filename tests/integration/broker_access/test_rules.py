"""The written rules, obeyed by a real mosquitto and a real nats-server."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from deploy.cli import app
from shared.records import import_directory
from tests.integration.broker_access.brokers import BROKERS, Client

RECORDS = {
    "customers.csv": "id,name\nC-1,First\nC-2,Second\n",
    "sites.csv": "id,customer,name,timezone\nmalmo,C-1,Malmo,Europe/Stockholm\noslo,C-2,Oslo,Europe/Oslo\n",
    "mappings.yaml": (
        '- id: skid\n  topic: "skids/{source}/{device}/data"\n'
        "  time: {path: ts, format: epoch_ms}\n  all_values: values\n"
    ),
    "sources.csv": (
        "topic_prefix,site,credential\n"
        "bellwether/v1/malmo,malmo,malmo\n"
        "skids/malmo.2,malmo,malmo\n"
        "spBv1.0/malmo/filling,malmo,filling\n"
        "bellwether/v1/oslo,oslo,oslo\n"
        "bellwether/v1/unbound,oslo,\n"
    ),
}
PASSWORDS = {"ingest": "pass-1", "malmo": "pass-2", "filling": "pass-3", "oslo": "pass-4"}
# What ingest subscribes to: at QoS 1, since nats-server hands those over in another way than QoS 0.
SUBSCRIPTIONS = ("bellwether/v1/+/+", "skids/+/+/data", "spBv1.0/#")


@pytest.fixture(params=BROKERS)
def port(request: pytest.FixtureRequest, conn: psycopg.Connection, database_url: str, tmp_path: Path) -> Iterator[int]:
    """Port of a broker that obeys what `bellwether broker-acl` writes for RECORDS."""
    for name, content in RECORDS.items():
        (tmp_path / name).write_text(content)
    assert import_directory(conn, tmp_path).ok
    rules = tmp_path / "rules"
    done = CliRunner().invoke(
        app, ["broker-acl", "--database", database_url, "--broker", request.param, "--output", str(rules)]
    )
    assert done.exit_code == 0, done.output
    assert done.stderr == "Not granted: 'bellwether/v1/unbound', because its record names no credential.\n"
    with BROKERS[request.param](rules, PASSWORDS) as started:
        yield started


@pytest.fixture
def clients(port: int) -> Iterator[dict[str, Client]]:
    """Everybody, logged in."""
    made = {user: Client(port, user, password) for user, password in PASSWORDS.items()}
    yield made
    for client in made.values():
        client.close()


pytestmark = pytest.mark.needs_broker


def test_a_plant_publishes_under_its_own_prefixes_and_ingest_hears_that_and_nothing_else(clients):
    clients["ingest"].subscribe(*SUBSCRIPTIONS)
    for topic in (
        "bellwether/v1/oslo/pump",
        "bellwether/v1/malmo2/pump",
        "bellwether/v1/unbound/pump",
        "skids/oslo/pump/data",
        "spBv1.0/malmo/NDATA/filling",
        "spBv1.0/malmo/NCMD/filling",
        "spBv1.0/STATE/bellwether",
        "bellwether/v1/malmo/pump",
        "skids/malmo.2/pump/data",
        "bellwether/v1/malmo/last",
    ):
        clients["malmo"].publish(topic)
    assert clients["ingest"].wait_for("bellwether/v1/malmo/last") == [
        "bellwether/v1/malmo/pump",
        "skids/malmo.2/pump/data",
        "bellwether/v1/malmo/last",
    ]


def test_an_edge_node_publishes_as_itself_and_commands_nobody(clients):
    clients["ingest"].subscribe(*SUBSCRIPTIONS)
    allowed = [
        *(f"spBv1.0/malmo/{verb}/filling" for verb in ("NBIRTH", "NDATA", "NDEATH")),
        *(f"spBv1.0/malmo/{verb}/filling/pump" for verb in ("DBIRTH", "DDATA", "DDEATH")),
    ]
    for topic in (
        "spBv1.0/malmo/NDATA/packing",
        "spBv1.0/oslo/NDATA/filling",
        "spBv1.0/malmo/NCMD/filling",
        "spBv1.0/malmo/DCMD/filling/pump",
        "spBv1.0/STATE/bellwether",
        "bellwether/v1/malmo/pump",
        *allowed,
    ):
        clients["filling"].publish(topic)
    assert clients["ingest"].wait_for(allowed[-1]) == allowed


def test_nobody_but_ingest_reads_what_plants_publish(clients):
    for user in ("malmo", "filling", "oslo"):
        clients[user].subscribe("bellwether/v1/#", "spBv1.0/#", "skids/#", "#", "$MQTT/sub/#")
        clients[user].subscribe("spBv1.0/malmo/NCMD/filling", "spBv1.0/STATE/bellwether")
    clients["ingest"].subscribe(*SUBSCRIPTIONS)
    clients["malmo"].publish("bellwether/v1/malmo/pump")
    clients["filling"].publish("spBv1.0/malmo/NDATA/filling")
    clients["oslo"].publish("bellwether/v1/oslo/pump")
    clients["ingest"].wait_for("bellwether/v1/oslo/pump")
    clients["ingest"].publish("spBv1.0/malmo/NCMD/filling")
    clients["ingest"].publish("spBv1.0/STATE/bellwether")
    assert set(clients["filling"].wait_for("spBv1.0/STATE/bellwether")) == {
        "spBv1.0/malmo/NCMD/filling",
        "spBv1.0/STATE/bellwether",
    }
    assert clients["malmo"].received == []
    assert clients["oslo"].received == []


def test_ingest_publishes_rebirth_commands_and_its_own_state_and_nothing_else(clients):
    ingest = clients["ingest"]
    ingest.subscribe(*SUBSCRIPTIONS)
    for topic in (
        "bellwether/v1/malmo/pump",
        "skids/malmo.2/pump/data",
        "spBv1.0/malmo/DCMD/filling/pump",
        "spBv1.0/malmo/NDATA/filling",
        "spBv1.0/STATE/other",
        "spBv1.0/malmo/NCMD/filling",
        "spBv1.0/STATE/bellwether",
    ):
        ingest.publish(topic)
    assert ingest.wait_for("spBv1.0/STATE/bellwether") == ["spBv1.0/malmo/NCMD/filling", "spBv1.0/STATE/bellwether"]


def test_what_is_refused_is_said_once_where_the_rules_go_to_stdout(conn, database_url, tmp_path):
    for name, content in RECORDS.items():
        (tmp_path / name).write_text(content)
    assert import_directory(conn, tmp_path).ok
    done = CliRunner().invoke(app, ["broker-acl", "--database", database_url])
    assert done.exit_code == 0, done.output
    assert done.output.count("bellwether/v1/unbound") == 1

"""The composed broker's own configuration and script, with the rules that `bellwether broker-acl` writes."""

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from deploy.broker_access.grants import Source, access
from deploy.broker_access.mosquitto_file import mosquitto_refuses
from tests.certificates import Certificates, make_certificates
from tests.integration.compose.broker import INGEST_PASSWORD, Client, ComposedBroker, composed_broker

EIGHT_MB = 8 * 1024 * 1024
RULES = access(
    [
        Source("bellwether/v1/malmo", "malmo", assigned=True),
        Source("spBv1.0/malmo/filling", "malmo", assigned=True),
        Source("bellwether/v1/oslo", "bellwether", assigned=True),
    ],
    host_id="bellwether",
    ingest_name="ingest",
    telemetry=("bellwether/v1/+/+", "spBv1.0/#"),
    refuses=mosquitto_refuses,
)

pytestmark = pytest.mark.needs_broker


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    (tmp_path / "made").mkdir()
    return make_certificates(tmp_path / "made")


@pytest.fixture
def broker(tmp_path: Path, certificates: Certificates) -> Iterator[ComposedBroker]:
    with composed_broker(tmp_path / "mosquitto", RULES, certificates, users={"malmo": "theirs"}) as started:
        yield started


@pytest.fixture
def ingest(broker: ComposedBroker) -> Iterator[Client]:
    client = Client(broker.ports["1883"], "ingest", INGEST_PASSWORD, client_id="bellwether-ingest-ingest")
    yield client.subscribe("#")
    client.close()


def publish(broker: ComposedBroker, topic: str, payload: bytes = b"{}") -> None:
    """Publish as the plant, without asking whether it was taken, and go."""
    plant = Client(broker.ports["1884"], "malmo", "theirs")
    plant.publish(topic, payload)
    plant.close()


def test_a_plant_publishes_under_its_own_name_only_and_ingest_reads_it(broker, ingest):
    # One connection each: mosquitto 2.0.11 cuts off who publishes what it may not.
    for topic in ("bellwether/v1/paris/pump", "spBv1.0/paris/DDATA/edge/pump", "spBv1.0/malmo/NCMD/filling"):
        publish(broker, topic)
    for topic in ("bellwether/v1/malmo/pump", "spBv1.0/malmo/DDATA/filling/pump", "bellwether/v1/malmo/last"):
        publish(broker, topic)
    assert ingest.wait_for("bellwether/v1/malmo/last") == [
        "bellwether/v1/malmo/pump",
        "spBv1.0/malmo/DDATA/filling/pump",
        "bellwether/v1/malmo/last",
    ]


@pytest.mark.parametrize("listener", ["1883", "1884"])
@pytest.mark.parametrize(("user", "password"), [("ingest", "wrong"), ("nobody", ""), ("", "")])
def test_nobody_comes_in_without_a_password(broker, listener, user, password):
    client = PahoClient(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    if user:
        client.username_pw_set(user, password)
    refused = threading.Event()
    client.on_connect = lambda _c, _u, _f, reason, _p: refused.set() if reason.is_failure else None
    client.connect("127.0.0.1", broker.ports[listener])
    client.loop_start()
    assert refused.wait(10)
    client.loop_stop()


def test_a_plant_cannot_take_over_ingest_s_session(broker, ingest):
    plant = Client(broker.ports["1884"], "malmo", "theirs", client_id="bellwether-ingest-ingest", kept=True)
    plant.publish("bellwether/v1/malmo/pump")
    assert ingest.wait_for("bellwether/v1/malmo/pump") == ["bellwether/v1/malmo/pump"]
    assert not ingest.cut_off.is_set()
    plant.close()


def test_a_user_that_is_added_as_the_script_says_comes_in(broker):
    broker.add_user("bellwether", "new")
    Client(broker.ports["1884"], "bellwether", "new").close()


def _with_certificate(broker: ComposedBroker, certificates: Certificates) -> PahoClient:
    plant = PahoClient(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    context = ssl.create_default_context(cafile=str(certificates.ca))
    context.load_cert_chain(certificates.client, certificates.client_key)
    plant.tls_set_context(context)
    connected = threading.Event()
    plant.on_connect = lambda _c, _u, _f, reason, _p: None if reason.is_failure else connected.set()
    plant.connect("localhost", broker.ports["8883"])
    plant.loop_start()
    assert connected.wait(10)
    return plant


def test_a_certificate_s_common_name_is_the_credential(broker, ingest, certificates):
    # One connection each: mosquitto 2.0.11 cuts off who publishes what it may not.
    for topic in ("bellwether/v1/malmo/pump", "bellwether/v1/oslo/pump"):
        plant = _with_certificate(broker, certificates)
        plant.publish(topic, b"{}", qos=1).wait_for_publish(10)
        plant.disconnect()
        plant.loop_stop()
    assert ingest.wait_for("bellwether/v1/oslo/pump") == ["bellwether/v1/oslo/pump"]


def test_without_a_server_s_certificate_the_broker_listens_without_tls(tmp_path):
    with composed_broker(tmp_path / "plain", RULES) as plain:
        Client(plain.ports["1883"], "ingest", INGEST_PASSWORD).close()
        assert not (plain.directory / "secrets" / "listeners" / "tls.conf").exists()


def test_eight_megabytes_come_through_and_what_is_larger_is_never_acknowledged(broker, ingest):
    publish(broker, "bellwether/v1/malmo/large", b"x" * EIGHT_MB)
    ingest.wait_for("bellwether/v1/malmo/large")
    old = PahoClient(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    old.username_pw_set("malmo", "theirs")
    gone, acknowledged = threading.Event(), threading.Event()
    old.on_disconnect = lambda *_: gone.set()
    old.on_publish = lambda *_: acknowledged.set()
    old.connect("127.0.0.1", broker.ports["1884"])
    old.publish("bellwether/v1/malmo/too-large", b"x" * (EIGHT_MB + 100_000), qos=1)
    old.loop_start()
    assert gone.wait(10)
    assert not acknowledged.is_set()
    old.loop_stop()


def test_what_ingest_has_not_acknowledged_outlives_the_broker(broker):
    old = Client(broker.ports["1883"], "ingest", INGEST_PASSWORD, client_id="kept", kept=True)
    old.subscribe("bellwether/v1/+/+")
    old.close()
    plant = Client(broker.ports["1884"], "malmo", "theirs")
    for number in range(30):
        plant.publish(f"bellwether/v1/malmo/{number}")
    plant.close()
    broker.stop()
    broker.start()
    again = Client(broker.ports["1883"], "ingest", INGEST_PASSWORD, client_id="kept", kept=True)
    assert again.wait_for("bellwether/v1/malmo/29") == [f"bellwether/v1/malmo/{number}" for number in range(30)]
    again.close()

"""deploy/plant/bridge.conf on a plant's real mosquitto, over TLS, to the composed broker, with a cable to cut."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.broker_access.grants import Access, Source, User, access
from deploy.broker_access.mosquitto_file import mosquitto_refuses
from deploy.local.ports import free_port
from tests.certificates import Certificates, make_certificates
from tests.integration.broker_access.brokers import await_listening
from tests.integration.compose.broker import INGEST_PASSWORD, Client, ComposedBroker, composed_broker
from tests.integration.plant_bridge.cable import Cable
from tests.mosquitto import program

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "plant" / "bridge.conf"
# The certificate's common name, which is the credential.
PLANT = "bellwether"
SPARKPLUG = [f"spBv1.0/malmo/{verb}/filling" for verb in ("NBIRTH", "NDATA")] + ["spBv1.0/malmo/DDATA/filling/pump"]

pytestmark = pytest.mark.needs_broker


def rules() -> Access:
    """What the plant is granted; and a stranger who may do everything at the supplier's."""
    prefixes = ("bellwether/v1/malmo", "spBv1.0/malmo/filling")
    granted = access(
        [Source(prefix, PLANT, assigned=True) for prefix in prefixes],
        host_id="bellwether",
        ingest_name="ingest",
        telemetry=("bellwether/v1/+/+", "spBv1.0/#"),
        refuses=mosquitto_refuses,
    )
    return Access((*granted.users, User("stranger", ("#",), ("#",))), ())


class Plant:
    """A plant's mosquitto with the shipped bridge, its placeholders filled and `options` switched on."""

    def __init__(
        self, directory: Path, certificates: Certificates, *, cable: Cable, options: tuple[str, ...], buffer: int
    ) -> None:
        self.port = free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir()
        text = SHIPPED.read_text().replace("@HOST@:8883", f"localhost:{cable.port}")
        for option in options:
            text = text.replace(f"#{option} ", "")
        for name, value in {
            "CA_FILE": certificates.ca,
            "CERTIFICATE_FILE": certificates.client,
            "KEY_FILE": certificates.client_key,
            "CREDENTIAL": PLANT,
            "TOPIC_PREFIX": "bellwether/v1/malmo",
            "GROUP": "malmo",
            "EDGE": "filling",
            "DATA_DIRECTORY": directory,
            "BUFFER_BYTES": buffer,
        }.items():
            text = text.replace(f"@{name}@", str(value))
        assert not re.search(r"^[^#]*@", text, re.MULTILINE)
        text = text.replace("restart_timeout 5 60", "restart_timeout 1")
        own = f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest stderr\nlog_type error\n"
        (directory / "mosquitto.conf").write_text(own + text)

    def start(self) -> None:
        self._process = subprocess.Popen([program("mosquitto"), "-c", str(self._directory / "mosquitto.conf")])
        await_listening(self.port, self._process)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None


class Supplier:
    """The composed broker, with a listener for what arrives there and a stranger who publishes there."""

    def __init__(self, broker: ComposedBroker, certificates: Certificates) -> None:
        self.certificates = certificates
        self.ingest = Client(broker.ports["1883"], "ingest", INGEST_PASSWORD).subscribe("#")
        self.stranger = Client(broker.ports["1883"], "stranger", "any").subscribe("#")
        self.cable = Cable(broker.ports["8883"])

    def close(self) -> None:
        self.cable.cut()
        self.ingest.close()
        self.stranger.close()


@pytest.fixture
def supplier(tmp_path: Path) -> Iterator[Supplier]:
    (tmp_path / "made").mkdir()
    certificates = make_certificates(tmp_path / "made")
    with composed_broker(tmp_path / "supplier", rules(), certificates, users={"stranger": "any"}) as broker:
        started = Supplier(broker, certificates)
        yield started
        started.close()


@contextmanager
def running(supplier: Supplier, directory: Path, *options: str, buffer: int = 10**8) -> Iterator[Plant]:
    plant = Plant(directory, supplier.certificates, cable=supplier.cable, options=options, buffer=buffer)
    try:
        plant.start()
        yield plant
    finally:
        plant.stop()


def publish(plant: Plant, *topics: str, qos: int = 1) -> None:
    client = Client(plant.port, "", "")
    for topic in topics:
        client.publish(topic, qos=qos)
    client.close()


def numbered(first: int, last: int) -> list[str]:
    return [f"bellwether/v1/malmo/{number}" for number in range(first, last)]


def test_what_is_published_while_the_connection_is_cut_arrives_in_order_when_it_is_back(supplier, tmp_path):
    supplier.cable.mend()
    with running(supplier, tmp_path / "plant") as plant:
        publish(plant, *numbered(0, 5))
        supplier.ingest.wait_for("bellwether/v1/malmo/4")
        supplier.cable.cut()
        publish(plant, *numbered(5, 300))
        plant.stop()
        plant.start()
        publish(plant, *numbered(300, 400))
        supplier.cable.mend()
        supplier.ingest.wait_for("bellwether/v1/malmo/399")
    # What was on its way when the cable was cut may come twice: ingest stores it once.
    assert list(dict.fromkeys(supplier.ingest.topics)) == numbered(0, 400)


def test_nothing_leaves_but_what_is_allowed_and_nothing_comes_in(supplier, tmp_path):
    supplier.cable.mend()
    with running(supplier, tmp_path / "plant") as plant:
        inside = Client(plant.port, "", "").subscribe("#")
        publish(plant, "recipes/secret", "bellwether/v1/oslo/pump", "spBv1.0/malmo/NDATA/filling", *numbered(0, 1))
        supplier.ingest.wait_for("bellwether/v1/malmo/0")
        for topic in ("bellwether/v1/malmo/1", "spBv1.0/malmo/NCMD/filling", "spBv1.0/STATE/bellwether"):
            supplier.stranger.publish(topic)
        supplier.stranger.wait_for("spBv1.0/STATE/bellwether")
        publish(plant, *numbered(2, 3))
        supplier.stranger.wait_for("bellwether/v1/malmo/2")
        assert set(inside.topics) == {
            "recipes/secret",
            "bellwether/v1/oslo/pump",
            "spBv1.0/malmo/NDATA/filling",
            "bellwether/v1/malmo/0",
            "bellwether/v1/malmo/2",
        }
        inside.close()
    assert supplier.stranger.topics == [
        "bellwether/v1/malmo/0",
        "bellwether/v1/malmo/1",
        "spBv1.0/malmo/NCMD/filling",
        "spBv1.0/STATE/bellwether",
        "bellwether/v1/malmo/2",
    ]


def test_an_edge_node_s_messages_wait_too_and_it_can_be_asked_for_its_births_and_nothing_else(supplier, tmp_path):
    supplier.cable.mend()
    with running(supplier, tmp_path / "plant", "sparkplug") as plant:
        inside = Client(plant.port, "", "").subscribe("spBv1.0/#")
        publish(plant, SPARKPLUG[0], qos=0)
        supplier.ingest.wait_for(SPARKPLUG[0])
        supplier.cable.cut()
        publish(plant, *SPARKPLUG[1:] * 20, qos=0)
        publish(plant, "spBv1.0/malmo/NDEATH/filling", qos=0)
        supplier.cable.mend()
        supplier.ingest.wait_for("spBv1.0/malmo/NDEATH/filling")
        # The birth was on its way when the cable was cut, so it may come twice.
        waited = [*SPARKPLUG[1:] * 20, "spBv1.0/malmo/NDEATH/filling"]
        assert supplier.ingest.topics[-len(waited) :] == waited
        assert set(supplier.ingest.topics[: -len(waited)]) == {SPARKPLUG[0]}
        for topic in ("spBv1.0/malmo/DCMD/filling/pump", "spBv1.0/STATE/bellwether", "spBv1.0/malmo/NCMD/packing"):
            supplier.stranger.publish(topic)
        supplier.ingest.publish("spBv1.0/malmo/NCMD/filling", qos=0)
        inside.wait_for("spBv1.0/malmo/NCMD/filling")
        assert not [topic for topic in inside.topics if re.search("DCMD|STATE|packing", topic)]
        inside.close()


def test_a_node_that_names_us_as_its_primary_host_reads_our_state(supplier, tmp_path):
    supplier.cable.mend()
    with running(supplier, tmp_path / "plant", "sparkplug", "primary-host") as plant:
        inside = Client(plant.port, "", "").subscribe("spBv1.0/STATE/bellwether")
        publish(plant, SPARKPLUG[0], qos=0)
        supplier.ingest.wait_for(SPARKPLUG[0])
        supplier.ingest.publish("spBv1.0/STATE/bellwether")
        inside.wait_for("spBv1.0/STATE/bellwether")
        inside.close()


def test_the_plant_sees_whether_the_connection_stands(supplier, tmp_path):
    supplier.cable.mend()
    with running(supplier, tmp_path / "plant") as plant:
        inside = Client(plant.port, "", "").subscribe(f"$SYS/broker/connection/{PLANT}/state")
        inside.wait_until(lambda: inside.received[-1:] == [(f"$SYS/broker/connection/{PLANT}/state", b"1")])
        supplier.cable.cut()
        inside.wait_until(lambda: inside.received[-1][1] == b"0")
        inside.close()


def test_the_buffer_is_bounded_by_its_bytes_of_payload(supplier, tmp_path):
    with running(supplier, tmp_path / "plant", buffer=100 * 1000) as plant:
        client = Client(plant.port, "", "")
        for topic in numbered(0, 300):
            client.publish(topic, b"x" * 1000)
        client.close()
        supplier.cable.mend()
        supplier.ingest.wait_for("bellwether/v1/malmo/0")
        # Taken once there is room again, which is after all that was kept.
        while "bellwether/v1/malmo/last" not in supplier.ingest.topics:
            publish(plant, "bellwether/v1/malmo/last")
            time.sleep(0.1)
    kept = [topic for topic in dict.fromkeys(supplier.ingest.topics) if not topic.endswith("last")]
    assert kept == numbered(0, len(kept))
    assert 95 <= len(kept) <= 105

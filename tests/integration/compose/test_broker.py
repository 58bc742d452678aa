"""The composed broker's own configuration, script and access rules, on a real mosquitto."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

COMPOSE = Path(__file__).resolve().parents[3] / "deploy" / "compose"
PATH = os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin"
PASSWORD = "only-for-this-test"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Port of mosquitto as the composition starts it, its directories moved to a temporary place."""
    number = free_port()
    tmp_path.chmod(0o777)
    for directory in ("config", "data", "secrets"):
        (tmp_path / directory).mkdir(mode=0o777)
        (tmp_path / directory).chmod(0o777)
    for name in ("mosquitto.conf", "acl", "broker-start.sh"):
        text = (COMPOSE / name).read_text().replace("/mosquitto/", f"{tmp_path}/")
        text = text.replace("listener 1883", f"listener {number} 127.0.0.1").replace(
            "allow_anonymous", "user root\nallow_anonymous"
        )
        (tmp_path / "config" / name).write_text(text)
    environment = {"PATH": PATH, "BELLWETHER_BROKER_PASSWORD": PASSWORD}
    process = subprocess.Popen(["sh", str(tmp_path / "config" / "broker-start.sh")], env=environment)
    passwords = tmp_path / "secrets" / "passwords"
    try:
        await_port(number, process)
        passwd = shutil.which("mosquitto_passwd", path=PATH)
        assert passwd is not None
        subprocess.run([passwd, "-b", str(passwords), "malmo", "theirs"], check=True)
        process.send_signal(1)
        yield number
    finally:
        process.terminate()
        process.wait(timeout=10)


def await_port(number: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "mosquitto ended; is the configuration right?"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", number)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("mosquitto did not listen within 20 s")


def connected(number: int, user: str, password: str) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(user, password)
    ready = threading.Event()
    # mosquitto takes up new passwords a moment after its signal; paho tries again by itself.
    client.on_connect = lambda _c, _u, _f, reason, _p: None if reason.is_failure else ready.set()
    client.connect("127.0.0.1", number)
    client.loop_start()
    assert ready.wait(10)
    return client


def publish(number: int, topic: str) -> None:
    """Publish as the plant and go, without asking whether it was taken."""
    plant = connected(number, "malmo", "theirs")
    plant.publish(topic, b"{}")
    plant.disconnect()
    plant.loop_stop()


@pytest.mark.needs_broker
def test_a_plant_publishes_under_its_own_name_only_and_ingest_reads_it(port: int) -> None:
    received: list[str] = []
    done = threading.Event()

    def on_message(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        received.append(message.topic)
        if message.topic.endswith("/last"):
            done.set()

    ingest = connected(port, "ingest", PASSWORD)
    subscribed = threading.Event()
    ingest.on_message = on_message
    ingest.on_subscribe = lambda *_: subscribed.set()
    ingest.subscribe("#", qos=1)
    assert subscribed.wait(10)
    # One connection each: mosquitto 2.0.11 cuts off who publishes what it may not.
    for topic in ("bellwether/v1/paris/pump", "spBv1.0/paris/DDATA/edge/pump", "spBv1.0/malmo/NCMD/edge"):
        publish(port, topic)
    for topic in ("bellwether/v1/malmo/pump", "spBv1.0/malmo/DDATA/edge/pump", "bellwether/v1/malmo/last"):
        publish(port, topic)
    assert done.wait(10)
    assert received == ["bellwether/v1/malmo/pump", "spBv1.0/malmo/DDATA/edge/pump", "bellwether/v1/malmo/last"]
    ingest.disconnect()
    ingest.loop_stop()


@pytest.mark.needs_broker
@pytest.mark.parametrize(("user", "password"), [("ingest", "wrong"), ("nobody", ""), ("", "")])
def test_nobody_comes_in_without_a_password(port: int, user: str, password: str) -> None:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    if user:
        client.username_pw_set(user, password)
    refused = threading.Event()
    client.on_connect = lambda _c, _u, _f, reason, _p: refused.set() if reason.is_failure else None
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert refused.wait(10)
    client.loop_stop()

"""What mosquitto does by default with what ingest has not taken yet, and what it does as we ship it."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.drills.brokers import chosen_broker, shipped_settings
from tests.drills.processes import PlantProcess
from tests.drills.proxy import Proxy
from tests.drills.readings import METRICS
from tests.integration.ingest.rig import plant, publish, until

pytestmark = pytest.mark.needs_broker

_DEFAULTS = ""
_MESSAGES = 1_500


@contextmanager
def listener(port: int, heard: list[int], subscription: str = "bellwether/#") -> Iterator[None]:
    """A subscriber with a session that the broker keeps while it is away."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener", clean_session=False)
    granted: list[object] = []
    client.on_message = lambda _client, _data, message: heard.append(json.loads(message.payload)["timestamp"])
    client.on_subscribe = lambda *_: granted.append(1)
    client.connect("127.0.0.1", port)
    client.subscribe(subscription, qos=1)
    client.loop_start()
    until(lambda: bool(granted))
    try:
        yield
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.parametrize(("settings", "kept"), [(_DEFAULTS, False), (shipped_settings(), True)])
def test_what_comes_while_ingest_is_away_is_kept_as_shipped_and_by_default_dropped_past_a_thousand(settings, kept):
    heard: list[int] = []
    with chosen_broker(settings) as broker:
        with listener(broker.port, heard):
            pass
        with plant(broker.url) as machine:
            publish(machine, [("bellwether/v1/p/d", {"timestamp": number}) for number in range(_MESSAGES)])
        with listener(broker.port, heard):
            until(lambda: len(heard) >= 1_000)
            until(lambda: len(heard) == _MESSAGES) if kept else time.sleep(1)
    assert sorted(heard) == list(range(_MESSAGES if kept else len(heard)))
    assert (len(heard) == _MESSAGES) is kept


def test_a_plant_at_qos_2_whose_connection_breaks_again_and_again_gets_on():
    """At mosquitto's default of 20 in flight it does not: after a few times next to nothing is acknowledged."""
    heard: list[int] = []
    with (
        tempfile.TemporaryDirectory(prefix="bellwether-drill-") as directory,
        chosen_broker(shipped_settings()) as broker,
        listener(broker.port, heard),
    ):
        network = Proxy(broker.port)
        machine = PlantProcess(
            Path(directory), "tests.drills.plant", network.port, "plant", 2, 200.0, METRICS, 0, "LOG", 1, 0
        )
        try:
            for _ in range(5):
                time.sleep(1.5)
                network.reset()
            machine.finish()
        finally:
            machine.kill()
            network.close()
        said = machine.said()
        assert said.acknowledged == said.sent
        assert len(said.sent) > 400
        until(lambda: {at // 1000 for at in heard} == said.acknowledged)


@pytest.mark.parametrize(("subscription", "kept"), [("bellwether/#", 10), ("$share/group/bellwether/#", 0)])
def test_mosquitto_forgets_a_shared_subscription_when_it_restarts_and_no_other(subscription, kept):
    """So what comes between its restart and ingest's return is lost to a group, acknowledged as it was."""
    heard: list[int] = []
    with chosen_broker(shipped_settings()) as broker:
        with listener(broker.port, heard, subscription):
            pass
        broker.stop()
        broker.start()
        with plant(broker.url) as machine:
            publish(machine, [("bellwether/v1/p/d", {"timestamp": number}) for number in range(10)])
        with listener(broker.port, heard, subscription):
            time.sleep(1)
    assert len(heard) == kept

"""Publishing to a real broker, and what it says when that cannot work."""

import socket

import pytest

from shared.errors import BrokerError, SetupError
from shared.mqtt import publishing
from shared.settings import BrokerSettings
from tests.mosquitto import running_broker
from tests.nats import running_nats

pytestmark = pytest.mark.needs_broker


def test_a_wrong_password_is_the_brokers_reason_and_not_a_message_that_never_arrives():
    with running_broker(user="plant", password="right") as broker:
        wrong = BrokerSettings(broker_url=broker.url.replace("right", "wrong"))
        with (
            pytest.raises(BrokerError, match=r"refuses us \(Not authorized\): look at user and password"),
            publishing(wrong),
        ):
            pass


def test_a_broker_of_another_version_is_told_from_one_that_is_away():
    with (
        running_nats() as nats,
        pytest.raises(BrokerError, match="BELLWETHER_BROKER_MQTT_VERSION, now 5"),
        publishing(BrokerSettings(broker_url=nats.url)),
    ):
        pass


def test_a_broker_that_is_away_is_named():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"mqtt://127.0.0.1:{probe.getsockname()[1]}"
        with (
            pytest.raises(BrokerError, match="cannot reach the broker at 127"),
            publishing(BrokerSettings(broker_url=url)),
        ):
            pass


@pytest.mark.parametrize("url", ["http://host", "mqtt://", "mqtt://host:port", "mqtt://host:99999"])
def test_an_address_that_cannot_work_is_told_how_it_should_look(url):
    with pytest.raises(SetupError, match="must look like mqtt://host:1883"), publishing(BrokerSettings(broker_url=url)):
        pass

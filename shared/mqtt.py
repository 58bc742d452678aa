"""Reaching a broker with paho: protocol, address, credentials and TLS as the settings say."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from shared.errors import BrokerError, RefusedError, SetupError
from shared.settings import BrokerSettings

_Client = TypeVar("_Client", bound=mqtt.Client)

_DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}
_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_KEEPALIVE_S = 30
_ANSWERS_WITHIN_S = 15.0
_NOT_NOW = frozenset({"Server unavailable", "Server busy", "Quota exceeded", "Connection rate exceeded"})


def new_client(settings: BrokerSettings, *, client_id: str = "") -> mqtt.Client:
    """A client that is not connected yet. Raises SetupError for an address or certificates that cannot work."""
    return client_of(mqtt.Client, settings, client_id=client_id)


def client_of(
    kind: type[_Client],
    settings: BrokerSettings,
    *,
    client_id: str = "",
    session_kept: bool = False,
    manual_ack: bool = False,
    reconnecting: bool = True,
) -> _Client:
    """The same of another class, with what a subscriber needs.

    session_kept: MQTT 3.1.1 asks for it here, MQTT 5 when it connects. reconnecting: whether paho connects again when
    an established connection is lost.
    """
    version = settings.broker_mqtt_version
    client = kind(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=_PROTOCOLS[version],
        clean_session=None if version == "5" else not session_kept,
        manual_ack=manual_ack,
        reconnect_on_failure=reconnecting,
    )
    _authenticate(client, settings)
    return client


def _authenticate(client: mqtt.Client, settings: BrokerSettings) -> None:
    address = _split(settings)
    if address.username:
        client.username_pw_set(unquote(address.username), unquote(address.password or ""))
    if address.scheme == "mqtts":
        client.tls_set_context(_tls_context(settings))


def address_of(settings: BrokerSettings) -> tuple[str, int]:
    """Host and port; raise SetupError for an address that cannot work."""
    address = _split(settings)
    return address.hostname or "", address.port or _DEFAULT_PORTS[address.scheme]


def connect(client: mqtt.Client, settings: BrokerSettings) -> None:
    """Open the connection; raise BrokerError when nobody answers or TLS fails."""
    host, port = address_of(settings)
    try:
        client.connect(host, port, keepalive=_KEEPALIVE_S)
    except OSError as exc:
        raise BrokerError(f"cannot reach the broker at {host}:{port}: {exc}") from exc


@contextmanager
def admitted(client: mqtt.Client, settings: BrokerSettings) -> Iterator[None]:
    """Connected, from the broker's welcome on; disconnected afterwards.

    Raises BrokerError when nobody answers or the broker is not ready, RefusedError with its reason when it refuses us.
    """
    answers: Queue[ReasonCode] = Queue()
    client.on_connect = lambda _client, _data, _flags, reason, _properties: answers.put(reason)
    client.on_disconnect = lambda _client, _data, _flags, reason, _properties: answers.put(reason)
    connect(client, settings)
    client.loop_start()
    try:
        _await_welcome(answers, settings)
        yield
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def publishing(settings: BrokerSettings, *, in_flight: int = 20) -> Iterator[mqtt.Client]:
    """A client that is `admitted`, to publish with; `in_flight` messages may be unacknowledged."""
    client = new_client(settings)
    client.max_inflight_messages_set(in_flight)
    with admitted(client, settings):
        yield client


def _await_welcome(answers: Queue[ReasonCode], settings: BrokerSettings) -> None:
    host, port = address_of(settings)
    try:
        reason = answers.get(timeout=_ANSWERS_WITHIN_S)
    except Empty:
        raise BrokerError(f"what listens at {host}:{port} does not answer as an MQTT broker does") from None
    if str(reason) in _NOT_NOW:
        raise BrokerError(f"the broker at {host}:{port} is not ready ({reason})")
    if reason.is_failure:
        raise RefusedError(
            f"the broker at {host}:{port} refuses us ({reason}): look at user and password in its address, and at "
            f"BELLWETHER_BROKER_MQTT_VERSION, now {settings.broker_mqtt_version}"
        )


def _split(settings: BrokerSettings) -> SplitResult:
    address = urlsplit(settings.broker_url.get_secret_value())
    try:
        usable = address.scheme in _DEFAULT_PORTS and bool(address.hostname) and address.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SetupError("the broker's address must look like mqtt://host:1883 or mqtts://user:password@host:8883")
    return address


def _tls_context(settings: BrokerSettings) -> ssl.SSLContext:
    """System authorities unless one is named; the host's name is always checked."""
    try:
        context = ssl.create_default_context(cafile=settings.broker_ca_file)
        if settings.broker_cert_file is not None:
            context.load_cert_chain(settings.broker_cert_file, settings.broker_key_file)
    except OSError as exc:
        raise SetupError(f"the broker's certificate files cannot be read: {exc}") from exc
    return context

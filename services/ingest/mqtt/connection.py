"""One connection to the broker, by way of paho: what every kind of session has in common."""

import time
from collections.abc import Iterable, Mapping
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import Any

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.ingest.mqtt.packets import Publish
from services.ingest.mqtt.reconnect_delay import ReconnectDelay
from services.ingest.mqtt.streaming_client import StreamingClient
from shared.errors import BrokerError
from shared.mqtt import address_of, client_of
from shared.settings import BrokerSettings

SESSION_TAKEN_OVER = 0x8E
"""Why MQTT 5 ended a connection: another client came with the same client id. MQTT 3.1.1 gives no reason, nor does
mosquitto 2.0.11 with MQTT 5."""

_KEEPALIVE_S = 60
_ENDS_WITHIN_S = 3.0
_RECONNECT_FROM_S, _RECONNECT_TO_S = 1, 15

log = structlog.get_logger()


def warn_of_contested_id(client_id: str, wait_s: int) -> None:
    """Say what to do about a client id, or a host id, that two have."""
    log.critical(
        "the connection is taken from us; does another process have the same "
        "BELLWETHER_BROKER_CLIENT_ID? Each needs one of its own, and each database's a BELLWETHER_SPARKPLUG_HOST_ID",
        client_id=client_id,
        coming_back_after_s=wait_s,
    )


class Connection:
    """One paho client and its network thread. `listening`: the broker has granted what we need.

    reconnecting: connect again whenever the connection is lost; otherwise the thread ends with it. kept: the broker
    keeps session and messages while we are away. connect_properties are those of MQTT 5.

    A kind of session says by `_filters` what it subscribes to, and what it does when it is granted or lost and when
    a message comes; all four run in the network thread.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        name: str,
        *,
        kept: bool = False,
        reconnecting: bool = True,
        **connect_properties: int,
    ) -> None:
        self.name = name
        self.client_id = f"{settings.broker_client_id}-{name}"
        self.connected = self.listening = False
        self._address = address_of(settings)
        self._connected_at = 0.0
        self._reconnect_delay = ReconnectDelay()
        self._connect_arguments = _connect_arguments(settings, kept=kept, properties=connect_properties)
        self._client = client_of(
            StreamingClient,
            settings,
            client_id=self.client_id,
            session_kept=kept,
            manual_ack=True,
            reconnecting=reconnecting,
        )
        self._client.reconnect_delay_set(_RECONNECT_FROM_S, _RECONNECT_TO_S)
        self._hear_client()

    def _hear_client(self) -> None:
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.deliver_to(self._receive)

    def start(self) -> None:
        """Connect in the background."""
        self._client.connect_async(*self._address, **self._connect_arguments)
        self._client.loop_start()

    def stop(self, properties: Properties | None = None) -> None:
        """Send what is queued, say goodbye, and end the thread. Whatever takes the messages must still do so.

        A network that swallows everything is waited for a few seconds only; the thread ends when paho gives it up.
        """
        self._client.disconnect(properties=properties)
        ending = Thread(target=self._client.loop_stop, name=f"{self.name}-ending", daemon=True)
        ending.start()
        ending.join(_ENDS_WITHIN_S)
        self.connected = self.listening = False

    @property
    def running(self) -> bool:
        """Whether the network thread lives, without which nothing would ever be received again."""
        return any(thread.name == f"paho-mqtt-client-{self.client_id}" for thread in enumerate_threads())

    def check(self) -> None:
        """Raise BrokerError when the network thread has ended."""
        if not self.running:
            raise BrokerError(f"the network thread of the connection {self.name!r} has ended; start ingest again")

    def _filters(self) -> Iterable[tuple[str, int]]:
        """Topic filters with the QoS to ask for."""
        raise NotImplementedError

    def _suffices(self, *, granted: int, asked: int) -> bool:
        """Whether we are listening, when the broker has granted so many subscriptions of those asked for."""
        return granted == asked

    def _granted(self) -> None:
        """The broker has granted the subscriptions."""

    def _lost(self, reason: ReasonCode) -> None:
        """The connection is gone."""

    def _receive(self, message: Publish) -> None:
        raise NotImplementedError

    def _ask_for(self, filters: Iterable[tuple[str, int]]) -> None:
        wanted = sorted(filters)
        if wanted:
            self._client.subscribe(wanted)

    def _on_connect(
        self, _client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("the broker refuses the connection", connection=self.name, reason=str(reason))
            return
        log.info("connected to the broker", connection=self.name)
        self._connected_at = time.monotonic()
        self.connected = True  # first, since other threads may change the filters: asked twice is no harm
        self._ask_for(self._filters())

    def _on_connect_fail(self, _client: mqtt.Client, _data: object) -> None:
        log.warning("the broker does not answer", connection=self.name, host=self._address[0], port=self._address[1])

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _p: Properties | None,
    ) -> None:
        self.connected = self.listening = False
        log.info("disconnected from the broker", connection=self.name, reason=str(reason))
        self._lost(reason)
        if reason.is_failure:
            self._stay_away(taken_over=reason.value == SESSION_TAKEN_OVER)

    def _stay_away(self, *, taken_over: bool) -> None:
        """Come back later, where another client seems to have our client id."""
        lasted_s = time.monotonic() - self._connected_at
        wait_s = self._reconnect_delay.wait_s(lasted_s=lasted_s, taken_over=taken_over)
        if self._reconnect_delay.contested:
            warn_of_contested_id(self.client_id, wait_s)
        self._client.reconnect_delay_set(wait_s, max(wait_s, _RECONNECT_TO_S))

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            log.error("the broker refuses subscriptions", connection=self.name, reasons=refused)
        if self._suffices(granted=len(reasons) - len(refused), asked=len(reasons)):
            self.listening = True
            log.info("subscribed", connection=self.name)
            self._granted()


def _connect_arguments(settings: BrokerSettings, *, kept: bool, properties: Mapping[str, int]) -> dict[str, Any]:
    """What paho's connect wants beside the address."""
    if settings.broker_mqtt_version != "5":
        return {"keepalive": _KEEPALIVE_S}
    asked = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    for name, value in properties.items():
        setattr(asked, name, value)
    return {"keepalive": _KEEPALIVE_S, "clean_start": not kept, "properties": asked}

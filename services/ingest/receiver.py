"""The broker, by way of paho: two clients, one inbox, acknowledgements by hand.

JSON comes at QoS 1 through a session that the broker keeps while we are away. Sparkplug has its own client with a
clean session at QoS 0, as the specification demands. Subscriptions ask for QoS 1 where a plant publishes at QoS 2:
the broker's second half of QoS 2 would forget the message when we die between receipt and commit, while here a
repeat is harmless.
"""

import time
from collections.abc import Iterable, Sequence
from threading import Lock
from threading import enumerate as enumerate_threads

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.ingest.decoding import SPARKPLUG_SUBSCRIPTION
from services.ingest.envelope import Envelope
from services.ingest.inbox import Inbox
from shared.errors import BrokerError
from shared.mqtt import address_of, new_client
from shared.settings import BrokerSettings
from shared.sparkplug import rebirth_command, topic

RECEIVE_MAXIMUM = 4_000
"""Unacknowledged messages that an MQTT 5 broker may send; well below the inbox's size, so paho never blocks on them."""

_SESSION_KEPT_S = 30 * 86_400
_KEEPALIVE_S = 60
_LONGEST_RECONNECT_DELAY_S = 15

log = structlog.get_logger()


class Receiver:
    """Both connections. `acknowledge` drops what belongs to a connection that is gone: it will be sent again."""

    def __init__(self, settings: BrokerSettings, inbox: Inbox, subscriptions: Iterable[str]) -> None:
        self._json = _Connection(settings, "ingest", inbox, subscriptions, qos=1, kept=True)
        self._sparkplug = _Connection(settings, "sparkplug", inbox, (SPARKPLUG_SUBSCRIPTION,), qos=0, kept=False)

    def start(self) -> None:
        """Connect in the background, and again whenever a connection is lost."""
        self._json.start()
        self._sparkplug.start()

    def stop(self) -> None:
        """Send what is queued, say goodbye, and end the threads. Close the inbox first."""
        self._json.stop()
        self._sparkplug.stop()

    @property
    def listening(self) -> bool:
        """Whether the broker has granted both connections' subscriptions, so that silence is the plants' own."""
        return self._json.listening and self._sparkplug.listening

    def check(self) -> None:
        """Raise BrokerError when a thread of paho's has ended, which nothing would ever start again."""
        self._json.check()
        self._sparkplug.check()

    def subscribe(self, subscriptions: Iterable[str]) -> None:
        """Receive these topic filters from now on, and no others, through the kept session."""
        self._json.subscribe(subscriptions)

    def acknowledge(self, envelopes: Sequence[Envelope]) -> None:
        """Acknowledge messages that are committed, in the order given, which must be that of their receipt."""
        self._json.acknowledge([envelope for envelope in envelopes if envelope.qos > 0])

    def ask_for_births(self, group: str, edge: str) -> None:
        """Send the one command that Bellwether ever sends: a node is asked for its births."""
        payload = rebirth_command(timestamp_ms=time.time_ns() // 1_000_000)
        self._sparkplug.publish(topic(group, "NCMD", edge), payload)


class _Connection:
    """One paho client. `_number` counts its connections: a message id means nothing after the one it came by."""

    def __init__(
        self, settings: BrokerSettings, name: str, inbox: Inbox, subscriptions: Iterable[str], *, qos: int, kept: bool
    ) -> None:
        self._name = name
        self._inbox = inbox
        self._qos = qos
        self._kept = kept
        self._subscriptions = frozenset(subscriptions)
        self._lock = Lock()
        self._number = 0
        self._connected = False
        self.listening = False
        self._version5 = settings.broker_mqtt_version == "5"
        self._client_id = f"{settings.broker_client_id}-{name}"
        self._client = new_client(settings, client_id=self._client_id, session_kept=kept, manual_ack=True)
        self._address = address_of(settings)
        self._client.reconnect_delay_set(1, _LONGEST_RECONNECT_DELAY_S)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def start(self) -> None:
        host, port = self._address
        if self._version5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            if self._kept:
                properties.SessionExpiryInterval = _SESSION_KEPT_S
                properties.ReceiveMaximum = RECEIVE_MAXIMUM
            self._client.connect_async(
                host, port, keepalive=_KEEPALIVE_S, clean_start=not self._kept, properties=properties
            )
        else:
            self._client.connect_async(host, port, keepalive=_KEEPALIVE_S)
        self._client.loop_start()

    def check(self) -> None:
        if not any(thread.name == f"paho-mqtt-client-{self._client_id}" for thread in enumerate_threads()):
            raise BrokerError(f"the network thread of the connection {self._name!r} has ended; start ingest again")

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def subscribe(self, subscriptions: Iterable[str]) -> None:
        wanted = frozenset(subscriptions)
        old, self._subscriptions = self._subscriptions, wanted
        if self._connected:
            self._ask_for(wanted - old)
            if old - wanted:
                self._client.unsubscribe(sorted(old - wanted))

    def acknowledge(self, envelopes: Sequence[Envelope]) -> None:
        with self._lock:
            for envelope in envelopes:
                if envelope.connection == self._number:
                    self._client.ack(envelope.mid, envelope.qos)

    def publish(self, to: str, payload: bytes) -> None:
        self._client.publish(to, payload, qos=0)

    def _ask_for(self, subscriptions: Iterable[str]) -> None:
        filters = [(one, self._qos) for one in sorted(subscriptions)]
        if filters:
            self._client.subscribe(filters)

    def _on_connect(
        self, _client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if reason.is_failure:
            log.error("the broker refuses the connection", connection=self._name, reason=str(reason))
            return
        log.info("connected to the broker", connection=self._name)
        self._ask_for(self._subscriptions)
        self._connected = True

    def _on_connect_fail(self, _client: mqtt.Client, _data: object) -> None:
        log.warning("the broker does not answer", connection=self._name, host=self._address[0], port=self._address[1])

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _p: Properties | None,
    ) -> None:
        """Count up under the lock: paho clears what it has queued after this, so no stale acknowledgement gets out."""
        self._connected = self.listening = False
        with self._lock:
            self._number += 1
        log.info("disconnected from the broker", connection=self._name, reason=str(reason))

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        for reason in reasons:
            if reason.is_failure:
                log.error("the broker refuses a subscription", connection=self._name, reason=str(reason))
        self.listening = not all(reason.is_failure for reason in reasons)

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._inbox.put(
            Envelope(
                message.topic,
                bytes(message.payload),
                message.qos,
                message.retain,
                time.time_ns() // 1000,
                message.mid,
                self._number,
            )
        )

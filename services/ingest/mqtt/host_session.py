"""The session of a Sparkplug host application: STATE birth and death, the will, and every plant's messages.

A connection's will and its birth carry one timestamp, made at its CONNECT [message-flow-phid-sparkplug-state-publish-
payload-timestamp]. So each connection has a paho client of its own: one that reconnects by itself would first send
again what it had not got acknowledged, the birth of the connection before.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.ingest.mqtt.connection import SESSION_TAKEN_OVER, Connection
from services.ingest.mqtt.packets import Publish
from services.ingest.sparkplug import SUBSCRIPTION
from shared.settings import BrokerSettings
from shared.sparkplug import parse_state, state_payload

_DEATH_ACKNOWLEDGED_WITHIN_S = 3.0

log = structlog.get_logger()


class HostConnection(Connection):
    """One connection as host, from its CONNECT to its end. `online`: the broker has acknowledged our birth.

    receive takes what plants say; on_granted tells when that begins.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        receive: Callable[[Publish], None],
        on_granted: Callable[[Connection], None],
    ) -> None:
        super().__init__(settings, "host", reconnecting=False, SessionExpiryInterval=0)
        self.online = False
        self.taken_over = False
        self._state_topic = f"spBv1.0/STATE/{settings.sparkplug_host_id}"
        self._take, self._on_granted = receive, on_granted
        self._timestamp_ms = 0
        self._birth: int | None = None
        self._leaving = False
        self._client.on_pre_connect = lambda _client, _data: self._set_will()
        self._client.on_publish = self._on_publish

    def leave(self) -> None:
        """Publish the death, wait a little until the broker has it, disconnect."""
        self._leaving = True
        if self.connected:
            death = state_payload(online=False, timestamp_ms=_now_ms())
            sent = self._client.publish(self._state_topic, death, qos=1, retain=True)
            with suppress(RuntimeError):  # the connection was lost meanwhile, and the will says the same
                sent.wait_for_publish(_DEATH_ACKNOWLEDGED_WITHIN_S)
        self.stop()
        self.online = False

    def publish(self, to: str, payload: bytes) -> None:
        """Send a command, QoS 0 and not retained."""
        self._client.publish(to, payload, qos=0)

    def _filters(self) -> Iterable[tuple[str, int]]:
        return [(self._state_topic, 1), (SUBSCRIPTION, 0)]

    def _set_will(self) -> None:
        self._timestamp_ms = _now_ms()
        self._client.will_set(
            self._state_topic, state_payload(online=False, timestamp_ms=self._timestamp_ms), qos=1, retain=True
        )

    def _granted(self) -> None:
        self._on_granted(self)
        self._birth = self._publish_birth()

    def _publish_birth(self) -> int:
        birth = state_payload(online=True, timestamp_ms=self._timestamp_ms)
        return self._client.publish(self._state_topic, birth, qos=1, retain=True).mid

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if mid == self._birth:
            self.online = not reason.is_failure
            log.info("online as Sparkplug host", topic=self._state_topic, reason=str(reason))

    def _lost(self, reason: ReasonCode) -> None:
        self.online = False
        self.taken_over = reason.value == SESSION_TAKEN_OVER

    def _receive(self, message: Publish) -> None:
        if message.qos:
            self._client.acknowledge([message.mid])
        if message.topic == self._state_topic:
            self._hear_state(message)
        else:
            self._take(message)

    def _hear_state(self, message: Publish) -> None:
        """Contradict a death of ours, for instance the will of an earlier connection that only now is published.

        What was retained when we subscribed is of before our birth, which takes its place.
        """
        state = parse_state(message.payload)
        if state is None or message.retain or self._birth is None or self._leaving:
            return
        if not state[0]:
            self._publish_birth()
            log.warning("contradicted a STATE that called this host offline", timestamp_ms=state[1])


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

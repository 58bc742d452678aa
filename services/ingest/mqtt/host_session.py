"""The session of a Sparkplug host application: STATE birth and death, the will, and every plant's messages.

A connection's will and its birth carry one timestamp, made at its CONNECT [message-flow-phid-sparkplug-state-publish-
payload-timestamp]. So each connection has a paho client of its own: one that reconnects by itself would first send
again what it had not got acknowledged, the birth of the connection before.

Edge nodes ignore a STATE that is older than one they have heard [message-flow-edge-node-birth-publish-phid-wait-
timestamp]. What `services.ingest.sparkplug.host_role` says of newer ones is done here.
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
from shared.settings import BrokerSettings
from shared.sparkplug import SUBSCRIPTION, parse_state, state_payload, state_topic

_DEATH_ACKNOWLEDGED_WITHIN_S = 3.0
_END_OF_TIME_MS = 253_402_300_800_000  # the year 10000: nobody's clock, and no time to be newer than

log = structlog.get_logger()


class HostConnection(Connection):
    """One connection as host, from its CONNECT to its end. `online`: the broker has acknowledged our birth.

    receive takes what plants say; on_granted tells when that begins. `newest_ms`: the newest time said about this
    host id, by us or others; each connection begins after it. `superseded`: another host of this id came after us.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        receive: Callable[[Publish], None],
        on_granted: Callable[[Connection], None],
        *,
        newest_ms: int,
    ) -> None:
        super().__init__(settings, "host", reconnecting=False, SessionExpiryInterval=0)
        self.online = self.taken_over = self.superseded = False
        self.newest_ms = newest_ms
        self._state_topic = state_topic(settings.sparkplug_host_id)
        self._take, self._on_granted = receive, on_granted
        self._timestamp_ms = 0
        self._birth: int | None = None
        self._leaving = False
        self._client.on_pre_connect = lambda _client, _data: self._set_will()
        self._client.on_publish = self._on_publish

    def say_death(self) -> None:
        """Publish the death and wait a little until the broker has it; nothing where another host has come."""
        self._leaving = True
        if self.connected and not self.superseded:
            self.newest_ms = max(_now_ms(), self.newest_ms + 1)
            death = state_payload(online=False, timestamp_ms=self.newest_ms)
            sent = self._client.publish(self._state_topic, death, qos=1, retain=True)
            with suppress(RuntimeError):  # the connection was lost meanwhile, and the will says the same
                sent.wait_for_publish(_DEATH_ACKNOWLEDGED_WITHIN_S)

    def leave(self) -> None:
        """Disconnect without a word: the broker drops the will."""
        self._leaving = True
        self.stop()
        self.online = False

    def publish(self, to: str, payload: bytes) -> None:
        """Send a command, QoS 0 and not retained."""
        self._client.publish(to, payload, qos=0)

    def _filters(self) -> Iterable[tuple[str, int]]:
        return [(self._state_topic, 1), (SUBSCRIPTION, 0)]

    def _set_will(self) -> None:
        self._timestamp_ms = self.newest_ms = max(_now_ms(), self.newest_ms + 1)
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

        What is retained is of before our birth, which takes its place, or should: it must be the newer one.
        """
        state = parse_state(message.payload)
        if state is None or self._leaving or self.superseded:
            return
        online, timestamp_ms = state
        newer = self._timestamp_ms < timestamp_ms < _END_OF_TIME_MS
        if newer:
            self.newest_ms = timestamp_ms
        if online and newer and not message.retain:
            self.superseded = True
            log.warning("another host of this host id is online", topic=self._state_topic, timestamp_ms=timestamp_ms)
            return
        if not online and not message.retain and self._birth is not None:
            self._publish_birth()
            log.warning("contradicted a STATE that called this host offline", timestamp_ms=timestamp_ms)
        if newer:
            self._leaving = True
            self._client.disconnect()
            log.warning("connecting again, since nodes ignore a birth older than that", timestamp_ms=timestamp_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

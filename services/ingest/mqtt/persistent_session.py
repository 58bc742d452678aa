"""The session that the broker keeps while we are away: JSON and mappings at QoS 1, acknowledged by hand.

Subscriptions ask for QoS 1 where a plant publishes at QoS 2: the broker's second half of QoS 2 would forget the
message when we die between receipt and commit, while here a repeat is harmless.

In a group (`$share/GROUP/`, MQTT 5) the broker gives each message to one of its processes, and keeps for each what it
was given. So a process that is stopped takes its leave: it unsubscribes, finishes what the broker has given it, and
ends the session; nothing waits there for nobody. One that is killed finds its own again under the same client id; if
it never comes back, what it was given is lost with its session after 30 days. Retained messages never come to a group.
"""

import time
from collections.abc import Iterable, Sequence
from threading import Lock

import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.ingest.messages.envelope import Envelope
from services.ingest.mqtt.connection import Connection
from services.ingest.mqtt.inbox import Inbox
from services.ingest.mqtt.packets import Publish
from shared.errors import SetupError
from shared.settings import BrokerSettings

RECEIVE_MAXIMUM = 4_000
"""Unacknowledged messages that an MQTT 5 broker may send; well below the inbox's size, so paho never blocks on them."""

_SESSION_KEPT_S = 30 * 86_400
_QUIET_S = 1.0

log = structlog.get_logger()


class PersistentSession(Connection):
    """`acknowledge` drops what belongs to a connection that is gone: it will be sent again.

    `_number` counts the connections: a message id means nothing after the one that it came by. Raises SetupError for
    a group with MQTT 3.1.1, which has none.
    """

    def __init__(self, settings: BrokerSettings, inbox: Inbox, subscriptions: Iterable[str]) -> None:
        super().__init__(
            settings,
            "ingest",
            kept=True,
            SessionExpiryInterval=_SESSION_KEPT_S,
            ReceiveMaximum=RECEIVE_MAXIMUM,
        )
        if settings.broker_shared_group is not None and settings.broker_mqtt_version != "5":
            raise SetupError(
                "BELLWETHER_BROKER_SHARED_GROUP needs MQTT 5: set BELLWETHER_BROKER_MQTT_VERSION to 5, or let one "
                "process alone receive JSON"
            )
        self._group = settings.broker_shared_group
        self._inbox = inbox
        self._received = self._settled = 0
        self._heard_at = 0.0
        self._subscriptions = frozenset(subscriptions)
        self._retired: frozenset[str] = frozenset()
        self._lock = Lock()
        self._number = 0

    def subscribe(self, subscriptions: Iterable[str]) -> None:
        """Receive these topic filters from now on, and no others."""
        wanted = frozenset(subscriptions)
        old, self._subscriptions = self._subscriptions, wanted
        self.retire(old)
        if self.connected:
            self._ask_for((self._shared(one), 1) for one in wanted - old)
            if old - wanted:
                self._client.unsubscribe([self._shared(one) for one in sorted(old - wanted)])

    def retire(self, subscriptions: Iterable[str]) -> None:
        """Give these topic filters up at every connection, for the broker may keep them from another time."""
        self._retired = (self._retired | frozenset(subscriptions)) - self._subscriptions

    def acknowledge(self, envelopes: Sequence[Envelope]) -> None:
        """Acknowledge messages that are committed, in the order given, which must be that of their receipt."""
        with self._lock:
            number = self._number
            mids = [one.mid for one in envelopes if one.qos > 0 and one.connection == number]
            self._client.acknowledge(mids)
            self._settled += len(mids)

    def take_leave(self) -> None:
        """Receive nothing new from the group. What the broker has given us already still comes."""
        if self._group is not None and self.connected:
            self._heard_at = time.monotonic()
            self.subscribe(())

    @property
    def has_left(self) -> bool:
        """Whether nothing is owed and nothing has come for a second, so that the session may end; only in a group."""
        quiet = time.monotonic() - self._heard_at > _QUIET_S
        return self._taking_leave and quiet and self._settled == self._received

    @property
    def is_leaving(self) -> bool:
        """Whether a leave was taken and something may still come."""
        return self._taking_leave and not self.has_left

    def end(self) -> None:
        """Disconnect; end the session too, where the leave is complete, else the broker goes on keeping it."""
        if not self.has_left:
            self.stop()
            return
        properties = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0
        self.stop(properties)
        log.info("left the group and ended the session", connection=self.name)

    @property
    def _taking_leave(self) -> bool:
        return self._group is not None and self.connected and not self._subscriptions

    def _suffices(self, *, granted: int, asked: int) -> bool:  # noqa: ARG002
        """One mapping that the broker refuses silences no other."""
        return granted > 0

    def _granted(self) -> None:
        """Give up what the session may still have: filters out of force, and in a group those without it."""
        old = set(self._retired)
        if self._group is not None:
            old |= self._subscriptions | {self._shared(one) for one in self._retired}
        if old and self._subscriptions:
            self._client.unsubscribe(sorted(old))

    def _filters(self) -> Iterable[tuple[str, int]]:
        return [(self._shared(one), 1) for one in self._subscriptions]

    def _shared(self, one: str) -> str:
        return one if self._group is None else f"$share/{self._group}/{one}"

    def _lost(self, reason: ReasonCode) -> None:  # noqa: ARG002
        """Count up under the lock: paho clears what it has queued after this, so no stale acknowledgement gets out."""
        with self._lock:
            self._number += 1
            self._settled = self._received

    def _receive(self, message: Publish) -> None:
        topic, payload, qos, retained, mid = message
        if qos:
            self._received += 1
            self._heard_at = time.monotonic()
        self._inbox.put(Envelope(topic, payload, qos, retained, time.time_ns() // 1000, mid, self._number))

"""The session that the broker keeps while we are away: JSON and mappings at QoS 1, acknowledged by hand.

Subscriptions ask for QoS 1 where a plant publishes at QoS 2: the broker's second half of QoS 2 would forget the
message when we die between receipt and commit, while here a repeat is harmless.
"""

import time
from collections.abc import Iterable, Sequence
from threading import Lock

from paho.mqtt.reasoncodes import ReasonCode

from services.ingest.connection import Connection
from services.ingest.envelope import Envelope
from services.ingest.inbox import Inbox
from services.ingest.packets import Publish
from shared.settings import BrokerSettings

RECEIVE_MAXIMUM = 4_000
"""Unacknowledged messages that an MQTT 5 broker may send; well below the inbox's size, so paho never blocks on them."""

_SESSION_KEPT_S = 30 * 86_400


class KeptSession(Connection):
    """`acknowledge` drops what belongs to a connection that is gone: it will be sent again.

    `_number` counts the connections: a message id means nothing after the one that it came by.
    """

    def __init__(self, settings: BrokerSettings, inbox: Inbox, subscriptions: Iterable[str]) -> None:
        super().__init__(
            settings,
            "ingest",
            kept=True,
            SessionExpiryInterval=_SESSION_KEPT_S,
            ReceiveMaximum=RECEIVE_MAXIMUM,
        )
        self._inbox = inbox
        self._subscriptions = frozenset(subscriptions)
        self._lock = Lock()
        self._number = 0

    def subscribe(self, subscriptions: Iterable[str]) -> None:
        """Receive these topic filters from now on, and no others."""
        wanted = frozenset(subscriptions)
        old, self._subscriptions = self._subscriptions, wanted
        if self.connected:
            self._ask_for((one, 1) for one in wanted - old)
            if old - wanted:
                self._client.unsubscribe(sorted(old - wanted))

    def acknowledge(self, envelopes: Sequence[Envelope]) -> None:
        """Acknowledge messages that are committed, in the order given, which must be that of their receipt."""
        with self._lock:
            number = self._number
            self._client.acknowledge([one.mid for one in envelopes if one.qos > 0 and one.connection == number])

    def _filters(self) -> Iterable[tuple[str, int]]:
        return [(one, 1) for one in self._subscriptions]

    def _lost(self, reason: ReasonCode) -> None:  # noqa: ARG002
        """Count up under the lock: paho clears what it has queued after this, so no stale acknowledgement gets out."""
        with self._lock:
            self._number += 1

    def _receive(self, message: Publish) -> None:
        topic, payload, qos, retained, mid = message
        self._inbox.put(Envelope(topic, payload, qos, retained, time.time_ns() // 1000, mid, self._number))

"""What hears Sparkplug: the host, or a plain subscriber without STATE while the host must be offline.

Both take in everything; when one follows the other, it has its subscription before the other goes, so that nothing is
missed in between. What both heard is a repeat, which the decoder drops.
"""

import time
from collections.abc import Callable, Iterable

from services.ingest.messages.envelope import Envelope
from services.ingest.monitoring import lane_metrics
from services.ingest.mqtt.connection import Connection, warn_of_contested_id
from services.ingest.mqtt.host_session import HostConnection
from services.ingest.mqtt.inbox import Inbox
from services.ingest.mqtt.packets import Publish
from services.ingest.mqtt.reconnect_delay import ReconnectDelay
from services.ingest.sparkplug.host_role import HostRole
from shared.settings import BrokerSettings
from shared.sparkplug import SUBSCRIPTION, rebirth_command
from shared.sparkplug import topic as topic_of


class PlainSubscriber(Connection):
    """Hears every plant without being a host to any."""

    def __init__(
        self,
        settings: BrokerSettings,
        receive: Callable[[Publish], None],
        on_granted: Callable[[Connection], None],
    ) -> None:
        super().__init__(settings, "sparkplug", SessionExpiryInterval=0)
        self._take, self._on_granted = receive, on_granted

    def publish(self, to: str, payload: bytes) -> None:
        """Send a command, QoS 0 and not retained."""
        self._client.publish(to, payload, qos=0)

    def _filters(self) -> Iterable[tuple[str, int]]:
        return [(SUBSCRIPTION, 0)]

    def _granted(self) -> None:
        self._on_granted(self)

    def _receive(self, message: Publish) -> None:
        self._take(message)


class SparkplugSessions:
    """Both sessions and one inbox. An envelope's `connection` is the number of the unbroken time of hearing."""

    def __init__(self, settings: BrokerSettings, inbox: Inbox) -> None:
        self._settings = settings
        self._inbox = inbox
        self._number = 0
        self._host: HostConnection | None = None
        self._listener: PlainSubscriber | None = None
        self._reconnect_delay = ReconnectDelay()
        self._began = self._not_before = 0.0
        self._newest_ms = 0

    @property
    def listening(self) -> bool:
        """Whether every plant is heard."""
        return any(session.listening for session in self._sessions())

    @property
    def number(self) -> int:
        """Number of the present unbroken time of hearing; 0 before the first."""
        return self._number

    @property
    def online(self) -> bool:
        """Whether the plants know that this host is online."""
        return self._host is not None and self._host.online

    @property
    def superseded(self) -> bool:
        """Whether another host of our host id has come after us."""
        return self._host is not None and self._host.superseded

    def take_role(self, role: HostRole) -> None:
        """One step towards `role`; call it again and again: it also connects again what was lost."""
        if role is HostRole.HOST:
            self._keep_host()
        elif self._host is not None and (role is not HostRole.LISTENER or self._is_followed(self._host)):
            if role is not HostRole.STANDBY:
                self._host.say_death()
            self._host.leave()
            self._end_host(self._host, lost=self._host.superseded)
        if role is HostRole.LISTENER:
            self._keep_listener()
        elif self._listener is not None and (role is not HostRole.HOST or self.online):
            self._listener.stop()
            self._listener = None

    def ask_for_births(self, group: str, edge: str) -> None:
        """Send the one command that Bellwether ever sends: a node is asked for its births."""
        for session in self._sessions():
            if session.listening:
                lane_metrics.count_rebirth()
                session.publish(
                    topic_of(group, "NCMD", edge), rebirth_command(timestamp_ms=time.time_ns() // 1_000_000)
                )
                return

    def _is_followed(self, host: HostConnection) -> bool:
        return not host.listening or (self._listener is not None and self._listener.listening)

    def _keep_listener(self) -> None:
        if self._listener is None or not self._listener.running:
            self._listener = PlainSubscriber(self._settings, self._receive, self._begin)
            self._listener.start()

    def _keep_host(self) -> None:
        if self._host is not None and self._host.running:
            return
        if self._host is not None:
            self._end_host(self._host, lost=True)
        now = time.monotonic()
        if now >= self._not_before:
            self._host = HostConnection(self._settings, self._receive, self._begin, newest_ms=self._newest_ms)
            self._began = now
            self._host.start()

    def _end_host(self, host: HostConnection, *, lost: bool) -> None:
        """Keep in mind what the next connection must know: what is newest, and after a loss when to come back."""
        self._host, self._newest_ms = None, host.newest_ms
        if lost:
            now = time.monotonic()
            wait_s = self._reconnect_delay.wait_s(lasted_s=now - self._began, taken_over=host.taken_over)
            self._not_before = now + wait_s
            if self._reconnect_delay.contested:
                warn_of_contested_id(host.client_id, wait_s)

    def _begin(self, session: Connection) -> None:
        """A session hears from now on; where none did, what was said before may have been missed."""
        if not any(other.listening for other in self._sessions() if other is not session):
            self._number += 1

    def _sessions(self) -> list[HostConnection | PlainSubscriber]:
        return [session for session in (self._host, self._listener) if session is not None]

    def _receive(self, message: Publish) -> None:
        topic, payload, qos, retained, mid = message
        self._inbox.put(Envelope(topic, payload, qos, retained, time.time_ns() // 1000, mid, self._number))

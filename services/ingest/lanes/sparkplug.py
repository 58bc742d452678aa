"""The lane of Sparkplug, which comes at QoS 0: what is not taken now is lost, so nothing here waits for the database.

    host or listener ──envelopes──▶ decoding ──decoded──▶ backlog ──oldest first──▶ store
     (paho threads)                (one thread)       (memory or spool)          (one thread)

A third thread keeps the lease and decides which of the two sessions there should be, a fourth renews the lease.
"""

import math
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

import structlog

from services.ingest.lanes.backoff import Backoff
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded
from services.ingest.messages.size import FULL, Size, size_of
from services.ingest.monitoring import lane_metrics
from services.ingest.mqtt.inbox import Inbox
from services.ingest.mqtt.sparkplug_sessions import SparkplugSessions
from services.ingest.settings import IngestSettings
from services.ingest.sparkplug import Counts, SparkplugHost
from services.ingest.sparkplug.deaths import presumed_death
from services.ingest.sparkplug.host_role import Deafness, HostRole, role_of
from services.ingest.sparkplug.rebirth_queue import RebirthQueue
from services.ingest.spool.backlog import Backlog
from services.ingest.spool.spool import Spool
from services.ingest.store.lease import Lease, host_lease
from services.ingest.store.source_state import alive_nodes
from services.ingest.store.writer import Writer
from shared.errors import StorageError
from shared.settings import BrokerSettings

_LONGEST_WAIT_S, _LINGER_S = 0.2, 0.05
_MANY = 500
_STEP_S = 0.2
_RETRIED_WITHIN_S = 2.0
_DRAIN_S = 8.0
_STORED_WITHIN_S, _RELEASED_WITHIN_S = 9.0, 1.0
_FOREVER_US = 2**62

log = structlog.get_logger()


class SparkplugLane:
    """All of Sparkplug on threads, a database connection and a spool of its own; raises SetupError for the spool."""

    def __init__(self, database_url: str, broker: BrokerSettings, settings: IngestSettings) -> None:
        self._inbox = Inbox()
        self._sessions = SparkplugSessions(broker, self._inbox)
        self._host = SparkplugHost(
            reorder_timeout_us=round(settings.reorder_timeout_s * 1e6), known_metrics=settings.sparkplug_metrics
        )
        self._counted = Counts()
        self._spool = Spool(
            settings.spool_directory / "sparkplug.sqlite3", limit_bytes=settings.spool_limit_mb * 1_000_000
        )
        self._backlog = Backlog(self._spool)
        self._writer = Writer(database_url, settings, application="ingest-sparkplug")
        self._rebirths = RebirthQueue(births_within_s=settings.births_within_s)
        self._number = 0
        self._lease = Lease(database_url, name=host_lease(broker.sparkplug_host_id), holder=broker.broker_client_id)
        self._deaf = False
        self._stopping = Event()
        self._left = Event()
        self._fault: BaseException | None = None
        self._acting, self._listening, self._storing, self._renewing = map(
            self._thread, (self._act, self._listen, self._store, self._renew)
        )

    def start(self) -> None:
        """Go on in the background until `stop`."""
        for thread in (self._acting, self._listening, self._storing, self._renewing):
            thread.start()

    def begin_to_stop(self) -> None:
        """Let the lane come to its end meanwhile, whatever the rest of the process waits for."""
        self._stopping.set()

    def stop(self) -> None:
        """Say goodbye to the plants, store or spool everything that was received, and give the lease back."""
        self.begin_to_stop()
        self._acting.join()

    def check(self) -> None:
        """Raise what a thread of the lane died of."""
        if self._fault is not None:
            raise self._fault

    @property
    def in_charge(self) -> bool:
        """Whether this process has the lease."""
        return self._lease.held is True

    @property
    def listening(self) -> bool:
        """Whether every plant is heard, by this process or, as far as we know, by the one that has the lease."""
        return self._lease.held is False or self._sessions.listening

    @property
    def behind(self) -> bool:
        """Whether messages wait in the spool, so that the database does not know yet who has spoken."""
        return self._backlog.spooled > 0

    def _thread(self, work: Callable[[], None]) -> Thread:
        return Thread(target=self._guarded, args=(work,), name=f"sparkplug{work.__name__}", daemon=True)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as exc:
            self._fault = exc
            raise

    def _act(self) -> None:
        role, deafness = HostRole.STANDBY, Deafness()
        try:
            while not self._stopping.wait(_STEP_S):
                if self._sessions.superseded:
                    self._lease.doubt()
                before, fill = role, self._backlog.fill
                role = role_of(lease_held=self._lease.held, spool_fill=fill, before=before)
                if role is not before:
                    log.info("role changed", role=role.value, before=before.value, spool_fill=round(fill, 2))
                self._sessions.take_role(role)
                listening = self._sessions.listening
                self._deaf = deafness.now(is_host=role is HostRole.HOST, listening=listening, now_s=time.monotonic())
                self._note()
            self._sessions.take_role(HostRole.GONE if self._lease.held else HostRole.STANDBY)
        finally:
            self._finish()

    def _finish(self) -> None:
        """Decode what came, store it while the database answers, spool the rest."""
        self._stopping.set()
        self._left.set()
        self._inbox.close()
        self._listening.join()
        self._storing.join(_STORED_WITHIN_S)
        self._renewing.join(_RELEASED_WITHIN_S)
        self._backlog.close()

    def _renew(self) -> None:
        """Until the host has left: who follows must not find it there."""
        self._lease.renew()
        while not self._left.wait(self._lease.renew_after_s):
            if self._deaf:
                self._lease.give_up()
            else:
                self._lease.renew()
        self._lease.release()

    def _listen(self) -> None:
        while (envelopes := self._inbox.take(_LONGEST_WAIT_S)) or not self._inbox.closed:
            self._decode(envelopes)
            if len(envelopes) < _MANY:
                self._stopping.wait(_LINGER_S)  # a moment for more: a batch costs the spool an fsync
        self._keep(self._host.due(_FOREVER_US))

    def _decode(self, envelopes: Sequence[Envelope]) -> None:
        lane_metrics.count_received("sparkplug", len(envelopes))
        decoded: list[Decoded] = []
        size = Size()
        for envelope in envelopes:
            self._notice(envelope.connection)
            self._rebirths.hear(envelope.topic)
            complete = self._host.receive(envelope)
            decoded += complete
            size = size.plus(size_of(complete))
            if size.reaches(FULL):
                self._keep(decoded)
                decoded, size = [], Size()
        self._notice(self._sessions.number)
        decoded += self._host.due(time.time_ns() // 1000)
        self._keep(decoded)
        for node in self._rebirths.due(time.monotonic()):
            self._sessions.ask_for_births(*node)
        self._end_silent()

    def _end_silent(self) -> None:
        """End what nodes had said that answer no question; while we do not listen, nobody's silence says anything."""
        for group, edge in self._rebirths.given_up():
            if self._sessions.listening:
                log.warning("a Sparkplug node answers no request for its births: it is stale", group=group, edge=edge)
                self._keep([presumed_death(group, edge, time.time_ns() // 1000)])

    def _notice(self, number: int) -> None:
        """Begin anew where nobody was listening for a while."""
        if number > self._number:
            self._number = number
            self._host.forget()
            self._rebirths.begin(time.monotonic())

    def _keep(self, decoded: Sequence[Decoded]) -> None:
        for one in decoded:
            if one.rebirth is not None:
                self._sessions.ask_for_births(*one.rebirth)
        self._backlog.put(decoded)

    def _store(self) -> None:
        backoff = Backoff(longest_s=_RETRIED_WITHIN_S)
        until = math.inf
        while self._listening.is_alive() or not self._backlog.settled:
            if not self._listening.is_alive():
                until = min(until, time.monotonic() + _DRAIN_S)
            try:
                self._store_some()
            except StorageError as exc:
                self._backlog.failed()
                log.warning("the database is away, Sparkplug goes to the spool", error=str(exc))
                if time.monotonic() > until:
                    break
                backoff.pause()
            else:
                backoff.reset()
        self._writer.close()

    def _store_some(self) -> None:
        batch = self._backlog.take(_LONGEST_WAIT_S)
        if self._rebirths.wanted:
            with self._writer.reading() as conn:
                self._rebirths.know(alive_nodes(conn))
        if batch:
            self._writer.write(batch)
            self._backlog.done()

    def _note(self) -> None:
        lane_metrics.note_host(self._host, self._counted)
        lane_metrics.note_sparkplug(
            online=self._sessions.online,
            lease_held=self.in_charge,
            spooled_messages=self._spool.messages,
            spooled_bytes=self._spool.bytes,
        )

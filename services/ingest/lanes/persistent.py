"""The lane of what the broker keeps for us, JSON and mappings: its session, its decoder, its database connection.

Beside its batches it does what one process does for all: it reads mappings that changed, notes that ingest listens,
and moves idle sources on.
"""

import time
from datetime import UTC, datetime
from threading import Event

import psycopg
import structlog

from services.ingest.decoding.decoder import Decoder, acknowledged_subscriptions
from services.ingest.lanes.pipeline import Pipeline
from services.ingest.lanes.sparkplug import SparkplugLane
from services.ingest.messages.envelope import Envelope
from services.ingest.monitoring import lane_metrics, store_metrics
from services.ingest.monitoring.standing import read_standing
from services.ingest.mqtt.inbox import Inbox
from services.ingest.mqtt.persistent_session import PersistentSession
from services.ingest.settings import IngestSettings
from services.ingest.store.heartbeat import Touch, begin_session, note_session, tick_idle_sources
from services.ingest.store.mappings import disabled_subscriptions, load_mappings
from services.ingest.store.writer import Writer
from shared.errors import StorageError
from shared.settings import BrokerSettings

_MAPPINGS_EVERY_S, _SESSION_EVERY_S, _TICK_EVERY_S, _STANDING_EVERY_S = 5.0, 10.0, 60.0, 10.0
_LEAVE_WITHIN_S = 8.0
_AWAIT_DATABASE_S = 1.0

log = structlog.get_logger()


class PersistentLane:
    """The lane that runs in the main thread, on one database connection and one session."""

    def __init__(
        self, database_url: str, broker: BrokerSettings, settings: IngestSettings, sparkplug: SparkplugLane
    ) -> None:
        self._writer = Writer(database_url, settings, application="ingest")
        self._sparkplug = sparkplug
        self._session_id: int | None = None
        self._touch = Touch()
        self._due = {"mappings": 0.0, "session": 0.0, "ticks": 0.0, "standing": 0.0}
        self._leave_until: float | None = None
        self._inbox = Inbox()
        self._decoder = Decoder()
        self._session = PersistentSession(broker, self._inbox, acknowledged_subscriptions(()))

    def run(self, stopping: Event) -> None:
        """Ingest until `stopping` is set, then finish what was taken.

        Raises what the Sparkplug lane died of, and BrokerError when nothing can be received any more: only a new
        process mends either.
        """
        while not stopping.is_set() and not self._is_ready():
            self._sparkplug.check()
            stopping.wait(_AWAIT_DATABASE_S)
        if not stopping.is_set():
            self._session.start()
            log.info("ingest runs")
        Pipeline(
            take=self._take,
            decode=self._decoder.decode,
            write=self._writer.write,
            acknowledge=self._session.acknowledge,
            between=self._between,
        ).run(lambda: self._has_stopped_receiving(stopping))

    def leave(self) -> None:
        """Take nothing more from the broker, and disconnect."""
        self._inbox.close()
        self._session.end()

    def close(self) -> None:
        """Note until when ingest listened, and close the database connection."""
        if self._writer.connected and self._session_id is not None:
            try:
                with self._writer.reading() as conn:
                    note_session(conn, self._session_id, datetime.now(UTC))
            except StorageError as exc:
                log.warning("the database is away", error=str(exc))
        self._writer.close()

    def _is_ready(self) -> bool:
        """Whether the database is there and its mappings are known, without which nothing should be received."""
        try:
            with self._writer.reading() as conn:
                self._refresh_mappings(conn)
                self._session.retire(disabled_subscriptions(conn))
        except StorageError as exc:
            log.warning("waiting for the database", error=str(exc))
            return False
        return True

    def _has_stopped_receiving(self, stopping: Event) -> bool:
        self._sparkplug.check()
        if not stopping.is_set():
            return False
        self._sparkplug.begin_to_stop()
        if self._is_leaving_the_group():
            return False
        self._inbox.close()
        return True

    def _is_leaving_the_group(self) -> bool:
        """Whether the group's leave, taken at the first call, still brings what the broker had given us."""
        now = time.monotonic()
        if self._leave_until is None:
            self._leave_until = now + _LEAVE_WITHIN_S
            self._session.take_leave()
        return self._session.is_leaving and now < self._leave_until

    def _take(self, timeout_s: float) -> list[Envelope]:
        taken = self._inbox.take(timeout_s)
        lane_metrics.count_received("persistent", len(taken))
        return taken

    def _between(self) -> None:
        """Read mappings that changed, keep the session's heartbeat, tick idle sources; raise StorageError."""
        self._session.check()
        store_metrics.note_connected(connected=self._listening)
        with self._writer.reading() as conn:
            self._look_after(conn, datetime.now(UTC))

    @property
    def _listening(self) -> bool:
        return self._session.listening and self._sparkplug.listening

    def _look_after(self, conn: psycopg.Connection, now: datetime) -> None:
        if self._leave_until is not None:
            return
        if self._is_due("mappings", _MAPPINGS_EVERY_S):
            self._refresh_mappings(conn)
        if self._is_due("standing", _STANDING_EVERY_S):
            store_metrics.note_sources(read_standing(conn, now))
        if not self._listening:
            self._session_id, self._touch = None, Touch()
            return
        if self._session_id is None:
            self._session_id = begin_session(conn, now)
        elif self._is_due("session", _SESSION_EVERY_S):
            note_session(conn, self._session_id, now)
        self._tick(conn, now)

    def _tick(self, conn: psycopg.Connection, now: datetime) -> None:
        """Only where the database knows who has spoken: what waited for it, or for us, must come first."""
        since = self._touch.since(now)
        if self._sparkplug.in_charge and not self._sparkplug.behind and self._is_due("ticks", _TICK_EVERY_S):
            tick_idle_sources(conn, since, now)

    def _refresh_mappings(self, conn: psycopg.Connection) -> None:
        mappings = load_mappings(conn)
        if mappings != self._decoder.mappings:
            self._decoder.mappings = mappings
            self._session.subscribe(acknowledged_subscriptions(mappings))
            log.info("mappings changed", count=len(mappings))

    def _is_due(self, what: str, every_s: float) -> bool:
        now = time.monotonic()
        if now < self._due[what]:
            return False
        self._due[what] = now + every_s
        return True

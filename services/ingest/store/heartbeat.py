"""What ingest says about itself and about silence: its sessions, and ticks for sources that are idle."""

from datetime import datetime, timedelta

import psycopg

_GRACE = timedelta(minutes=10)
_IDLE = timedelta(seconds=60)

_TICK = """
    INSERT INTO ticks (source_id, observed_at, received_at)
    SELECT source_id, observed_through + (%(now)s - received_at), %(now)s FROM sources
    WHERE observed_through IS NOT NULL AND greatest(received_at, %(graced)s) < %(idle_before)s
"""


def begin_session(conn: psycopg.Connection, now: datetime) -> int:
    """Note that ingest listens from `now` on; return the session's number."""
    row = conn.execute(
        "INSERT INTO ingest_sessions (started_at, seen_at) VALUES (%s, %s) RETURNING session_id", [now, now]
    ).fetchone()
    return int(row[0]) if row else 0


def note_session(conn: psycopg.Connection, session: int, now: datetime) -> None:
    """Note that the session still listens."""
    conn.execute("UPDATE ingest_sessions SET seen_at = %s WHERE session_id = %s", [now, session])


class Touch:
    """How long ingest has been in touch with the broker and the database at once."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._last: datetime | None = None

    def since(self, now: datetime) -> datetime:
        """Since when without a minute's gap; `now` itself after one. Call it every few seconds while in touch."""
        if self._since is None or self._last is None or now - self._last > _IDLE:
            self._since = now
        self._last = now
        return self._since


def tick_idle_sources(conn: psycopg.Connection, in_touch_since: datetime, now: datetime) -> int:
    """Move the event time of every idle source on by the time that has passed; return how many there were.

    Idle: nothing newer than before for a minute, counted from ten minutes after ingest was in touch at the earliest,
    since plants and brokers that store and forward need a while to bring what they kept. History that is loaded behind
    a silent source is nothing newer: the silence goes on.
    """
    return conn.execute(_TICK, {"now": now, "graced": in_touch_since + _GRACE, "idle_before": now - _IDLE}).rowcount

"""What waits on disk for the database: batches of decoded messages in one SQLite file, oldest first.

Every append is on the disk before it returns (a write-ahead log with synchronous=FULL: one fsync a batch), so neither
our death nor that of the machine takes back what was spooled. NORMAL is no faster: both take some 10,000 messages/s of
50 metrics, 450 bytes each, for 30 µs of CPU. The bound is on the bytes of what waits; pages of what was removed are
used again, and a file that has grown great is given back to the disk once nothing waits.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import structlog

from services.ingest.messages.readings import Decoded
from services.ingest.messages.size import Size, size_of
from services.ingest.spool import sqlite_file
from services.ingest.spool.packing import pack, unpack

_WAITING = "SELECT coalesce(sum(messages), 0), coalesce(sum(length(packed)), 0) FROM batches"
_POSITIONS = "SELECT position FROM batches UNION ALL SELECT position FROM unreadable"
_ROW = Size(messages=500, samples=20_000, payload_bytes=4_000_000)
_ASIDE = "SELECT count(*) FROM unreadable"
_WORTH_GIVING_BACK = 16 * 1024 * 1024

log = structlog.get_logger()


class Spooled(NamedTuple):
    """Messages to store, and the position of the last; `through` None where there is nothing."""

    messages: list[Decoded]
    through: int | None


class SpoolFullError(Exception):
    """The bound is reached, or the disk is full: nothing of the batch was kept."""


class Spool:
    """One file with at most `limit_bytes` of messages. Not for several threads at once.

    A file that cannot be read is moved aside, at the start and at any time later. Raises SetupError where the file is
    another process's or cannot be made.
    """

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self._path = path
        self._limit = limit_bytes
        self._conn = sqlite_file.open_or_begin(path)
        self._refused_bytes = 0
        self.messages = self.bytes = self._next = self._through = 0
        self._read_totals()

    @property
    def fill(self) -> float:
        """Share of the bound that is taken; 1 while the disk takes nothing."""
        return 1.0 if self._refused_bytes else self.bytes / self._limit

    def probe(self) -> None:
        """Where the disk refused something, try whether it would take as much now."""
        if self._refused_bytes:
            with suppress(sqlite3.OperationalError):
                self._conn.execute("DROP TABLE IF EXISTS probe")
                self._conn.execute("CREATE TABLE probe AS SELECT zeroblob(?)", [self._refused_bytes])
                self._conn.execute("DROP TABLE probe")
                self._refused_bytes = 0

    def append(self, batch: Sequence[Decoded]) -> int:
        """Keep the batch behind everything else; its last position. Raises SpoolFullError and keeps nothing of it."""
        rows = [(self._next + number, len(part), pack(part)) for number, part in enumerate(_parts(batch))]
        size = sum(len(packed) for _, _, packed in rows)
        if self.bytes + size > self._limit:
            raise SpoolFullError(f"{self.bytes} of {self._limit} bytes are taken")
        try:
            with self._conn:
                self._conn.executemany("INSERT INTO batches VALUES (?, ?, ?)", rows)
        except sqlite3.OperationalError as exc:
            self._refused_bytes = size
            raise SpoolFullError(f"the disk takes nothing: {exc}") from exc
        except sqlite3.DatabaseError as exc:
            self._begin_anew(exc)
            return self.append(batch)
        self._refused_bytes = 0
        self._next += len(rows)
        self.bytes += size
        self.messages += len(batch)
        return self._next - 1

    def oldest(self, enough: Size) -> Spooled:
        """The oldest messages, until they are enough; rows that cannot be understood are set aside in the same file."""
        found: list[Decoded] = []
        through = None
        size = Size()
        try:
            for position in self._positions():
                part = self._read(position)
                found += part
                size = size.plus(size_of(part))
                through = position if part else through
                if size.reaches(enough):
                    break
        except sqlite3.DatabaseError as exc:
            self._begin_anew(exc)
            return Spooled([], None)
        return Spooled(found, through)

    def remove(self, through: int) -> None:
        """Forget everything up to this position: the database has it."""
        try:
            messages, size = self._one(f"{_WAITING} WHERE position <= ? AND position > ?", through, self._through)
            self.messages -= messages
            self.bytes -= size
            self._through = through
            self._delete(through)
        except sqlite3.OperationalError as exc:
            # A full disk takes no deletion either. What stays is deleted with the next, or stored again after a start.
            log.warning("the spool cannot forget yet what is stored", error=str(exc))
        except sqlite3.DatabaseError as exc:
            self._begin_anew(exc)

    def close(self) -> None:
        """Let the file go."""
        self._conn.close()

    def _read_totals(self) -> None:
        """Positions never come again, not even in a new file: somebody may still want one removed."""
        self.messages, self.bytes = self._one(_WAITING)
        (last,) = self._one(f"SELECT coalesce(max(position), 0) FROM ({_POSITIONS})")
        self._next = max(self._next, last + 1)

    def _begin_anew(self, exc: sqlite3.DatabaseError) -> None:
        log.critical("the spool cannot be read", messages=self.messages, error=str(exc))
        self._conn.close()
        sqlite_file.move_aside(self._path)
        self._conn = sqlite_file.open_or_begin(self._path)
        self._read_totals()

    def _positions(self) -> list[int]:
        rows = self._conn.execute(
            "SELECT position FROM batches WHERE position > ? ORDER BY position LIMIT 1000", [self._through]
        )
        return [position for (position,) in rows]

    def _read(self, position: int) -> list[Decoded]:
        (packed,) = self._conn.execute("SELECT packed FROM batches WHERE position = ?", [position]).fetchone()
        try:
            return unpack(packed)
        except ValueError as exc:
            self._set_aside(position, exc)
            return []

    def _set_aside(self, position: int, exc: ValueError) -> None:
        messages, size = self._one(f"{_WAITING} WHERE position = ?", position)
        with self._conn:
            self._conn.execute("INSERT INTO unreadable SELECT * FROM batches WHERE position = ?", [position])
            self._conn.execute("DELETE FROM batches WHERE position = ?", [position])
        self.messages -= messages
        self.bytes -= size
        log.critical("spooled messages cannot be understood and are set aside", messages=messages, error=str(exc))

    def _delete(self, through: int) -> None:
        """A file that has grown great begins anew: SQLite would take twenty seconds to free a gigabyte by pages."""
        if not self.messages and self._path.stat().st_size > _WORTH_GIVING_BACK and not self._one(_ASIDE)[0]:
            self._conn.close()
            sqlite_file.delete(self._path)
            self._conn = sqlite_file.open_or_begin(self._path)
            self._read_totals()
            return
        with self._conn:
            self._conn.execute("DELETE FROM batches WHERE position <= ?", [through])

    def _one(self, query: str, *parameters: int) -> tuple[int, ...]:
        row: tuple[int, ...] = self._conn.execute(query, parameters).fetchone()
        return row


def _parts(batch: Sequence[Decoded]) -> Iterable[Sequence[Decoded]]:
    """The batch in rows that are small enough to be read one by one."""
    part: list[Decoded] = []
    size = Size()
    for decoded in batch:
        part.append(decoded)
        size = size.plus(size_of((decoded,)))
        if size.reaches(_ROW):
            yield part
            part, size = [], Size()
    if part:
        yield part

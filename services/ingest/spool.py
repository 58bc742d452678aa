"""What waits on disk for the database: batches of decoded messages in one SQLite file, oldest first.

Every append is on the disk before it returns (WAL with synchronous=FULL: one fsync a batch), so neither our death nor
that of the machine takes back what was spooled. The file belongs to one process, which SQLite's exclusive locking
holds to; it also spares the shared-memory file, which a full disk could tear.

The bound is on the bytes of what waits. Pages of what was removed are used again, and given back to the disk once
nothing waits.
"""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from services.ingest.readings import Decoded
from services.ingest.spool_format import pack, unpack
from shared.errors import SetupError

_COLUMNS = "(position INTEGER PRIMARY KEY, messages INTEGER NOT NULL, packed BLOB NOT NULL)"
_TABLES = f"""
    CREATE TABLE IF NOT EXISTS batches {_COLUMNS};
    CREATE TABLE IF NOT EXISTS unreadable {_COLUMNS}
"""
_WAITING = "SELECT coalesce(sum(messages), 0), coalesce(sum(length(packed)), 0) FROM batches"
_MESSAGES_A_ROW, _SAMPLES_A_ROW = 500, 20_000

log = structlog.get_logger()


class Spooled(NamedTuple):
    """Messages to store, and the position of the last; `through` None where there is nothing."""

    messages: list[Decoded]
    through: int | None


class SpoolFullError(Exception):
    """The bound is reached, or the disk is full: nothing of the batch was kept."""


class Spool:
    """One file with at most `limit_bytes` of messages. Not for several threads at once.

    Opening makes the file where there is none, and moves one that SQLite cannot read aside. Raises SetupError for a
    file that another process has open, and for a directory that cannot be written.
    """

    def __init__(self, path: Path, *, limit_bytes: int) -> None:
        self._path = path
        self._limit = limit_bytes
        self._conn = _opened(path)
        self._disk_full = False
        self.messages, self.bytes = self._one(_WAITING)
        (last,) = self._one(
            "SELECT max(coalesce((SELECT max(position) FROM batches), 0),"
            " coalesce((SELECT max(position) FROM unreadable), 0))"
        )
        self._next = last + 1
        self._removed_through = 0

    @property
    def fill(self) -> float:
        """Share of the bound that is taken; 1 while the disk takes nothing."""
        return 1.0 if self._disk_full else self.bytes / self._limit

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
            self._disk_full = True
            raise SpoolFullError(f"the disk takes nothing: {exc}") from exc
        self._disk_full = False
        self._next += len(rows)
        self.bytes += size
        self.messages += len(batch)
        return self._next - 1

    def oldest(self, *, samples: int, messages: int) -> Spooled:
        """The oldest messages, about so many; rows that cannot be read are set aside in the same file."""
        found: list[Decoded] = []
        through = None
        size = 0
        for position in self._positions():
            (packed,) = self._conn.execute("SELECT packed FROM batches WHERE position = ?", [position]).fetchone()
            try:
                part = unpack(packed)
            except ValueError as exc:
                self._set_aside(position, exc)
                continue
            found.extend(part)
            size += sum(decoded.samples for decoded in part)
            through = position
            if size >= samples or len(found) >= messages:
                break
        return Spooled(found, through)

    def remove(self, through: int) -> None:
        """Forget everything up to this position: the database has it."""
        removed = self._one(f"{_WAITING} WHERE position <= ? AND position > ?", through, self._removed_through)
        self.messages -= removed[0]
        self.bytes -= removed[1]
        self._removed_through = through
        try:
            with self._conn:
                self._conn.execute("DELETE FROM batches WHERE position <= ?", [through])
            if not self.messages:
                self._conn.execute("PRAGMA incremental_vacuum")
        except sqlite3.OperationalError as exc:
            # A full disk takes no deletion either. What stays is deleted with the next, or stored again after a start.
            log.warning("the spool cannot forget what is stored", error=str(exc))

    def close(self) -> None:
        """Let the file go."""
        self._conn.close()

    def _positions(self) -> list[int]:
        rows = self._conn.execute(
            "SELECT position FROM batches WHERE position > ? ORDER BY position LIMIT 1000", [self._removed_through]
        )
        return [position for (position,) in rows]

    def _set_aside(self, position: int, exc: ValueError) -> None:
        (messages, size) = self._one(f"{_WAITING} WHERE position = ?", position)
        with self._conn:
            self._conn.execute("INSERT INTO unreadable SELECT * FROM batches WHERE position = ?", [position])
            self._conn.execute("DELETE FROM batches WHERE position = ?", [position])
        self.messages -= messages
        self.bytes -= size
        log.critical("spooled messages cannot be read and are set aside", messages=messages, error=str(exc))

    def _one(self, query: str, *parameters: int) -> tuple[int, ...]:
        row: tuple[int, ...] = self._conn.execute(query, parameters).fetchone()
        return row


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _connected(path)
    except OSError as exc:
        raise SetupError(f"the spool's directory {path.parent} cannot be made: {exc.strerror}") from exc
    except sqlite3.OperationalError as exc:
        raise SetupError(
            f"the spool {path} cannot be opened ({exc}); does another process of ingest use it? Each needs a "
            "BELLWETHER_INGEST_SPOOL_DIRECTORY of its own"
        ) from exc
    except sqlite3.DatabaseError as exc:
        aside = path.with_name(f"{path.name}.unreadable-{time.time_ns()}")
        path.rename(aside)
        log.critical("the spool cannot be read and was moved aside", moved_to=str(aside), error=str(exc))
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, check_same_thread=False, timeout=1)
    for pragma in ("locking_mode = EXCLUSIVE", "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL"):
        conn.execute(f"PRAGMA {pragma}")
    conn.executescript(_TABLES)
    return conn


def _parts(batch: Sequence[Decoded]) -> Iterable[Sequence[Decoded]]:
    """The batch in rows that are small enough to be read one by one."""
    first = samples = 0
    for last, decoded in enumerate(batch):
        samples += decoded.samples
        if samples >= _SAMPLES_A_ROW or last - first + 1 == _MESSAGES_A_ROW:
            yield batch[first : last + 1]
            first, samples = last + 1, 0
    if first < len(batch):
        yield batch[first:]

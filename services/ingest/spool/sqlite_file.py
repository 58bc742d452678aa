"""The spool's file: opened for one process alone, and moved aside, never deleted, when it cannot be read."""

import sqlite3
import time
from pathlib import Path

import structlog

from shared.errors import SetupError

# Exclusive locking keeps a second process out, and does without the shared-memory file, which a full disk could tear.
_PRAGMAS = (
    "locking_mode = EXCLUSIVE",
    "journal_mode = WAL",
    "journal_size_limit = 8388608",
    "synchronous = FULL",
)
_COLUMNS = "(position INTEGER PRIMARY KEY, messages INTEGER NOT NULL, packed BLOB NOT NULL)"
_TABLES = f"CREATE TABLE IF NOT EXISTS batches {_COLUMNS}; CREATE TABLE IF NOT EXISTS unreadable {_COLUMNS}"

log = structlog.get_logger()


def open_or_begin(path: Path) -> sqlite3.Connection:
    """The file with its tables; a new one where there is none, or where SQLite finds it damaged.

    Raises SetupError for a file that another process has open, and for a directory that cannot be written.
    """
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
        log.critical("the spool cannot be read", error=str(exc))
        move_aside(path)
        return _connected(path)


def delete(path: Path) -> None:
    """Give the disk back, of a closed file in which nothing waits."""
    for suffix in ("-wal", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def move_aside(path: Path) -> None:
    """Keep the damaged file and its log for whoever can read them, under another name beside it."""
    aside = f"{path.name}.unreadable-{time.time_ns()}"
    for suffix in ("", "-wal"):
        one = path.with_name(path.name + suffix)
        if one.exists():
            one.rename(path.with_name(aside + suffix))
    log.critical("the spool was moved aside", moved_to=str(path.with_name(aside)))


def _connected(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, check_same_thread=False, timeout=1)
    try:
        for pragma in _PRAGMAS:
            conn.execute(f"PRAGMA {pragma}").fetchall()
        conn.executescript(_TABLES)
        _check(conn)
    except sqlite3.DatabaseError:
        conn.close()
        raise
    return conn


def _check(conn: sqlite3.Connection) -> None:
    """Raise DatabaseError for a damaged file; a gigabyte takes a second or two."""
    (found,) = conn.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)

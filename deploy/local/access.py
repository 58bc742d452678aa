"""What this deployment is for, and the first key to it."""

import os
from datetime import datetime
from pathlib import Path

import psycopg

from services.api import keys
from shared.errors import SetupError


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        file.write(text + "\n")


def fix_purpose(conn: psycopg.Connection, purpose: str) -> None:
    """Say once what the database is for: demo or live.

    Raises SetupError when it is already for the other, so that simulated and real customers never mix.
    """
    with conn.transaction():
        conn.execute("INSERT INTO deployment (purpose) VALUES (%s) ON CONFLICT DO NOTHING", [purpose])
        row = conn.execute("SELECT purpose FROM deployment").fetchone()
    if row is not None and row[0] != purpose:
        raise SetupError(
            f"this database holds {row[0]} data and would now get {purpose} data; "
            "give each a database of its own with --database"
        )


def ensure_key(conn: psycopg.Connection, path: Path, *, now: datetime) -> str:
    """The key kept in `path` if this database knows it, else a new one, which is then kept there."""
    if path.exists():
        key = path.read_text().strip()
        if keys.find_key(conn, key, now=now) is not None:
            return key
    key = keys.create_key(conn, name="first key", now=now)
    conn.commit()
    write_private(path, key)
    return key

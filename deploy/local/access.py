"""The first key to a deployment, and files that only their owner can read."""

import os
import secrets
from datetime import datetime
from pathlib import Path

import psycopg

from services.api import keys

DATABASE_URL_FILE = "database-url"
BROKER_URL_FILE = "broker-url"
BROKER_VERSION_FILE = "broker-mqtt-version"


def running_addresses(directory: Path) -> dict[str, str]:
    """Environment variables that lead other commands to the embedded servers running in `directory`.

    Empty where none run, or where both a demo and a live stack do: then a person must say which.
    """
    names = {
        "BELLWETHER_DATABASE_URL": DATABASE_URL_FILE,
        "BELLWETHER_BROKER_URL": BROKER_URL_FILE,
        "BELLWETHER_BROKER_MQTT_VERSION": BROKER_VERSION_FILE,
    }
    found = {}
    for name, file in names.items():
        present = [path for path in (directory / "demo" / file, directory / "live" / file) if path.exists()]
        if len(present) == 1:
            found[name] = present[0].read_text().strip()
    return found


def forget_addresses(directory: Path) -> None:
    """Take the addresses back when the servers stop."""
    for file in (DATABASE_URL_FILE, BROKER_URL_FILE, BROKER_VERSION_FILE):
        (directory / file).unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        file.write(text + "\n")


def ensure_secret(path: Path) -> str:
    """The secret kept in `path`, made the first time: what the API signs page cursors and sign-ins with."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def ensure_key(conn: psycopg.Connection, path: Path, *, now: datetime) -> str:
    """The key kept in `path`, made known to this database if need be; a new one where there is none or it has ended.

    So the demo and a live stack beside it answer to the same key.
    """
    if path.exists():
        key = path.read_text().strip()
        known = keys.find_key(conn, key, now=now) is not None
        if known or keys.adopt_key(conn, key, name="first key", now=now):
            conn.commit()
            return key
    key = keys.create_key(conn, name="first key", now=now)
    conn.commit()
    write_private(path, key)
    return key

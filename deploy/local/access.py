"""The first key to a deployment, and files that only their owner can read."""

import os
import secrets
from datetime import datetime
from pathlib import Path

import psycopg

from services.api import keys
from shared.errors import AddressMissingError

DATABASE_URL_FILE = "database-url"
BROKER_URL_FILE = "broker-url"
BROKER_VERSION_FILE = "broker-mqtt-version"
SPOOL_DIRECTORY = "spool"


def running_addresses(directory: Path) -> dict[str, str]:
    """Environment variables that lead other commands to the embedded servers running in `directory`.

    Empty where none run, or where both a demo and a live stack do: then a person must say which.
    """
    names = {
        "BELLWETHER_DATABASE_URL": DATABASE_URL_FILE,
        "BELLWETHER_BROKER_URL": BROKER_URL_FILE,
        "BELLWETHER_BROKER_MQTT_VERSION": BROKER_VERSION_FILE,
    }
    stacks = _running_stacks(directory)
    if len(stacks) != 1:
        return {}
    return {name: told for name, file in names.items() if (told := _told(stacks[0] / file)) is not None}


def running_spool(directory: Path, database_url: str) -> Path | None:
    """Where ingest of the stack that runs in `directory` on this database spools; None where no stack does."""
    for stack in _running_stacks(directory):
        if _told(stack / DATABASE_URL_FILE) in (None, database_url):
            return stack / SPOOL_DIRECTORY
    return None


def which_to_name(directory: Path, missing: AddressMissingError) -> str:
    """Why a command did not find its database or broker in `directory`, and what to do."""
    no = f"no {missing.what} is named and"
    stacks = _running_stacks(directory)
    if not stacks:
        return f"{no} no stack runs in this folder: start one by `bellwether up`, or {missing.remedy}"
    if len(stacks) == 1:
        return f"{no} the stack in {stacks[0]} runs with one of yours: {missing.remedy}"
    files = " or ".join(str(stack / f"{missing.what}-url") for stack in stacks)
    return f"{no} {len(stacks)} stacks run in this folder: {missing.remedy}, as {files} says"


def _running_stacks(directory: Path) -> list[Path]:
    """Of the demo and the live one, those that have an embedded server running."""
    return [
        stack
        for stack in (directory / "demo", directory / "live")
        if (stack / DATABASE_URL_FILE).exists() or (stack / BROKER_URL_FILE).exists()
    ]


def _told(file: Path) -> str | None:
    return file.read_text().strip() if file.exists() else None


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

    So a stack that is given another database answers to the same key.
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

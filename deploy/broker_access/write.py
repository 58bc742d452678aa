"""`bellwether broker-acl`: what the rules are made of, read from the database, and the rules, written."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import psycopg

from deploy.broker_access.grants import Access, Source, access
from deploy.broker_access.mosquitto_file import mosquitto_file, mosquitto_refuses
from deploy.broker_access.nats_block import nats_block, nats_refuses
from services.ingest.decoding.decoder import acknowledged_subscriptions
from services.ingest.store.mappings import load_mappings
from shared.database import connect, storage_errors
from shared.errors import SetupError
from shared.sparkplug import SUBSCRIPTION

_BROKERS = {"mosquitto": (mosquitto_refuses, mosquitto_file), "nats": (nats_refuses, nats_block)}
_SOURCES = "SELECT topic_prefix, credential, site_id IS NOT NULL FROM sources ORDER BY topic_prefix"


def write_rules(
    database_url: str,
    *,
    broker: Literal["mosquitto", "nats"],
    output: Path | None,
    ingest_name: str,
    replay_name: str | None,
    host_id: str,
) -> Iterator[str]:
    """Write the rules to `output` and give a line for each source of a record that is granted nothing.

    Without `output` the rules go to stdout and no lines are given: the rules' last comment says the same.
    """
    refuses, text_of = _BROKERS[broker]
    with connect(database_url, application="broker-acl") as conn:
        sources = _sources(conn)
        rules = access(
            sources,
            host_id=host_id,
            ingest_name=ingest_name,
            replay_name=replay_name,
            telemetry=_telemetry(conn),
            refuses=refuses,
        )
    _put(text_of(rules), output)
    if output is None:
        return iter(())
    return _warnings(rules, {source.topic_prefix for source in sources if not source.assigned})


def _warnings(rules: Access, only_heard: set[str]) -> Iterator[str]:
    return (f"Not granted: {topic!r}, because {reason}." for topic, reason in rules.left_out if topic not in only_heard)


def _put(text: str, output: Path | None) -> None:
    """In place, so that owner, mode and a container's mount stay; what is cut short grants less, never more."""
    if output is None:
        sys.stdout.write(text)
        return
    try:
        with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as exc:
        raise SetupError(f"cannot write {output}: {exc.strerror}") from exc


def _sources(conn: psycopg.Connection) -> list[Source]:
    with storage_errors():
        return [Source(*row) for row in conn.execute(_SOURCES)]


def _telemetry(conn: psycopg.Connection) -> list[str]:
    """Topic filters of all that ingest subscribes to: the formats that it knows, and the enabled mappings."""
    with storage_errors():
        return sorted({SUBSCRIPTION, *acknowledged_subscriptions(load_mappings(conn))})

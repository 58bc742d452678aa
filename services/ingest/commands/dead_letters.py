"""What could not be decoded: list it, look at one, publish it again once the reason is gone, delete it."""

from collections.abc import Sequence
from datetime import datetime
from queue import Empty, Queue
from typing import NamedTuple

import psycopg
from paho.mqtt.reasoncodes import ReasonCode

from shared.errors import BrokerError, InvalidActionError, NotFoundError
from shared.mqtt import publishing
from shared.settings import BrokerSettings
from shared.sparkplug import NAMESPACE

_COLUMNS = "dead_letter_id, received_at, topic, payload, qos, retained, reason, replayed_at"
_MISSING = (
    "SELECT number FROM unnest(%s::bigint[]) AS number"
    " WHERE NOT EXISTS (SELECT FROM dead_letters WHERE dead_letter_id = number) LIMIT 1"
)
_ACKNOWLEDGED_WITHIN_S = 10.0
_SPARKPLUG = f"{NAMESPACE}/"


class DeadLetter(NamedTuple):
    """One message that was refused, as it came, with the reason."""

    dead_letter_id: int
    received_at: datetime
    topic: str
    payload: bytes
    qos: int
    retained: bool
    reason: str
    replayed_at: datetime | None


def list_dead_letters(
    conn: psycopg.Connection, *, limit: int = 50, before: int | None = None, replayed: bool = False
) -> list[DeadLetter]:
    """The newest dead letters with numbers below `before`; those replayed already only if `replayed`."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM dead_letters WHERE (%s::bigint IS NULL OR dead_letter_id < %s)"
        " AND (%s OR replayed_at IS NULL) ORDER BY dead_letter_id DESC LIMIT %s",
        [before, before, replayed, limit],
    )
    return [DeadLetter(*row) for row in rows]


def show(conn: psycopg.Connection, dead_letter_id: int) -> DeadLetter:
    """One dead letter; raise NotFoundError where there is none of that number."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM dead_letters WHERE dead_letter_id = %s", [dead_letter_id]).fetchone()
    if row is None:
        raise _not_found(dead_letter_id)
    return DeadLetter(*row)


def numbers_left(conn: psycopg.Connection) -> list[int]:
    """Numbers of the dead letters that can be replayed and were not yet, in the order in which they came."""
    rows = conn.execute(
        "SELECT dead_letter_id FROM dead_letters WHERE replayed_at IS NULL AND NOT starts_with(topic, %s)"
        " ORDER BY dead_letter_id",
        [_SPARKPLUG],
    )
    return [number for (number,) in rows]


def sparkplug_left(conn: psycopg.Connection) -> int:
    """How many were not replayed because they are Sparkplug, and never will be."""
    row = conn.execute(
        "SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL AND starts_with(topic, %s)", [_SPARKPLUG]
    ).fetchone()
    return 0 if row is None else int(row[0])


def delete(conn: psycopg.Connection, ids: Sequence[int] | None) -> int:
    """Delete these dead letters, or None: all that were replayed; return how many there were.

    Raises NotFoundError, and deletes none, where there is no letter of a number.
    """
    missing = conn.execute(_MISSING, [list(ids or ())]).fetchone()
    if missing is not None:
        raise _not_found(*missing)
    where = "replayed_at IS NOT NULL" if ids is None else "dead_letter_id = ANY(%(ids)s)"
    count = conn.execute(f"DELETE FROM dead_letters WHERE {where}", {"ids": list(ids or ())}).rowcount
    conn.commit()
    return count


def replay(conn: psycopg.Connection, ids: Sequence[int], settings: BrokerSettings, now: datetime) -> int:
    """Publish dead letters again at QoS 1, in the order given; return how many the broker took.

    Each is marked with `now` once the broker has it; ingest then takes it like any message, and should it refuse it
    again, it becomes a new dead letter. Raises NotFoundError and InvalidActionError before anything is sent,
    BrokerError when the broker does not take one or, which MQTT 3.1.1 does not tell, refuses it: those before it are
    marked.
    """
    letters = [show(conn, dead_letter_id) for dead_letter_id in ids]
    for letter in letters:
        _check_lasting(letter)
    answers: Queue[ReasonCode] = Queue()
    with publishing(settings) as client:
        client.on_publish = lambda _client, _data, _mid, reason, _properties: answers.put(reason)
        for letter in letters:
            client.publish(letter.topic, letter.payload, qos=1)
            _check_taken(letter, answers)
            conn.execute(
                "UPDATE dead_letters SET replayed_at = %s WHERE dead_letter_id = %s", [now, letter.dead_letter_id]
            )
            conn.commit()
    return len(letters)


def _not_found(dead_letter_id: int) -> NotFoundError:
    return NotFoundError(f"there is no dead letter {dead_letter_id}; `bellwether dead-letters list` shows them")


def _check_lasting(letter: DeadLetter) -> None:
    if letter.topic.startswith(_SPARKPLUG):
        raise InvalidActionError(
            f"dead letter {letter.dead_letter_id} is Sparkplug, where every host would take an old birth, number or"
            " death for the node's present one: let the node send it again itself, and delete what is here by"
            f" `bellwether dead-letters delete {letter.dead_letter_id}`"
        )


def _check_taken(letter: DeadLetter, answers: "Queue[ReasonCode]") -> None:
    try:
        reason = answers.get(timeout=_ACKNOWLEDGED_WITHIN_S)
    except Empty:
        raise BrokerError(
            f"the broker did not take dead letter {letter.dead_letter_id}; those before it are marked, so run it again"
        ) from None
    if reason.is_failure:
        raise BrokerError(
            f"the broker refuses dead letter {letter.dead_letter_id} ({reason}): ingest's own user may publish no"
            " telemetry; name one that may by --broker (bellwether broker-acl --replay-user writes its rules)"
        )

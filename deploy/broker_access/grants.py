"""Who may publish and read what, in MQTT's topic filters, from the sources that the records assign. Pure.

A plant's user publishes under its own prefixes and reads nothing, but for the commands to its own Sparkplug nodes and
the state of our host. Ingest reads telemetry and publishes two things: rebirth commands and its own state.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.records import fields
from shared.sparkplug import state_topic

_EDGE_VERBS = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE_VERBS = ("DBIRTH", "DDATA", "DDEATH")

Refuses = Callable[[str], str | None]
"""Why a broker's rules cannot speak of a topic prefix or filter; None where they can."""


class Source(NamedTuple):
    """A topic prefix and the broker credential bound to it, where a record names one."""

    topic_prefix: str
    credential: str | None
    assigned: bool


class User(NamedTuple):
    """One credential, with the topic filters that it may publish under and read."""

    name: str
    publishes: tuple[str, ...]
    reads: tuple[str, ...]


class LeftOut(NamedTuple):
    """A source's topic prefix, or a topic filter of ingest's, for which nothing is granted, and why."""

    topic: str
    reason: str


@dataclass(frozen=True)
class Access:
    """All users, our own first, and what nobody may publish or read."""

    users: tuple[User, ...]
    left_out: tuple[LeftOut, ...]


def access(
    sources: Iterable[Source],
    *,
    host_id: str,
    ingest_name: str,
    telemetry: Sequence[str],
    refuses: Refuses,
    replay_name: str | None = None,
) -> Access:
    """Users with their rules, in the order of their names, and what is left out.

    telemetry: topic filters of all that ingest subscribes to. refuses: what the broker's own rules cannot express.
    replay_name: a user who may publish all of it, to replay dead letters, and is to be known to nobody else.
    """
    state = state_topic(host_id)
    unreadable = {each: reason for each in telemetry if (reason := _unprintable(each) or refuses(each)) is not None}
    reads = tuple(each for each in sorted(telemetry) if each not in unreadable)
    ours = [User(ingest_name, ("spBv1.0/+/NCMD/+", state), reads)]
    if replay_name is not None:
        ours.append(User(replay_name, reads, ()))
    reserved = {user.name for user in ours}
    prefixes: dict[str, list[str]] = {}
    left_out = [LeftOut(*each) for each in unreadable.items()]
    for source in sorted(sources):
        reason = _reason(source, reserved) or refuses(source.topic_prefix)
        if reason is not None:
            left_out.append(LeftOut(source.topic_prefix, reason))
        elif source.credential is not None:
            prefixes.setdefault(source.credential, []).append(source.topic_prefix)
    plants = (_plant(name, prefixes[name], state) for name in sorted(prefixes))
    return Access((*ours, *plants), tuple(left_out))


def _unprintable(topic_filter: str) -> str | None:
    """A mapping's topic is a person's text, and may hold a line break."""
    fine = topic_filter.isprintable() and topic_filter == topic_filter.strip()
    return None if fine else "it has a character that cannot be printed or an outer space"


def _reason(source: Source, reserved: Collection[str]) -> str | None:
    if not source.assigned:
        return "no record assigns it to a site"
    if source.credential is None:
        return "its record names no credential"
    if source.credential in reserved:
        return f"its credential {source.credential} is Bellwether's own"
    try:
        fields.credential(source.credential)
        fields.topic_prefix(source.topic_prefix)
    except fields.FieldError as exc:
        return exc.problem
    return None


def _plant(name: str, prefixes: Iterable[str], state: str) -> User:
    publishes: list[str] = []
    reads: list[str] = []
    for prefix in prefixes:
        match prefix.split("/"):
            case ["spBv1.0", group, edge]:
                publishes += [f"spBv1.0/{group}/{verb}/{edge}" for verb in _EDGE_VERBS]
                publishes += [f"spBv1.0/{group}/{verb}/{edge}/+" for verb in _DEVICE_VERBS]
                reads += [f"spBv1.0/{group}/NCMD/{edge}", f"spBv1.0/{group}/DCMD/{edge}/+"]
            case _:
                publishes.append(f"{prefix}/#")
    return User(name, tuple(publishes), (*reads, state) if reads else ())

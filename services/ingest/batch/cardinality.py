"""How many series a source may name, and how many sources may turn up: messages that go beyond are refused."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from services.ingest.messages.readings import Decoded, Reading

NEW_SOURCES_A_DAY = 1_000
"""A supplier that brings a thousand plants on line within a day is rarer than a publisher that invents prefixes."""


def admit(
    batch: Sequence[Decoded],
    new_series: Callable[[Reading], Collection[tuple[str, str]]],
    *,
    existing: Mapping[str, int],
    limit: int,
    new_sources: int,
) -> list[Decoded]:
    """The batch, with a reason on each message that would take its source beyond `limit` series.

    new_series: (device, metric) that a reading names and the database has not. existing: how many series each
    source has; one that is absent is new, and counts with the `new_sources` of the last 24 hours. Messages take what
    room there is in their order; one that is refused takes none, but what it says about the end of a session counts.
    """
    room = _Room(existing, limit, new_sources)
    admitted = []
    for decoded in batch:
        wanted: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for reading in decoded.readings:
            wanted[reading.source].update(new_series(reading))
        reason = room.refusal(wanted)
        if reason is None:
            room.take(wanted)
            admitted.append(decoded)
        else:
            admitted.append(decoded._replace(readings=(), reason=reason))
    return admitted


class _Room:
    """What the messages of a batch may still name, given what is there and what those before them took.

    wanted: by source, the series that a message names and the database has not.
    """

    def __init__(self, existing: Mapping[str, int], limit: int, new_sources: int) -> None:
        self._existing = existing
        self._limit = limit
        self._new_sources = new_sources
        self._taken = {source: set[tuple[str, str]]() for source in existing}

    def refusal(self, wanted: Mapping[str, set[tuple[str, str]]]) -> str | None:
        """Why there is no room for it all; None where there is."""
        turned_up = self._new_sources + len(self._taken) - len(self._existing)
        for source, names in wanted.items():
            taken = self._taken.get(source, set())
            count = self._existing.get(source, 0) + len(taken)
            if source not in self._taken and turned_up >= NEW_SOURCES_A_DAY:
                return _too_many_sources(source)
            if names and count + len(names - taken) > self._limit:
                return _too_many_series(source, count, self._limit)
        return None

    def take(self, wanted: Mapping[str, set[tuple[str, str]]]) -> None:
        """Let it all be named."""
        for source, names in wanted.items():
            self._taken.setdefault(source, set()).update(names)


def _too_many_series(source: str, existing: int, limit: int) -> str:
    return (
        f"it names new metrics, and the source {source} has {existing} series of the {limit} that it may have; "
        "BELLWETHER_INGEST_SERIES_PER_SOURCE sets the limit"
    )


def _too_many_sources(source: str) -> str:
    return (
        f"the source {source} is new, and {NEW_SOURCES_A_DAY} others turned up within a day; "
        "the broker's access rules say who may publish where, see bellwether broker-acl"
    )

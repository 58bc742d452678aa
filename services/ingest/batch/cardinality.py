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
    held = {source: set[tuple[str, str]]() for source in existing}
    admitted = []
    for decoded in batch:
        wanted: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for reading in decoded.readings:
            wanted[reading.source].update(new_series(reading))
        reason = None
        for source, names in wanted.items():
            count = existing.get(source, 0) + len(held.get(source, ()))
            if source not in held and new_sources + len(held) - len(existing) >= NEW_SOURCES_A_DAY:
                reason = _too_many_sources(source)
            elif names and count + len(names - held.get(source, set())) > limit:
                reason = _too_many_series(source, count, limit)
        if reason is None:
            for source, names in wanted.items():
                held.setdefault(source, set()).update(names)
            admitted.append(decoded)
        else:
            admitted.append(decoded._replace(readings=(), reason=reason))
    return admitted


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

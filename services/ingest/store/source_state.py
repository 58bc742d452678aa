"""What a batch says about its sources, in their rows: how far they told their time, whether they live, their clocks."""

from collections.abc import Mapping, Sequence

import psycopg

from services.ingest.batch.device_clocks import ClockNote
from services.ingest.batch.source_state import SourceState
from services.ingest.messages.timestamps import instant, microseconds

# Rows are locked in one order, so that two writers with the same sources wait for each other in no circle.
_HEAR = (
    "WITH told AS (SELECT source_id, t.* FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::boolean[])"
    " AS t (prefix, received_at, through, alive) JOIN sources ON topic_prefix = prefix"
    " ORDER BY source_id FOR NO KEY UPDATE OF sources)"
    " UPDATE sources SET received_at = CASE WHEN sources.received_at IS NULL OR through > observed_through"
    " OR (through IS NOT NULL AND observed_through IS NULL) THEN told.received_at ELSE sources.received_at END,"
    " observed_through = greatest(observed_through, through), alive = coalesce(told.alive, sources.alive),"
    " first_seen_at = coalesce(first_seen_at, told.received_at)"
    " FROM told WHERE sources.source_id = told.source_id RETURNING topic_prefix, observed_through"
)
_NOTE_CLOCKS = (
    "UPDATE sources SET clock_offset_s = t.offset_s, clock_checked_at = t.checked_at"
    " FROM unnest(%s::text[], %s::float8[], %s::timestamptz[]) AS t (prefix, offset_s, checked_at)"
    " WHERE topic_prefix = prefix"
)
_HEARD = (
    "SELECT topic_prefix, received_at, observed_through, alive, greatest(clock_offset_s, 0) FROM sources"
    " WHERE topic_prefix = ANY(%s) AND received_at IS NOT NULL"
)
_ALIVE = "SELECT topic_prefix FROM sources WHERE protocol = 'sparkplug_b' AND alive ORDER BY topic_prefix"


def note_sources(conn: psycopg.Connection, sources: Mapping[str, SourceState]) -> dict[str, int]:
    """Note what the sources told; the watermark of each now, whoever heard it, in Unix µs."""
    prefixes = sorted(sources)
    news = [sources[prefix] for prefix in prefixes]
    rows = conn.execute(
        _HEAR,
        [
            prefixes,
            [instant(n.received_us) for n in news],
            [None if n.watermark_us is None else instant(n.watermark_us) for n in news],
            [n.alive for n in news],
        ],
    )
    return {prefix: microseconds(through) for prefix, through in rows if through is not None}


def note_clocks(conn: psycopg.Connection, notes: Sequence[ClockNote]) -> None:
    """Note the clocks of sources that `note_sources` has noted."""
    if notes:
        ordered = sorted(notes)
        columns = [[n.source for n in ordered], [n.offset_s for n in ordered], [instant(n.checked_us) for n in ordered]]
        conn.execute(_NOTE_CLOCKS, columns)


def known_sources(conn: psycopg.Connection, prefixes: Sequence[str]) -> dict[str, SourceState]:
    """What is noted of the sources; absent where one was never heard."""
    return {
        prefix: SourceState(
            microseconds(received), None if through is None else microseconds(through), alive, round((ahead or 0) * 1e6)
        )
        for prefix, received, through, alive, ahead in conn.execute(_HEARD, [list(prefixes)])
    }


def alive_nodes(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """(group, edge) of the nodes that the database believes alive."""
    found = [tuple(prefix.split("/")) for (prefix,) in conn.execute(_ALIVE)]
    return [(parts[1], parts[2]) for parts in found if len(parts) == 3]

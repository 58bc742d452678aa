"""Read who speaks for a customer: its sources, how far each has told its time, and when it was heard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import psycopg

from services.health.block import Bools, Floats, SourceBlock, StateSamples
from services.health.data_acquisition.hourly_reading import Hourly
from services.health.data_acquisition.record_reading import Window
from services.health.watermark import Span, customer_watermarks, floor_hour

# A source belongs to the customer of its site; one assigned to no site to where its devices are bound.
_CUSTOMER_OF_SOURCE = """
SELECT source_id, customer_id, sites.site_id FROM sources JOIN sites USING (site_id)
UNION
SELECT source_id, customer_id, site_id FROM (
    SELECT DISTINCT ON (source_id) source_id, placements.site_id FROM sources
    JOIN devices USING (source_id) JOIN bindings USING (device_id) JOIN placements USING (asset_id)
    WHERE sources.site_id IS NULL ORDER BY source_id, bindings.valid_from DESC, placements.valid_from DESC
) bound JOIN sites USING (site_id)
"""
_THROUGH = "greatest(observed_through, (SELECT max(observed_at) FROM ticks WHERE ticks.source_id = sources.source_id))"
_ALL_SOURCES = (
    f"SELECT customer_id, {_THROUGH}, received_at FROM ({_CUSTOMER_OF_SOURCE}) speaks JOIN sources USING (source_id)"
)
_SOURCES = f"""
SELECT source_id, topic_prefix, speaks.site_id, {_THROUGH}
FROM ({_CUSTOMER_OF_SOURCE}) speaks JOIN sources USING (source_id) WHERE customer_id = %s ORDER BY source_id
"""
_SERIES = """
SELECT source_id, array_agg(series_id ORDER BY series_id) FROM devices JOIN series USING (device_id)
WHERE source_id = ANY(%s) GROUP BY source_id
"""
# Text has no rollups; of text whose raw rows are gone, the state intervals are left.
_FIRST_HEARD = """
SELECT source_id, min(least(
    (SELECT min(bucket) FROM rollups_1h r WHERE r.series_id = s.series_id),
    (SELECT min(observed_at) FROM samples_text t WHERE t.series_id = s.series_id),
    (SELECT min(started_at) FROM state_intervals i JOIN bindings b USING (asset_id) WHERE b.device_id = s.device_id
        AND i.state <> 'unknown')
))
FROM devices JOIN series s USING (device_id) WHERE source_id = ANY(%s) GROUP BY source_id
"""
_SESSIONS = "SELECT started_at, seen_at FROM ingest_sessions ORDER BY started_at"
_FORGET_TICKS = """
DELETE FROM ticks USING (SELECT source_id, max(observed_at) AS newest FROM ticks GROUP BY source_id) AS last
WHERE ticks.source_id = last.source_id AND ticks.observed_at < last.newest
"""


@dataclass(frozen=True, kw_only=True)
class StateReport:
    """States that a source reported in its window [from, until)."""

    source_id: int
    window: Window
    states: StateSamples


@dataclass(frozen=True, kw_only=True)
class CustomerSource:
    """A source of this customer: when it was first heard and how far it has told its time; None for never."""

    source_id: int
    topic_prefix: str
    site_id: int
    series_ids: tuple[int, ...]
    first_heard: datetime | None
    through: datetime | None


def read_watermarks(conn: psycopg.Connection, now: datetime) -> dict[int, datetime]:
    """The watermark of each customer of whom anything was ever heard."""
    return customer_watermarks(conn.execute(_ALL_SOURCES).fetchall(), now=now)


def forget_old_ticks(conn: psycopg.Connection) -> None:
    """Delete the ticks that a newer one of their source has made meaningless."""
    conn.execute(_FORGET_TICKS)


def read_sources(
    conn: psycopg.Connection, customer_id: int, first_heard: Mapping[int, datetime] | None = None
) -> tuple[CustomerSource, ...]:
    """The customer's sources. first_heard: of those of which that is known and cannot have changed."""
    rows = conn.execute(_SOURCES, [customer_id]).fetchall()
    ids = [row[0] for row in rows]
    series: dict[int, list[int]] = dict(conn.execute(_SERIES, [ids]).fetchall())
    first: dict[int, datetime | None] = dict(first_heard or {})
    if unknown := [source_id for source_id in ids if source_id not in first]:
        first |= dict(conn.execute(_FIRST_HEARD, [unknown]).fetchall())
    return tuple(
        CustomerSource(
            source_id=source_id,
            topic_prefix=prefix,
            site_id=site_id,
            series_ids=tuple(series.get(source_id, ())),
            first_heard=first.get(source_id),
            through=through,
        )
        for source_id, prefix, site_id, through in rows
    )


def first_data(sources: Iterable[CustomerSource]) -> datetime | None:
    """When the customer's first sample was observed; None where nothing is stored."""
    return min((s.first_heard for s in sources if s.first_heard is not None), default=None)


def read_source_blocks(
    conn: psycopg.Connection,
    sources: Sequence[CustomerSource],
    hourly: Hourly,
    reports: Sequence[StateReport],
    span: Span,
    before: Sequence[Bools] = (),
) -> tuple[SourceBlock, ...]:
    """When each source was heard in the span, and which silences are not its own.

    before: of each source, the hours at the span's start of which that is known already.
    """
    hours = hour_starts(span)
    deaf = not_listening(hours, [(a.timestamp(), b.timestamp()) for a, b in conn.execute(_SESSIONS)])
    heard_by_numbers = _heard(sources, hourly, len(hours))
    for numbers, known in zip(heard_by_numbers, before, strict=False):
        numbers[: len(known)] = known
    blocks = []
    for source, numbers in zip(sources, heard_by_numbers, strict=True):
        told = () if numbers.all() else [r for r in reports if r.source_id == source.source_id]
        heard = np.logical_or.reduce([numbers, *(_hours_reported(report, hours) for report in told)])
        first = np.inf if source.first_heard is None else source.first_heard.timestamp()
        through = -np.inf if source.through is None else source.through.timestamp()
        blocks.append(
            SourceBlock(
                source_id=source.source_id,
                topic_prefix=source.topic_prefix,
                site_id=source.site_id,
                heard=heard,
                excused=deaf | (hours + 3600 <= first) | (hours + 3600 > through),
            )
        )
    return tuple(blocks)


def _heard(sources: Sequence[CustomerSource], hourly: Hourly, hours: int) -> Bools:
    """Hours in which a number of a source came or held, shape (sources, T)."""
    heard = np.zeros((len(sources), hours), dtype=np.bool_)
    series = np.array([i for source in sources for i in source.series_ids], dtype=np.int64)
    of = np.repeat(np.arange(len(sources)), [len(source.series_ids) for source in sources])
    if len(series) and len(hourly.hour):
        order = np.argsort(series, kind="stable")
        place = np.searchsorted(series[order], hourly.series_id).clip(max=len(series) - 1)
        own = (series[order][place] == hourly.series_id) & hourly.told
        heard[of[order][place[own]], hourly.hour[own]] = True
    return heard


def _hours_reported(report: StateReport, hours: Floats) -> Bools:
    since, until = report.window
    return np.asarray(hours_of_states(report.states, hours) & (hours + 3600 > since) & (hours < until), dtype=np.bool_)


def hours_of_states(states: StateSamples, hours: Floats) -> Bools:
    """Hours in which a state was reported or rightly still held; shape (T,). hours: consecutive starts."""
    known = np.array([state is not None for state in states.state], dtype=bool)
    held_until = np.minimum(np.append(states.at[1:], np.inf), states.at + states.max_hold_s)
    first = np.floor((states.at[known] - hours[0]) / 3600)
    last = np.ceil((held_until[known] - hours[0]) / 3600)
    steps = np.zeros(len(hours) + 1)
    np.add.at(steps, np.clip(first, 0, len(hours)).astype(int), 1)
    np.add.at(steps, np.clip(last, 0, len(hours)).astype(int), -1)
    return np.cumsum(steps[:-1]) > 0


def not_listening(hours: Floats, sessions: Sequence[Window]) -> Bools:
    """Hours of which ingest missed more than half, since it first ran; shape (T,).

    hours: starts, Unix seconds. sessions: when ingest listened, by start. What happened before it ever ran was
    handed in as history, and silence in it is the plant's.
    """
    missed = np.zeros(len(hours))
    listened_until = sessions[0][0] if sessions else np.inf
    for since, until in [*sessions, (np.inf, np.inf)]:
        missed += np.clip(np.minimum(hours + 3600, since) - np.maximum(hours, listened_until), 0, None)
        listened_until = max(listened_until, until)
    return missed > 1800


def hour_starts(span: Span) -> Floats:
    """Starts of the span's whole hours in Unix seconds, shape (T,)."""
    return np.arange(span.start.timestamp(), floor_hour(span.end).timestamp(), 3600.0)

"""Read one customer's block: hours of rollups, states and records, as arrays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import psycopg

from services.health.block import AssetBlock, CustomerBlock, StateSamples
from services.health.data_acquisition.hourly_reading import Hourly, read_hourly
from services.health.data_acquisition.metric_hours import MetricHours, metric_hours
from services.health.data_acquisition.record_reading import AssetRecord, CustomerRecords
from services.health.data_acquisition.said_reading import Said, read_said
from services.health.data_acquisition.source_reading import (
    CustomerSource,
    StateReport,
    hour_starts,
    read_source_blocks,
)
from services.health.data_acquisition.state_reading import other_samples, state_meaning, state_samples
from services.health.watermark import HOUR, Span, floor_hour


def read_block(
    conn: psycopg.Connection,
    records: CustomerRecords,
    sources: Sequence[CustomerSource],
    span: Span,
    raw_since: datetime,
) -> CustomerBlock:
    """All that an assessment of the span needs; parameters as in `block_of`."""
    return block_of(conn, records, sources, span, raw_since, read_told(conn, records, span))


def block_of(
    conn: psycopg.Connection,
    records: CustomerRecords,
    sources: Sequence[CustomerSource],
    span: Span,
    raw_since: datetime,
    told: Said,
) -> CustomerBlock:
    """All that an assessment of the span needs, given what the states were told to be.

    raw_since: from when on every raw sample is still stored; states of before come from the stored intervals too.
    """
    hourly = read_hours(conn, records, sources, span)
    here = standing_here(records, span)
    hours = metric_hours(here, hourly, hour_starts(span))
    assets = tuple(
        with_states(_asset(record, own, span), record, told, span, raw_since)
        for record, own in zip(here, hours, strict=True)
    )
    reports = state_reports(here, assets)
    return CustomerBlock(
        customer_id=records.customer_id,
        name=records.name,
        segment=records.segment,
        start=span.start,
        end=span.end,
        assets=assets,
        sources=read_source_blocks(conn, sources, hourly, reports, span),
        sites=records.sites,
        lines=records.lines,
        contracts=records.contracts,
        economics=records.economics,
        entitlements=records.entitlements,
        events=tuple(event for event in records.events if event.at < span.end),
        owner_roles=records.owner_roles,
        data_use=records.data_use,
    )


def block_with_hours(
    conn: psycopg.Connection,
    before: CustomerBlock,
    records: CustomerRecords,
    sources: Sequence[CustomerSource],
    since: datetime,
    span: Span,
    raw_since: datetime,
    told: Said,
) -> CustomerBlock:
    """The block of a day up to the span's end, with the hours of `before` up to `since` and all later ones read.

    Records and sources say what they said before, but for events; the day is the same, so that nothing moved.
    """
    kept, later = (since - span.start) // HOUR, Span(start=since, end=span.end, restart=False)
    hourly = read_hours(conn, records, sources, later)
    here = standing_here(records, span)
    hours = metric_hours(here, hourly, hour_starts(later))
    assets = tuple(
        with_states(_with_hours(asset, own, kept), record, told, span, raw_since)
        for asset, record, own in zip(before.assets, here, hours, strict=True)
    )
    hourly = replace(hourly, hour=hourly.hour + kept)
    heard = [source.heard[:kept] for source in before.sources]
    return replace(
        before,
        end=span.end,
        assets=assets,
        sources=read_source_blocks(conn, sources, hourly, state_reports(here, assets), span, heard),
        events=tuple(event for event in records.events if event.at < span.end),
    )


def _with_hours(asset: AssetBlock, later: MetricHours, kept: int) -> AssetBlock:
    """The asset with its first `kept` hours and the later ones."""
    return replace(
        asset,
        mean=np.hstack([asset.mean[:, :kept], later.mean]),
        covered_s=np.hstack([asset.covered_s[:, :kept], later.covered_s]),
        increase=np.hstack([asset.increase[:, :kept], later.increase]),
    )


def read_hours(
    conn: psycopg.Connection, records: CustomerRecords, sources: Sequence[CustomerSource], span: Span
) -> Hourly:
    """Rollups of the span's whole hours of all series of the customer."""
    series_ids = {i for s in sources for i in s.series_ids} | {c.series_id for a in records.assets for c in a.channels}
    return read_hourly(conn, sorted(series_ids), span.start, floor_hour(span.end))


def standing_here(records: CustomerRecords, span: Span) -> list[AssetRecord]:
    """The assets that stood with the customer for any part of the span."""
    start_s, end_s = span.start.timestamp(), span.end.timestamp()
    return [a for a in records.assets if any(p.window[0] < end_s and p.window[1] > start_s for p in a.placements)]


def state_reports(records: Sequence[AssetRecord], assets: Sequence[AssetBlock]) -> list[StateReport]:
    """Who reported the assets' states: the sources of their state metric, not those of their other metrics."""
    return [report for record, asset in zip(records, assets, strict=True) for report in _reports(record, asset.states)]


def _reports(asset: AssetRecord, states: StateSamples | None) -> Iterator[StateReport]:
    meaning = state_meaning(asset)
    for channel in asset.channels:
        if states is not None and meaning is not None and channel.metric == meaning.metric.name:
            yield StateReport(source_id=channel.source_id, window=channel.window, states=states)


def read_told(conn: psycopg.Connection, records: CustomerRecords, span: Span) -> Said:
    """What all state-like series of the customer said in the span, and what is known of its assets."""
    assets = [asset.asset_id for asset in records.assets]
    return read_said(conn, records.customer_id, telling_states(records.assets), assets, span.start, span.end)


def telling_states(assets: Iterable[AssetRecord]) -> list[int]:
    """Series that say states, modes or faults."""
    found = set()
    for asset in assets:
        meaning = state_meaning(asset)
        names = {m.metric.name for m in asset.meanings if m is meaning or m.metric.role in ("mode", "fault")}
        found |= {channel.series_id for channel in asset.channels if channel.metric in names}
    return sorted(found)


def with_states(asset: AssetBlock, record: AssetRecord, told: Said, span: Span, raw_since: datetime) -> AssetBlock:
    """The asset with what its state, mode and fault metrics said; only states that somebody reports have modes."""
    states = state_samples(record, told, span, raw_since)
    if states is None:
        return replace(asset, states=None)
    modes = [other_samples(record, m, told, span) for m in record.meanings if m.metric.role == "mode"]
    faults = [other_samples(record, m, told, span) for m in record.meanings if m.metric.role == "fault"]
    return replace(asset, states=states, modes=modes[0] if modes else None, faults=tuple(faults))


def _asset(asset: AssetRecord, hours: MetricHours, span: Span) -> AssetBlock:
    stands = [p for p in asset.placements if p.window[0] < span.end.timestamp()][-1]
    return AssetBlock(
        asset_id=asset.asset_id,
        name=asset.name,
        asset_type=asset.asset_type,
        state_decoder=asset.state_decoder,
        site_id=stands.site_id,
        line_id=stands.line_id,
        commissioned_on=asset.commissioned_on,
        unit_time_s=asset.unit_time_s,
        capacity_per_hour=asset.capacity_per_hour,
        metrics=tuple(m.metric for m in asset.meanings if m.metric.role != "state"),
        mean=hours.mean,
        covered_s=hours.covered_s,
        increase=hours.increase,
        states=None,
        source_ids=tuple(sorted({channel.source_id for channel in asset.channels})),
        here=tuple(placement.window for placement in asset.placements),
    )

"""Read one customer's block: hours of rollups, states and records, as arrays."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import psycopg

from services.health.block import AssetBlock, Bools, CustomerBlock, Floats, StateSamples
from services.health.data_acquisition.hourly_reading import Hourly, read_hourly
from services.health.data_acquisition.record_reading import AssetRecord, CustomerRecords, Window
from services.health.data_acquisition.said_reading import Said, read_said
from services.health.data_acquisition.source_reading import (
    CustomerSource,
    StateReport,
    hour_starts,
    read_source_blocks,
)
from services.health.data_acquisition.state_reading import other_samples, state_meaning, state_samples
from services.health.watermark import Span, floor_hour


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
    start_s, end_s = span.start.timestamp(), span.end.timestamp()
    series_ids = {i for s in sources for i in s.series_ids} | {c.series_id for a in records.assets for c in a.channels}
    hourly = read_hourly(conn, sorted(series_ids), span.start, floor_hour(span.end))
    here = [a for a in records.assets if any(p.window[0] < end_s and p.window[1] > start_s for p in a.placements)]
    assets = tuple(with_states(_asset(record, hourly, span), record, told, span, raw_since) for record in here)
    reports = [r for record, asset in zip(here, assets, strict=True) for r in _reports(record, asset.states)]
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
    )


def _reports(asset: AssetRecord, states: StateSamples | None) -> Iterator[StateReport]:
    """Who reported an asset's states: the sources of its state metric, not those of its other metrics."""
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


def _asset(asset: AssetRecord, hourly: Mapping[int, Hourly], span: Span) -> AssetBlock:
    metrics = tuple(m.metric for m in asset.meanings if m.metric.role != "state")
    hours = hour_starts(span)
    mean, covered, increase = (np.full((len(metrics), len(hours)), np.nan) for _ in range(3))
    row_of = {metric.name: row for row, metric in enumerate(metrics)}
    covered[:] = -1.0
    for channel in asset.channels:
        row, rollups = row_of.get(channel.metric), hourly.get(channel.series_id)
        if row is not None and rollups is not None:
            _place(rollups, _inside(hours, [channel.window]), mean[row], covered[row], increase[row])
    elsewhere = ~_inside(hours, [placement.window for placement in asset.placements])
    mean[:, elsewhere] = increase[:, elsewhere] = np.nan
    covered[:, elsewhere] = 0.0
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
        metrics=metrics,
        mean=mean,
        covered_s=np.maximum(covered, 0.0),
        increase=increase,
        states=None,
        source_ids=tuple(sorted({channel.source_id for channel in asset.channels})),
        here=tuple(placement.window for placement in asset.placements),
    )


def _place(rollups: Hourly, inside: Bools, mean: Floats, covered: Floats, increase: Floats) -> None:
    """Write a series' hours into one metric's row; where two series speak, the one that covers more of the hour."""
    chosen = inside[rollups.hour] & (rollups.covered_s > covered[rollups.hour])
    hour = rollups.hour[chosen]
    mean[hour] = rollups.mean[chosen]
    covered[hour] = rollups.covered_s[chosen]
    increase[hour] = rollups.increase[chosen]


def _inside(hours: Floats, windows: Iterable[Window]) -> Bools:
    inside = np.zeros(len(hours), dtype=bool)
    for since, until in windows:
        inside |= (hours >= since) & (hours < until)
    return inside

"""What each asset was doing up to a block's end, and its times and counts a day. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from math import inf

import numpy as np

from services.health.advisory_generation.machine_conditions import HOUR_S
from services.health.block import AssetBlock, CustomerBlock, Event, Floats
from services.health.health_assessment.asset_work import AssetStates
from services.health.health_assessment.unit_counts import Counts, fleet_counts
from services.health.state_detection.calendars import Calendar, limited
from services.health.state_detection.orders import orders
from services.health.state_detection.state_intervals import Intervals, OpenInterval, intervals
from services.health.state_detection.time_pieces import MachineTime
from services.health.state_detection.times import (
    ASUT,
    CAPACITY,
    CMT,
    COUNTED_APT,
    DAILY_FIELDS,
    FIRST_PASS,
    GOOD,
    INSPECTED,
    PBT,
    PLANNED_RUN_S,
    PMT,
    PRODUCED,
    REWORKED,
    SCRAPPED,
    UNKNOWN_S,
    WAITING,
    fleet_times,
)

_COLUMN_OF = {
    "production_count": PRODUCED,
    "good_count": GOOD,
    "scrap_count": SCRAPPED,
    "rework_count": REWORKED,
    "inspected_count": INSPECTED,
    "first_pass_count": FIRST_PASS,
}


def fleet_states(
    block: CustomerBlock,
    scheduled: Mapping[tuple[int, int | None], Calendar],
    before: Mapping[int, OpenInterval | None],
) -> list[AssetStates]:
    """What each asset of a block was doing up to its end.

    scheduled: the calendar of each site and line. before: by asset, the interval open at the block's start.
    """
    found = [_intervals(block, asset, before.get(asset.asset_id)) for asset in block.assets]
    when = [limited(scheduled[asset.site_id, asset.line_id], asset.here) for asset in block.assets]
    daily = _fleet_days(block, found, when)
    return [
        AssetStates(asset=asset, intervals=own, calendar=calendar, first_day=block.first_day, daily=rows)
        for asset, own, calendar, rows in zip(block.assets, found, when, daily, strict=True)
    ]


def _intervals(block: CustomerBlock, asset: AssetBlock, before: OpenInterval | None) -> Intervals | None:
    if asset.states is None:
        return None
    return intervals(
        before,
        asset.states,
        asset.state_decoder,
        _events(block, asset),
        start=block.start.timestamp(),
        end=block.end.timestamp(),
        modes=asset.modes,
        faults=asset.faults,
    )


def _events(block: CustomerBlock, asset: AssetBlock) -> list[Event]:
    """The events that reach an asset: its own, its line's and its site's."""
    return block.events_reaching(("asset", asset.asset_id), ("line", asset.line_id), ("site", asset.site_id))


def _fleet_days(block: CustomerBlock, found: Sequence[Intervals | None], when: Sequence[Calendar]) -> Floats:
    """DAILY_FIELDS of the block's days, shape (assets, days, 31); times are 0 for an asset without states, counts NaN
    where nobody counts."""
    start, end = block.start.timestamp(), block.end.timestamp()
    table = np.full((len(block.assets), block.days, len(DAILY_FIELDS)), np.nan)
    table[:, :, :PRODUCED] = table[:, :, ASUT:PMT] = table[:, :, WAITING] = 0.0
    telling = [i for i, own in enumerate(found) if own is not None]
    counted = fleet_counts(block.assets, block.days)
    times = [
        MachineTime(
            found=own,
            calendar=when[i],
            expected_from=_commissioned_s(block.assets[i]),
            orders=orders(_events(block, block.assets[i]), start=start, end=end),
            counted=counted[i].spans(start),
        )
        for i, own in enumerate(found)
        if own is not None
    ]
    table[telling] = fleet_times(times, start=start, end=end)
    for rows, asset, own, units in zip(table, block.assets, found, counted, strict=True):
        if own is not None and not _tells_maintenance(asset):
            rows[:, [PMT, CMT]] = np.nan
        _count(rows, asset, units)
    return table


def _commissioned_s(asset: AssetBlock) -> float:
    """From when an asset should report; infinite where nobody says."""
    if asset.commissioned_on is None:
        return inf
    return datetime.combine(asset.commissioned_on, time(), UTC).timestamp()


def _count(rows: Floats, asset: AssetBlock, counted: Counts) -> None:
    """Fill in the units that were counted, and what follows of them."""
    for role, column in _COLUMN_OF.items():
        rows[:, column] = counted.by_day[role]
    rows[np.isnan(rows[:, PRODUCED]), COUNTED_APT] = np.nan
    if asset.unit_time_s is not None:
        rows[:, PLANNED_RUN_S] = asset.unit_time_s * rows[:, PRODUCED]
    if asset.capacity_per_hour is not None:
        rows[:, CAPACITY] = asset.capacity_per_hour * (rows[:, PBT] - rows[:, UNKNOWN_S]) / HOUR_S


def _tells_maintenance(asset: AssetBlock) -> bool:
    """Whether the asset's states or modes can say that somebody maintains it."""
    states = asset.state_decoder.get("states")
    named = set(states.values()) if isinstance(states, dict) else set()
    return asset.modes is not None or bool(named & {"maintenance", "repair"})

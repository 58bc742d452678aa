"""What one asset was doing up to a block's end, and its times and counts a day. Pure."""

from datetime import UTC, datetime, time

import numpy as np

from services.health.advisory_generation.machine_conditions import HOUR_S
from services.health.block import AssetBlock, CustomerBlock, Event, Floats
from services.health.health_assessment.asset_work import AssetStates
from services.health.health_assessment.unit_counts import counts
from services.health.state_detection.calendars import Calendar, limited
from services.health.state_detection.orders import orders
from services.health.state_detection.state_intervals import Intervals, OpenInterval, intervals
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
    daily_times,
)

_COLUMN_OF = {
    "production_count": PRODUCED,
    "good_count": GOOD,
    "scrap_count": SCRAPPED,
    "rework_count": REWORKED,
    "inspected_count": INSPECTED,
    "first_pass_count": FIRST_PASS,
}


def states_of(block: CustomerBlock, asset: AssetBlock, scheduled: Calendar, before: OpenInterval | None) -> AssetStates:
    """What an asset was doing up to the block's end, from the interval open at its start on."""
    when = limited(scheduled, asset.here)
    found = _intervals(block, asset, before)
    daily = _daily_rows(block, asset, found, when)
    return AssetStates(asset=asset, intervals=found, calendar=when, first_day=block.first_day, daily=daily)


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
    reached = {("asset", asset.asset_id), ("line", asset.line_id), ("site", asset.site_id)}
    return [e for e in block.events if (e.scope_type, e.scope_id) in reached]


def _daily_rows(block: CustomerBlock, asset: AssetBlock, found: Intervals | None, when: Calendar) -> Floats:
    """DAILY_FIELDS of the block's days; times are 0 for an asset without states, counts NaN where nobody counts."""
    start, end = block.start.timestamp(), block.end.timestamp()
    rows = np.full((block.days, len(DAILY_FIELDS)), np.nan)
    rows[:, :PRODUCED] = rows[:, ASUT:PMT] = rows[:, WAITING] = 0.0
    counted = counts(asset, block.days)
    if found is not None:
        commissioned = np.inf
        if asset.commissioned_on is not None:
            commissioned = datetime.combine(asset.commissioned_on, time(), UTC).timestamp()
        sent = orders(_events(block, asset), start=start, end=end)
        rows = daily_times(
            found,
            when,
            start=start,
            end=end,
            expected_from=commissioned,
            orders=sent,
            counted=counted.spans(start),
        )
        if not _tells_maintenance(asset):
            rows[:, [PMT, CMT]] = np.nan
    for role, column in _COLUMN_OF.items():
        rows[:, column] = counted.by_day[role]
    rows[np.isnan(rows[:, PRODUCED]), COUNTED_APT] = np.nan
    known_s = rows[:, PBT] - rows[:, UNKNOWN_S]
    if asset.unit_time_s is not None:
        rows[:, PLANNED_RUN_S] = asset.unit_time_s * rows[:, PRODUCED]
    if asset.capacity_per_hour is not None:
        rows[:, CAPACITY] = asset.capacity_per_hour * known_s / HOUR_S
    return rows


def _tells_maintenance(asset: AssetBlock) -> bool:
    """Whether the asset's states or modes can say that somebody maintains it."""
    states = asset.state_decoder.get("states")
    named = set(states.values()) if isinstance(states, dict) else set()
    return asset.modes is not None or bool(named & {"maintenance", "repair"})

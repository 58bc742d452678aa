"""The hours of all metrics of a customer's assets, placed from the rollups of the series that spoke for them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.data_acquisition.hourly_reading import Hourly
from services.health.data_acquisition.record_reading import AssetRecord, Window


@dataclass(frozen=True, kw_only=True)
class MetricHours:
    """What the numeric metrics of one asset said, shape (M, T) each, as in AssetBlock."""

    mean: Floats
    covered_s: Floats
    increase: Floats


def metric_hours(assets: Sequence[AssetRecord], hourly: Hourly, hours: Floats) -> list[MetricHours]:
    """Each asset's metrics, those of role `state` left out, in the order of its meanings. hours: starts, (T,)."""
    rows = [[m.metric.name for m in asset.meanings if m.metric.role != "state"] for asset in assets]
    first = np.cumsum([0, *map(len, rows)])
    mean, covered, increase = (np.full((first[-1], len(hours)), np.nan) for _ in range(3))
    covered[:] = 0.0
    place = _places(assets, rows, first)
    if len(place.series_id) and len(hourly.hour):
        row, chosen = _chosen(place, hourly, hours)
        at = row, hourly.hour[chosen]
        mean[at], covered[at], increase[at] = hourly.mean[chosen], hourly.covered_s[chosen], hourly.increase[chosen]
    for asset, (begin, end) in zip(assets, pairwise(first.tolist()), strict=True):
        elsewhere = ~inside(hours, [placement.window for placement in asset.placements])
        if elsewhere.any():
            mean[begin:end, elsewhere] = increase[begin:end, elsewhere] = np.nan
            covered[begin:end, elsewhere] = 0.0
    return [
        MetricHours(mean=mean[b:e], covered_s=covered[b:e], increase=increase[b:e]) for b, e in pairwise(first.tolist())
    ]


def inside(hours: Floats, windows: Sequence[Window]) -> Bools:
    """Hours that begin in one of the windows."""
    found = np.zeros(len(hours), dtype=bool)
    for since, until in windows:
        found |= (hours >= since) & (hours < until)
    return found


@dataclass(frozen=True, kw_only=True)
class _Places:
    """Channels by series: the row that each speaks for, in [since, until), and their order in the records."""

    series_id: NDArray[np.int64]
    row: NDArray[np.int64]
    since: Floats
    until: Floats
    order: NDArray[np.int64]


def _places(assets: Sequence[AssetRecord], rows: Sequence[Sequence[str]], first: NDArray[np.int64]) -> _Places:
    found = []
    for asset, names, begin in zip(assets, rows, first.tolist(), strict=False):
        row_of = {name: begin + number for number, name in enumerate(names)}
        found += [(c.series_id, row_of[c.metric], *c.window) for c in asset.channels if c.metric in row_of]
    table = np.array(found, dtype=np.float64).reshape(-1, 4)
    order = np.argsort(table[:, 0], kind="stable")
    series, row, since, until = table[order].T
    return _Places(series_id=series.astype(np.int64), row=row.astype(np.int64), since=since, until=until, order=order)


def _chosen(place: _Places, hourly: Hourly, hours: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and rollup of every hour that is known; where two series speak, of the one that covers more of the hour, the
    first in the records if both do alike."""
    begin = np.searchsorted(place.series_id, hourly.series_id, side="left")
    count = np.searchsorted(place.series_id, hourly.series_id, side="right") - begin
    rollup = np.repeat(np.arange(len(hourly.hour)), count)
    nth = np.arange(len(rollup)) - np.repeat(np.cumsum(count) - count, count)
    channel = np.repeat(begin, count) + nth
    at = hours[hourly.hour[rollup]]
    speaks = (at >= place.since[channel]) & (at < place.until[channel])
    rollup, channel = rollup[speaks], channel[speaks]
    key = place.row[channel] * len(hours) + hourly.hour[rollup]
    best = np.lexsort((place.order[channel], -hourly.covered_s[rollup], key))
    best = best[np.append(True, np.diff(key[best]) > 0)[: len(best)]]
    return place.row[channel[best]], rollup[best]

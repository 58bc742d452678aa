"""What an asset's states were: raw where it is stored, else from the intervals kept for life. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats, StateSamples
from services.health.data_acquisition.record_reading import AssetRecord, Meaning, Window
from services.health.data_acquisition.said_reading import Said
from services.health.data_acquisition.state_history import Known, RawStates, clip, thinned, with_history
from services.health.state_detection.states import by_limits
from services.health.watermark import Span


def state_samples(asset: AssetRecord, told: Said, span: Span, raw_since: datetime) -> StateSamples | None:
    """States of one asset from the one in force at the span's start on; None for a type without a state metric.

    raw_since: from when on every raw sample is still stored. Before it, stored intervals fill what no sample says;
    after it only the one in force at the start does, where its own sample is older than what is kept.
    """
    meaning = state_meaning(asset)
    if meaning is None:
        return None
    said_at, said, windows = _told(
        asset,
        meaning,
        lambda series: (
            told.states(series) if meaning.metric.role == "state" else _by_limits(asset, meaning, told.values(series))
        ),
    )
    new = thinned(RawStates(at=said_at, state=said), max_hold_s=meaning.max_hold_s)
    said_at, said = new.at, new.state
    known = told.known.get(asset.asset_id, [])
    start_s, raw_since_s = span.start.timestamp(), raw_since.timestamp()
    if start_s < raw_since_s:
        known = _clipped(known, [(start_s, raw_since_s)])
    elif len(said_at) and said_at[0] <= start_s:
        known = []
    else:
        known = [replace(k, ended=k.started + meaning.max_hold_s) for k in known if k.started <= start_s < k.ended]
    samples = with_history(said_at, said, _clipped(known, windows), max_hold_s=meaning.max_hold_s)
    return _within(samples, span)


def state_meaning(asset: AssetRecord) -> Meaning | None:
    """The metric that says the asset's states: the one of role `state`, or that of the decoder's limits."""
    by_limits = asset.state_decoder.get("metric")
    return next((m for m in asset.meanings if m.metric.role == "state" or m.metric.name == by_limits), None)


def _by_time(at: Floats, state: NDArray[np.object_]) -> tuple[Floats, NDArray[np.object_]]:
    """Samples in order; at one instant the end of one series goes before what another says."""
    order = np.lexsort((np.array([said is not None for said in state], dtype=bool), at))
    return at[order], state[order]


def other_samples(asset: AssetRecord, meaning: Meaning, told: Said, span: Span) -> StateSamples:
    """What another metric of an asset said, from the sample in force at the span's start on, as far as it is stored."""
    at, said, _ = _told(asset, meaning, told.states)
    return _within(StateSamples(at=at, state=tuple(said), max_hold_s=meaning.max_hold_s), span)


def _told(
    asset: AssetRecord, meaning: Meaning, read: Callable[[int], RawStates]
) -> tuple[Floats, NDArray[np.object_], list[Window]]:
    """What the series of a metric said of an asset while they spoke for it and it stood here, and when that was."""
    parts: list[tuple[Floats, NDArray[np.object_]]] = []
    windows: list[Window] = []
    for channel in asset.channels:
        if channel.metric == meaning.metric.name:
            here = _common([channel.window], [p.window for p in asset.placements])
            raw = read(channel.series_id)
            parts.append(clip(raw.at, raw.state, here))
            windows += here
    if len(parts) == 1:
        return *parts[0], windows
    at = np.concatenate([np.empty(0), *(at for at, _ in parts)])
    said = np.concatenate([np.empty(0, dtype=object), *(state for _, state in parts)])
    return *_by_time(at, said), windows


def _by_limits(asset: AssetRecord, meaning: Meaning, told: tuple[Floats, Floats]) -> RawStates:
    """States from the values of a metric, without the samples that say nothing new."""
    at, values = told
    return thinned(RawStates(at=at, state=by_limits(values, asset.state_decoder)), max_hold_s=meaning.max_hold_s)


def _clipped(known: Sequence[Known], windows: Sequence[Window]) -> list[Known]:
    return [
        replace(k, started=since, ended=until)
        for k in known
        for since, until in _common([(k.started, k.ended)], windows)
    ]


def _common(some: Sequence[Window], others: Sequence[Window]) -> list[Window]:
    """Where windows of both kinds hold, by time."""
    both = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return sorted((since, until) for since, until in both if since < until)


def _within(samples: StateSamples, span: Span) -> StateSamples:
    """The samples before the span's end, without those that another one replaced by its start."""
    first = max(int(np.searchsorted(samples.at, span.start.timestamp(), side="right")) - 1, 0)
    last = int(np.searchsorted(samples.at, span.end.timestamp(), side="left"))
    return StateSamples(at=samples.at[first:last], state=samples.state[first:last], max_hold_s=samples.max_hold_s)

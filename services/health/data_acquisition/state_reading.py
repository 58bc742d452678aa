"""Read what an asset's state metric said, raw where it is stored, else from the intervals kept for life."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import psycopg
from numpy.typing import NDArray

from services.health.block import Floats, StateSamples
from services.health.data_acquisition.hourly_reading import read_states
from services.health.data_acquisition.record_reading import AssetRecord, Window
from services.health.data_acquisition.state_history import Known, clip, with_history
from services.health.state_detection.state_intervals import STATES, UNKNOWN, decoded
from services.health.watermark import Span

_PACKML_CODES = [str(code) for code in range(1, 18)]

# An open interval is known as far as its customer was assessed.
_INTERVALS = """
SELECT i.started_at, coalesce(i.ended_at, m.assessed_through), i.state FROM state_intervals i
LEFT JOIN model_states m ON m.customer_id = %(customer)s
WHERE i.asset_id = %(asset)s AND i.started_at < %(until)s
  AND coalesce(i.ended_at, m.assessed_through) > %(since)s ORDER BY i.started_at
"""


def read_state_samples(
    conn: psycopg.Connection, customer_id: int, asset: AssetRecord, span: Span, raw_since: datetime
) -> StateSamples | None:
    """States of one asset from the one in force at the span's start on; None for a type without a state metric.

    raw_since: from when on every raw sample is still stored. Before it, stored intervals fill what no sample says;
    after it only the one in force at the start does, where its own sample is older than what is kept.
    """
    meaning = next((m for m in asset.meanings if m.metric.role == "state"), None)
    if meaning is None:
        return None
    at, state = [np.empty(0)], [np.empty(0, dtype=object)]
    windows: list[Window] = []
    for channel in asset.channels:
        if channel.metric == meaning.metric.name:
            here = _common([channel.window], [p.window for p in asset.placements])
            raw = read_states(conn, channel.series_id, span.start, span.end)
            channel_at, channel_state = clip(raw.at, raw.state, here)
            at.append(channel_at)
            state.append(channel_state)
            windows += here
    said_at, said = _by_time(np.concatenate(at), np.concatenate(state))
    known = _known(conn, customer_id, asset, span)
    start_s, raw_since_s = span.start.timestamp(), raw_since.timestamp()
    if start_s < raw_since_s:
        known = _clipped(known, [(start_s, raw_since_s)])
    elif len(said_at) and said_at[0] <= start_s:
        known = []
    else:
        known = [replace(k, ended=k.started + meaning.max_hold_s) for k in known if k.started <= start_s < k.ended]
    samples = with_history(said_at, said, _clipped(known, windows), max_hold_s=meaning.max_hold_s)
    return _within(samples, span)


def _by_time(at: Floats, state: NDArray[np.object_]) -> tuple[Floats, NDArray[np.object_]]:
    """Samples in order; at one instant the end of one series goes before what another says."""
    order = np.lexsort((np.array([said is not None for said in state], dtype=bool), at))
    return at[order], state[order]


def _known(conn: psycopg.Connection, customer_id: int, asset: AssetRecord, span: Span) -> list[Known]:
    """Stored intervals that reach into the span, with raw states that decode to theirs."""
    raw_of = raw_states(asset.state_decoder)
    asked = {"customer": customer_id, "asset": asset.asset_id, "since": span.start, "until": span.end}
    return [
        Known(started=started.timestamp(), ended=ended.timestamp(), state=raw_of[state])
        for started, ended, state in conn.execute(_INTERVALS, asked)
        if state in raw_of
    ]


def raw_states(decoder: dict[str, object]) -> dict[str, str]:
    """For each known state one raw state that decodes to it; states that the decoder cannot give are absent."""
    named = decoder.get("states")
    candidates = [str(raw) for raw in named] if isinstance(named, dict) else [*_PACKML_CODES, *STATES]
    codes = decoded(candidates, decoder)
    pairs = [(STATES[code], raw) for code, raw in zip(codes, candidates, strict=True) if code != UNKNOWN]
    return dict(reversed(pairs))


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

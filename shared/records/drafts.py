"""Drafts of records from what was seen on MQTT, for a person to confirm. Pure.

What cannot be known from telemetry (a site, a unit that no message named, what a state means) is left empty: the
import then says at which line what to fill in.
"""

import csv
import io
import json
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.units import KNOWN_UNITS

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*[A-Za-z0-9_/]|[A-Za-z_]")
_STEADY_SHARE = 0.8
_STEADY_WITHIN = 0.2
_LEAST_HOLD_S = 60.0
_UNKNOWN_HOLD_S = 7200.0
_SCALARS_OF_YAML = frozenset({"true", "false", "null"})


@dataclass(frozen=True, kw_only=True)
class SeenSeries:
    """One metric of a device: its newest samples, oldest first.

    at: Unix seconds. values: the numbers among them. texts: every different text.
    """

    metric: str
    unit: str | None
    at: tuple[float, ...]
    values: tuple[float, ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SeenDevice:
    """A device that speaks for no asset yet; `site` is the external id of its source's site, if that has one."""

    topic_prefix: str
    site: str | None
    device: str
    series: tuple[SeenSeries, ...]


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How samples come: periodic with its interval, or on change with the longest that one may hold."""

    interval_s: float | None
    max_hold_s: float | None


# By name, first match wins.
_ROLE_WORDS = (
    ("fault", ("fault", "alarm", "error", "errorcode")),
    ("version", ("version", "firmware", "software", "release", "sw")),
    ("good_count", ("good", "accepted", "ok")),
    ("production_count", ("count", "counter", "total", "pieces", "parts", "produced", "output", "cycles")),
    ("energy", ("energy", "kwh", "consumption")),
    ("state", ("state", "status", "mode")),
    ("operating_point", ("speed", "load", "flow", "setpoint", "power", "rpm", "throughput", "rate", "setting", "op")),
)
_UNIT_OF_ROLE = {"good_count": "count", "production_count": "count"}
_ROLES_WITHOUT_UNIT = frozenset({"state", "version", "fault"})
_STATE_WORDS = (
    ("production", ("run", "prod", "execute", "active", "working")),
    ("down", ("down", "fault", "fail", "error", "abort", "trip", "alarm", "broken")),
    ("setup", ("setup", "change", "prepar")),
    ("planned", ("maint", "service", "clean", "planned")),
    ("held", ("held", "hold")),
    ("suspended", ("suspend", "starv", "block", "wait")),
    ("idle", ("idle", "standby", "ready", "stop")),
    ("off", ("off", "power down")),
)


def guess_role(series: SeenSeries) -> str:
    """The role that the metric's name suggests; `condition` where it suggests none. Text is state or version."""
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", series.metric).lower()))
    by_name = next((role for role, known in _ROLE_WORDS if words & set(known)), None)
    if series.texts and not series.values:
        return by_name if by_name in ("version", "fault") else "state"
    if by_name in ("good_count", "production_count", "energy") and not _mostly_rising(series.values):
        return "condition"
    return by_name or "condition"


def _mostly_rising(values: Sequence[float]) -> bool:
    """A counter falls only where it is reset: in at most one step of twenty."""
    return sum(later < earlier for earlier, later in pairwise(values)) <= len(values) // 20


def guess_sampling(at: Sequence[float]) -> Sampling:
    """Periodic where four intervals of five lie within a fifth of their median; else on change.

    The hold of a value that comes on change is twice the longest interval but for the longest tenth.
    """
    intervals = [later - earlier for earlier, later in pairwise(at)]
    if len(intervals) < 3:
        return Sampling(interval_s=None, max_hold_s=_UNKNOWN_HOLD_S)
    median = statistics.median(intervals)
    steady = sum(abs(interval - median) <= _STEADY_WITHIN * median for interval in intervals)
    if median > 0 and steady >= _STEADY_SHARE * len(intervals):
        return Sampling(interval_s=round(median, 3), max_hold_s=None)
    long = sorted(intervals)[int(0.9 * (len(intervals) - 1))]
    return Sampling(interval_s=None, max_hold_s=max(_LEAST_HOLD_S, round(2 * long)))


def guess_state(raw: str) -> str | None:
    """What a raw state probably means; None where its word says nothing."""
    return next((state for state, starts in _STATE_WORDS if any(word in raw.lower() for word in starts)), None)


def assign_types(devices: Iterable[SeenDevice], known: Mapping[str, frozenset[str]]) -> dict[str, list[SeenDevice]]:
    """Devices by asset type: a known one that has all their metrics, else a new one for each set of metrics."""
    drafted: dict[frozenset[str], str] = {}
    assigned: dict[str, list[SeenDevice]] = {}
    for device in devices:
        metrics = frozenset(series.metric for series in device.series)
        fitting = [(len(has), name) for name, has in known.items() if metrics <= has]
        if fitting:
            name = min(fitting)[1]
        else:
            name = drafted.setdefault(metrics, _free_name(device.device, {*known, *drafted.values()}))
        assigned.setdefault(name, []).append(device)
    return assigned


def _free_name(device: str, taken: set[str]) -> str:
    stem = re.sub(r"[^a-z0-9]+", "_", device.lower()).rstrip("0123456789").strip("_") or "machine"
    return next(name for name in (stem, *(f"{stem}_{n}" for n in range(2, 10_000))) if name not in taken)


def asset_type_yaml(name: str, devices: Sequence[SeenDevice]) -> str:
    """The draft of one asset type, from its devices."""
    first = devices[0]
    lines = [f"- id: {quoted(name)}", f"  name: {quoted(name.replace('_', ' ').capitalize())}"]
    described, state = [], None
    for series in first.series:
        role = guess_role(series)
        if role == "state":
            role, state = ("condition", state) if state is not None or _many_values(series) else ("state", series)
        described.append(_metric_line(series, role))
    if state is not None:
        lines += _decoder_lines(state)
    return "\n".join([*lines, "  metrics:", *described]) + "\n"


def _many_values(series: SeenSeries) -> bool:
    return not series.texts and any(value != int(value) for value in series.values)


def _decoder_lines(series: SeenSeries) -> list[str]:
    kind = "text" if series.texts else "codes"
    raw = series.texts or tuple(str(int(value)) for value in sorted(set(series.values)))
    return [
        "  state_decoder:",
        f"    kind: {kind}",
        "    states:",
        *(f"      {quoted(text)}: {guess_state(text) or ''}".rstrip() for text in raw),
    ]


def _metric_line(series: SeenSeries, role: str) -> str:
    parts = [f"name: {quoted(series.metric)}"]
    if series.unit in KNOWN_UNITS:
        parts.append(f"unit: {quoted(str(series.unit))}")
    elif role not in _ROLES_WITHOUT_UNIT:
        parts.append(f"unit: {_UNIT_OF_ROLE.get(role, '')}".rstrip())
    sampling = guess_sampling(series.at)
    parts.append(f"role: {role}")
    if sampling.interval_s is not None:
        parts += ["sampling: periodic", f"interval_s: {sampling.interval_s:g}"]
    else:
        parts += ["sampling: on_change", f"max_hold_s: {sampling.max_hold_s:g}"]
    seen = f"{len(series.at)} samples" + (f", unit said: {series.unit}" if series.unit else "")
    return f"    - {{{', '.join(parts)}}}  # {' '.join(seen.split())}"


def assets_csv(assigned: Mapping[str, Sequence[SeenDevice]]) -> str:
    """An asset for each device, called like it; its site is empty where its source has none."""
    rows = [
        (asset_id(device), asset_type, device.device, "", "", device.site or "", "")
        for asset_type, devices in assigned.items()
        for device in devices
    ]
    return _csv(("id", "asset_type", "name", "serial", "commissioned_on", "site", "line"), rows)


def bindings_csv(devices: Iterable[SeenDevice]) -> str:
    """Each device bound to its asset, from always on."""
    rows = [(device.topic_prefix, device.device, asset_id(device), "") for device in devices]
    return _csv(("topic_prefix", "device", "asset", "valid_from"), rows)


def sources_csv(topic_prefixes: Iterable[str]) -> str:
    """Each source with an empty site and credential."""
    return _csv(("topic_prefix", "site", "credential"), [(prefix, "", "") for prefix in topic_prefixes])


def asset_id(device: SeenDevice) -> str:
    """An id until the ERP's serial or number takes its place."""
    return f"{device.topic_prefix}/{device.device}"


def quoted(text: str) -> str:
    """The text as a YAML scalar."""
    if _PLAIN.fullmatch(text) and text.lower() not in _SCALARS_OF_YAML:
        return text
    return json.dumps(text, ensure_ascii=False)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    return written.getvalue()

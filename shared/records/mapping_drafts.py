"""Drafts of mappings from messages that nothing could decode. Pure."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.mappings import MappingError, has_own_format, parse_mapping
from shared.records.drafts import quoted

_TIME_NAMES = frozenset({"ts", "time", "timestamp", "t", "date", "datetime", "at", "observed_at", "sourcetimestamp"})
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_LAST_WORDS = frozenset({"data", "telemetry", "values", "state", "status", "payload", "json", "measurements", "out"})
# Smallest number of a time in that unit that lies after 1990.
_EPOCHS = ((6e17, "epoch_ns"), (6e14, "epoch_us"), (6e11, "epoch_ms"), (6e8, "epoch_s"))


@dataclass(frozen=True)
class Letter:
    """A message that could not be decoded, and why."""

    topic: str
    payload: bytes
    reason: str


@dataclass(frozen=True)
class Leaf:
    """A value in a JSON payload and the path to it."""

    path: str
    value: object


def mappings_yaml(letters: Iterable[Letter]) -> str:
    """One drafted mapping for each shape of JSON message that has no format of its own; empty where there is none."""
    shapes: dict[tuple[int, frozenset[str]], list[tuple[str, list[Leaf]]]] = {}
    for letter in letters:
        leaves = [] if has_own_format(letter.topic) else list(_leaves_of(letter.payload))
        if leaves:
            levels = letter.topic.split("/")
            shapes.setdefault((len(levels), frozenset(leaf.path for leaf in leaves)), []).append((letter.topic, leaves))
    drafts = (
        _mapping(n, topic_pattern([topic for topic, _ in seen]), seen[0][1])
        for n, seen in enumerate(shapes.values(), start=1)
    )
    return "".join(draft for draft in drafts if draft)


def unmappable(letters: Iterable[Letter]) -> list[str]:
    """A line for each reason why messages with a format of their own were refused: how many, and one's topic."""
    topics: dict[str, list[str]] = {}
    for letter in letters:
        if has_own_format(letter.topic):
            topics.setdefault(" ".join(letter.reason.split()), []).append(letter.topic)
    return [
        f"- {reason}: {len(seen)} in all, for example {json.dumps(seen[0], ensure_ascii=False)}"
        for reason, seen in topics.items()
    ]


def topic_pattern(topics: Sequence[str]) -> str:
    """What the topics have in common: `{source}` before `{device}`, `+` for other levels that differ."""
    by_level = list(zip(*(topic.split("/") for topic in topics), strict=True))
    pattern = [level[0] for level in by_level]
    differing = [n for n, level in enumerate(by_level) if len(set(level)) > 1]
    for n in differing:
        pattern[n] = "+"
    device = differing[-1] if differing else _likely_device(pattern)
    source = differing[0] if len(differing) > 1 else max(device - 1, 0)
    pattern[device] = "{device}"
    pattern[source] = "{source}"
    return "/".join(pattern)


def _likely_device(levels: Sequence[str]) -> int:
    last = len(levels) - 1
    return last - 1 if last > 0 and levels[last].lower() in _LAST_WORDS else last


def _leaves_of(payload: bytes) -> Iterator[Leaf]:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return
    if isinstance(body, dict):
        yield from _leaves("", body)


def _leaves(path: str, value: object) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key and "." not in key and not key.isdecimal():
                yield from _leaves(f"{path}.{key}" if path else key, part)
    elif not isinstance(value, list):
        yield Leaf(path, value)


def time_format(leaf: Leaf) -> str | None:
    """How a time is written, by its name and size; None where it is no time."""
    if leaf.path.rpartition(".")[2].lower() not in _TIME_NAMES:
        return None
    if isinstance(leaf.value, str) and _RFC3339.fullmatch(leaf.value):
        return "rfc3339"
    if isinstance(leaf.value, int | float) and not isinstance(leaf.value, bool):
        return next((unit for least, unit in _EPOCHS if leaf.value >= least), None)
    return None


def _mapping(number: int, pattern: str, leaves: Sequence[Leaf]) -> str:
    times = [(leaf.path, written) for leaf in leaves if (written := time_format(leaf)) is not None]
    path, written = times[0] if times else (None, "received")
    values = [leaf for leaf in leaves if leaf.path not in dict(times)]
    time = f"{{format: {written}}}" if path is None else f"{{path: {quoted(path)}, format: {written}}}"
    draft = [f"- id: draft-{number}", f"  topic: {json.dumps(pattern)}", f"  time: {time}", "  values:"]
    draft += [f"    - {{{_value(leaf)}}}" for leaf in values]
    return "\n".join(draft) + "\n" if values and _is_valid(number, pattern, path, written, values) else ""


def _value(leaf: Leaf) -> str:
    strings = isinstance(leaf.value, str) and _NUMBER.fullmatch(leaf.value) is not None
    metric = leaf.path.replace(".", "_")
    return f"path: {quoted(leaf.path)}, metric: {quoted(metric)}" + (", strings: true" if strings else "")


def _is_valid(number: int, pattern: str, path: str | None, written: str, values: Sequence[Leaf]) -> bool:
    time: Mapping[str, str] = {"format": written} if path is None else {"format": written, "path": path}
    raw = {
        "id": f"draft-{number}",
        "topic": pattern,
        "time": time,
        "values": [{"path": leaf.path, "metric": leaf.path} for leaf in values],
    }
    try:
        parse_mapping(raw)
    except MappingError:
        return False
    return True

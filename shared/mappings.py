"""Declared mappings: how the JSON of a plant that speaks its own way becomes samples.

`parse_mapping` gives the specification, checked; ingest decodes with it, records store it in the table `mappings`.
A path is keys joined by dots, with numbers for places in arrays: `payload.values`, `readings.0.value`. An empty path
is the payload itself.
"""

import re
from typing import Any, Literal

import msgspec

from shared.errors import PermanentError

TimeFormat = Literal["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "rfc3339", "received"]

_PLACEHOLDERS = frozenset({"{source}", "{device}", "{metric}"})
_PLAIN_PART = re.compile(r"[^{}+#]*")


class TimeField(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a reading's time is and how it is written; `received` takes our own clock and has no path."""

    format: TimeFormat
    path: str | None = None


class ValueField(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One value: its path, and the metric it is (that of the topic's `{metric}` when not given).

    `unit` and `to` convert from the device's unit to the metric's. `strings` says that numbers come as text.
    An absent path means no sample, null means "no value".
    """

    path: str
    metric: str | None = None
    unit: str | None = None
    to: str | None = None
    strings: bool = False


class MappingSpecification(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One declared mapping.

    topic: parts joined by `/`; `{source}`, `{device}` and `{metric}` stand for whole parts, `+` for any one part
    and a last `#` for any rest. The source's topic prefix is the topic up to and including `{source}`; a device
    that the topic does not name is called like its source's part.
    readings: path to an array whose elements the other paths start from. all_values: path to an object of metric
    to value, instead of `values`; `strings` then says that its numbers come as text.
    retained: whether messages that the broker kept for newcomers count.
    """

    id: str
    topic: str
    time: TimeField
    readings: str | None = None
    values: tuple[ValueField, ...] = ()
    all_values: str | None = None
    strings: bool = False
    retained: Literal["ignore", "take"] = "ignore"


class MappingError(PermanentError):
    """A mapping that cannot be used; the message says what is wrong and what to write."""


def parse_mapping(raw: object) -> MappingSpecification:
    """The mapping in `raw` (as read from YAML or the column `specification`); raise MappingError where it is wrong."""
    try:
        mapping = msgspec.convert(raw, MappingSpecification)
    except msgspec.ValidationError as exc:
        raise MappingError(str(exc)) from exc
    _check_topic(mapping.topic)
    _check_values(mapping)
    return mapping


def mapping_as_json(mapping: MappingSpecification) -> dict[str, Any]:
    """The mapping as plain dicts and lists, for the column `specification`."""
    plain: dict[str, Any] = msgspec.to_builtins(mapping)
    return plain


def subscription(topic_pattern: str) -> str:
    """MQTT topic filter that receives every topic of a mapping's pattern."""
    return "/".join("+" if part in _PLACEHOLDERS else part for part in topic_pattern.split("/"))


def _check_topic(topic: str) -> None:
    parts = topic.split("/")
    if parts.count("{source}") != 1:
        raise MappingError(f"topic {topic!r} must have exactly one part {{source}}")
    for name in ("{device}", "{metric}"):
        if parts.count(name) > 1:
            raise MappingError(f"topic {topic!r} has {name} more than once")
    for place, part in enumerate(parts):
        wildcard = part == "+" or (part == "#" and place == len(parts) - 1)
        if not (wildcard or part in _PLACEHOLDERS or _PLAIN_PART.fullmatch(part)):
            raise MappingError(
                f"topic {topic!r}: {part!r} must be plain text, + , a last #, or one of {sorted(_PLACEHOLDERS)}"
            )
    if parts[0] == "spBv1.0" or parts[0].startswith("$") or parts[:2] in (["bellwether", "v1"], ["umh", "v1"]):
        raise MappingError(f"topic {topic!r} belongs to a format of its own; a mapping cannot take it over")


def _check_values(mapping: MappingSpecification) -> None:
    if bool(mapping.values) == (mapping.all_values is not None):
        raise MappingError("give either `values` (a list of paths) or `all_values` (one path)")
    if (mapping.time.format == "received") != (mapping.time.path is None):
        raise MappingError("`time` needs a path, except with format `received`, which has none")
    if mapping.time.format == "received" and mapping.retained == "take":
        raise MappingError(
            "retained messages would count anew at every connection: give `time` a path, or `retained: ignore`"
        )
    metric_in_topic = "{metric}" in mapping.topic.split("/")
    for value in mapping.values:
        if value.metric is None and not metric_in_topic:
            raise MappingError(f"value at {value.path!r} needs a `metric`, since the topic names none")
        if (value.unit is None) != (value.to is None):
            raise MappingError(f"value at {value.path!r}: `unit` and `to` go together")

"""Declared mappings: how the JSON of a plant that speaks its own way becomes samples.

`parse_mapping` gives the specification, checked; ingest decodes with it, records store it in the table `mappings`.
A path is keys joined by dots, with numbers for places in arrays: `payload.values`, `readings.0.value`; a dot within a
key is written `\\.`. An empty path is where one stands: at the payload, or within `readings` at the element. `$` is the
payload wherever one stands: `$.ts`.
"""

import re
from typing import Any, Literal

import msgspec

from shared.errors import PermanentError

TimeFormat = Literal["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "rfc3339", "received"]
Decimal = Literal[".", ","]

METRIC_AND_REST = "{metric#}"
"""A last part that stands for the metric and all levels that it has."""

_PLACEHOLDERS = frozenset({"{source}", "{device}", "{metric}"})
_LONGEST_PATH = 1024
_PLAIN_PART = re.compile(r"[^{}+#]*")


class TimeField(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a reading's time is and how it is written; `strings` says that an epoch comes as text.

    `received` takes our own clock and has no path. What is delivered twice is then stored twice: such samples are
    outside the promise of exactly one row a sample.
    """

    format: TimeFormat
    path: str | None = None
    strings: bool = False


class ValueField(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One value: its path, and the metric it is: a name, what stands at `metric_path`, or the topic's `{metric}`.

    `unit` and `to` convert from the device's unit to the metric's, and only numbers can have them. `strings` says that
    numbers come as text, with `decimal` between whole and fraction. An absent path means no sample, null means "no
    value".
    """

    path: str
    metric: str | None = None
    metric_path: str | None = None
    unit: str | None = None
    to: str | None = None
    strings: bool = False
    decimal: Decimal = "."


class MappingSpecification(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One declared mapping.

    topic: parts joined by `/`; `{source}`, `{device}` and `{metric}` stand for whole parts, `+` for any one part
    and a last `#` for any rest, which `{metric#}` takes as the metric. The source's topic prefix is the topic up to and
    including `{source}`; a device that the topic does not name is called like its source's part.
    payload: `text` is one value as it stands, without JSON's quotes. readings: path to an array whose elements the
    other paths start from. all_values: path to an object of metric to value, instead of `values`; `strings` and
    `decimal` then say how its numbers come. retained: whether messages that the broker kept for newcomers count.
    """

    id: str
    topic: str
    time: TimeField
    payload: Literal["json", "text"] = "json"
    readings: str | None = None
    values: tuple[ValueField, ...] = ()
    all_values: str | None = None
    strings: bool = False
    decimal: Decimal = "."
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
    _check_paths(mapping)
    _check_time(mapping)
    _check_values(mapping)
    return mapping


def mapping_as_json(mapping: MappingSpecification) -> dict[str, Any]:
    """The mapping as plain dicts and lists, for the column `specification`."""
    plain: dict[str, Any] = msgspec.to_builtins(mapping)
    return plain


def subscription(topic_pattern: str) -> str:
    """MQTT topic filter that receives every topic of a mapping's pattern."""
    filters = {METRIC_AND_REST: "#"} | dict.fromkeys(_PLACEHOLDERS, "+")
    return "/".join(filters.get(part, part) for part in topic_pattern.split("/"))


def has_own_format(topic: str) -> bool:
    """Whether a topic lies in a tree whose format is documented: Sparkplug's, UMH's or ours. No mapping reads those."""
    levels = topic.split("/")
    return levels[0] == "spBv1.0" or levels[:2] in (["bellwether", "v1"], ["umh", "v1"])


def _check_topic(topic: str) -> None:
    parts = topic.split("/")
    if parts.count("{source}") != 1:
        raise MappingError(f"topic {topic!r} must have exactly one part {{source}}")
    for name in ("{device}", "{metric}"):
        if sum(part.replace("#", "") == name for part in parts) > 1:
            raise MappingError(f"topic {topic!r} has {name} more than once")
    for place, part in enumerate(parts):
        wildcard = part == "+" or (part in ("#", METRIC_AND_REST) and place == len(parts) - 1)
        if not (wildcard or part in _PLACEHOLDERS or _PLAIN_PART.fullmatch(part)):
            raise MappingError(
                f"topic {topic!r}: {part!r} must be plain text, + , a last # or {METRIC_AND_REST},"
                f" or one of {sorted(_PLACEHOLDERS)}"
            )
    if parts[0].startswith("$") or has_own_format(topic):
        raise MappingError(f"topic {topic!r} belongs to a format of its own; a mapping cannot take it over")


def _check_paths(mapping: MappingSpecification) -> None:
    own = (mapping.time.path, mapping.readings, mapping.all_values)
    for path in (*own, *(path for value in mapping.values for path in (value.path, value.metric_path))):
        if path is not None and len(path) > _LONGEST_PATH:
            raise MappingError(f"path {path[:40]!r}… has more than {_LONGEST_PATH} characters")


def _check_values(mapping: MappingSpecification) -> None:
    if bool(mapping.values) == (mapping.all_values is not None):
        raise MappingError("give either `values` (a list of paths) or `all_values` (one path)")
    if mapping.all_values is None and (mapping.strings or mapping.decimal == ","):
        raise MappingError("`strings` and `decimal` beside `values` belong to each of them")
    if mapping.decimal == "," and not mapping.strings:
        raise MappingError("`decimal` is for numbers that come as text: add `strings: true`")
    metric_in_topic = not {"{metric}", METRIC_AND_REST}.isdisjoint(mapping.topic.split("/"))
    for value in mapping.values:
        _check_value(value, metric_in_topic=metric_in_topic)
    if mapping.payload == "text" and (mapping.readings, [value.path for value in mapping.values]) != (None, [""]):
        raise MappingError('a payload that is text has one value, at path "", and no readings')


def _check_value(value: ValueField, *, metric_in_topic: bool) -> None:
    where = f"value at {value.path!r}"
    if value.metric is None and value.metric_path is None and not metric_in_topic:
        raise MappingError(f"{where} needs a `metric`, since the topic names none")
    if value.metric is not None and value.metric_path is not None:
        raise MappingError(f"{where} has both `metric` and `metric_path`")
    if (value.unit is None) != (value.to is None):
        raise MappingError(f"{where}: `unit` and `to` go together")
    if value.decimal == "," and not value.strings:
        raise MappingError(f"{where}: `decimal` is for numbers that come as text: add `strings: true`")


def _check_time(mapping: MappingSpecification) -> None:
    if (mapping.time.format == "received") != (mapping.time.path is None):
        raise MappingError("`time` needs a path, except with format `received`, which has none")
    if mapping.time.strings and not mapping.time.format.startswith("epoch_"):
        raise MappingError("`strings` of `time` is for the numbers of an epoch")
    if mapping.time.format == "received" and mapping.retained == "take":
        raise MappingError(
            "retained messages would count anew at every connection: give `time` a path, or `retained: ignore`"
        )
    if mapping.payload == "text" and mapping.time.format != "received":
        raise MappingError("a payload that is text has no time: write `time: {format: received}`")

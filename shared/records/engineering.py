"""What engineering says, as YAML: asset types with their metrics, and mappings. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.errors import RecordError
from shared.mappings import MappingError, mapping_as_json, parse_mapping
from shared.records import fields
from shared.records.fields import FieldError
from shared.records.rows import Field, Parsed, RecordKind, Row, Values, parse_rows
from shared.records.state_decoders import known_keys, state_decoder
from shared.records.vocabulary import METRIC_ROLES, SAMPLINGS
from shared.records.yaml_file import Place, load_yaml
from shared.units import KNOWN_UNITS, UnitError, conversion, known_unit

_COUNTABLE = frozenset({"number", "mass", "volume", "length", "area"})
_PIECES = (
    "production_count",
    "good_count",
    "scrap_count",
    "rework_count",
    "inspected_count",
    "first_pass_count",
)
_DIMENSIONS = {
    "energy": frozenset({"energy", "power"}),
    "state": frozenset({"number"}),
    "version": frozenset({"number"}),
    "fault": frozenset({"number"}),
    "mode": frozenset({"number"}),
} | dict.fromkeys(_PIECES, _COUNTABLE)
"""What a metric of that role may measure; a role that is absent may measure anything."""
_COUNTERS = frozenset({*_PIECES, "energy", "usage"})
_WITHOUT_UNIT = frozenset({"state", "version", "fault", "mode"})


def _unit(written: str) -> str:
    try:
        return known_unit(written).symbol
    except UnitError as exc:
        raise FieldError(exc.problem, exc.remedy) from exc


def _unit_fits_role(values: Values) -> None:
    role, unit = values["role"], values["unit"]
    if unit is None:
        if role not in _WITHOUT_UNIT:
            raise FieldError(f"metric '{values['name']}' has no unit", "write its unit, or 1 where there is none")
        return
    allowed = _DIMENSIONS.get(role)
    dimension = KNOWN_UNITS[unit].dimension
    if allowed is not None and dimension not in allowed:
        problem = f"metric '{values['name']}' of role {role} cannot have unit {unit} ({dimension})"
        raise FieldError(problem, f"write a unit of {' or '.join(sorted(allowed))}, or another role")


def _sampling_is_whole(values: Values) -> None:
    name, interval, hold = values["name"], values["interval_s"], values["max_hold_s"]
    if values["sampling"] == "periodic":
        if interval is None:
            raise FieldError(
                f"periodic metric '{name}' has no interval_s", "write how many seconds lie between samples"
            )
        if hold is not None and hold < interval:
            raise FieldError(
                f"metric '{name}' has max_hold_s {hold:g} below interval_s {interval:g}",
                "a value holds at least one interval",
            )
    elif interval is not None:
        raise FieldError(f"on_change metric '{name}' has an interval_s", "remove it, or write sampling: periodic")
    elif hold is None:
        remedy = "write for how many seconds a value holds unrepeated, for example 7200"
        raise FieldError(f"on_change metric '{name}' has no max_hold_s", remedy)


def _usage_names_capability(values: Values) -> None:
    if (values["role"] == "usage") != (values["capability"] is not None):
        problem = f"metric '{values['name']}' of role {values['role']} has capability {values['capability']}"
        raise FieldError(problem, "role usage goes with the capability whose use it measures, and no other role does")


def _only_counters_count(values: Values) -> None:
    """Without a greatest speed a rollover cannot be told from a reset, which would be production that never was."""
    said = [key for key in ("rollover_at", "max_per_hour") if values[key] is not None]
    if not said:
        return
    unit = values["unit"]
    measured = None if unit is None else KNOWN_UNITS[unit].dimension
    if values["role"] not in _COUNTERS or measured == "power":
        problem = (
            f"metric '{values['name']}' of role {values['role']} with unit {unit} has {said[0]}, but does not count"
        )
        raise FieldError(
            problem, f"remove it, or write a role of {', '.join(sorted(_COUNTERS))} and a unit that adds up"
        )
    if said == ["rollover_at"]:
        remedy = "write the most that it can count in an hour, so that a rollover is no reset"
        raise FieldError(f"metric '{values['name']}' has rollover_at without max_per_hour", remedy)


_positive = fields.number(1e-3, 1e9, "write seconds, more than 0")
_count = fields.number(1e-9, 1e30, "write a number in the metric's unit, more than 0")

ASSET_TYPES = RecordKind(
    file="asset_types.yaml",
    noun="asset_type",
    table="asset_types",
    fields=(
        Field(name="id", required=True, column="external_id"),
        Field(name="name", required=True),
        Field(name="state_decoder", parse=fields.json_object, empty={}),
        Field(name="unit_time_s", parse=_positive),
        Field(name="capacity_per_hour", parse=_count),
    ),
)
METRICS = RecordKind(
    file="asset_types.yaml",
    noun="metric",
    table="metrics",
    key=("asset_type", "name"),
    of_record_source=False,
    fields=(
        Field(name="asset_type", refers_to="asset_type", required=True),
        Field(name="name", required=True),
        Field(name="unit", parse=_unit),
        Field(name="role", parse=fields.one_of("role", METRIC_ROLES), required=True),
        Field(name="sampling", parse=fields.one_of("sampling", SAMPLINGS), required=True),
        Field(name="interval_s", parse=_positive),
        Field(name="max_hold_s", parse=_positive),
        Field(name="capability", parse=fields.word),
        Field(name="rollover_at", parse=_count),
        Field(name="max_per_hour", parse=_count),
    ),
    row_rules=(_unit_fits_role, _sampling_is_whole, _usage_names_capability, _only_counters_count),
)
MAPPINGS = RecordKind(
    file="mappings.yaml",
    noun="mapping",
    table="mappings",
    fields=(
        Field(name="id", required=True, column="external_id"),
        Field(name="topic_pattern"),
        Field(name="specification"),
        Field(name="enabled"),
    ),
)
_TYPE_CELLS = tuple(field.name for field in ASSET_TYPES.fields if field.name != "state_decoder")
_METRIC_KEYS = tuple(field.name for field in METRICS.fields if field.name != "asset_type")


def parse_asset_types(file: str, content: str) -> tuple[Parsed, Parsed]:
    """(asset types, their metrics), each with its errors. max_hold_s is 2 * interval_s where it is not given."""
    types: list[tuple[int | None, Mapping[str, str]]] = []
    metrics: list[tuple[int | None, Mapping[str, str]]] = []
    decoders: dict[str, dict[str, Any]] = {}
    errors: list[RecordError] = []
    for entry in _entries(file, content, "asset_types.yaml", errors):
        try:
            members = entry.members("an asset type")
            known_keys(members, (*_TYPE_CELLS, "state_decoder", "metrics"), errors)
            cells = _cells({key: members[key] for key in _TYPE_CELLS if key in members})
            types.append((entry.line, cells))
            described = _metric_cells(entry, members, cells.get("id", ""), errors)
            metrics.extend(described)
            decoders[cells.get("id", "")] = state_decoder(entry, members, described, errors)
        except RecordError as exc:
            errors.append(exc)
    parsed = parse_rows(ASSET_TYPES, file, types)
    for row in parsed.rows:
        row.values["state_decoder"] = decoders.get(row.values["id"], {})
    right = {row.values["id"] for row in parsed.rows}
    held = parse_rows(METRICS, file, metrics)
    kept = [_with_defaults(row) for row in held.rows if row.values["asset_type"] in right]
    return Parsed(parsed.rows, errors + parsed.errors), Parsed(kept, held.errors)


def _with_defaults(row: Row) -> Row:
    values = dict(row.values)
    values["unit"] = "1" if values["unit"] is None else values["unit"]
    if values["max_hold_s"] is None:
        values["max_hold_s"] = 2 * values["interval_s"]
    return Row(row.line, values)


def parse_mappings(file: str, content: str) -> Parsed:
    """Mappings, checked down to the dimension of each conversion of units."""
    rows: list[Row] = []
    errors: list[RecordError] = []
    seen: dict[str, int] = {}
    for entry in _entries(file, content, "mappings.yaml", errors):
        try:
            row = _mapping(entry)
        except RecordError as exc:
            errors.append(exc)
            continue
        name = row.values["id"]
        if name in seen:
            errors.append(
                entry.error(f"id '{name}' stands in line {seen[name]} already", "give each mapping its own id")
            )
        seen.setdefault(name, entry.line)
        rows.append(row)
    return Parsed(rows, errors)


def undated(mappings: Iterable[Row]) -> Iterator[str]:
    """A note for each mapping that is in use and outside the promise of exactly one row a sample."""
    for row in mappings:
        if row.values["enabled"] and row.values["specification"]["time"]["format"] == "received":
            yield f"mapping '{row.values['id']}' takes the time of receipt: what is delivered twice is stored twice"


def _mapping(entry: Place) -> Row:
    members = entry.members("a mapping")
    enabled = members.get("enabled", Place(entry.file, entry.line, True)).value
    if not isinstance(enabled, bool):
        raise members["enabled"].error(f"enabled is '{enabled}'", "write true or false")
    try:
        mapping = parse_mapping({key: part.plain() for key, part in members.items() if key != "enabled"})
        for value in mapping.values:
            if value.unit is not None and value.to is not None:
                conversion(value.unit, value.to)
    except MappingError as exc:
        raise entry.error(str(exc), "docs/records.md shows every key of a mapping") from exc
    except UnitError as exc:
        raise entry.error(exc.problem, exc.remedy) from exc
    specification = json.loads(json.dumps(mapping_as_json(mapping)))
    return Row(
        entry.line,
        {"id": mapping.id, "topic_pattern": mapping.topic, "specification": specification, "enabled": enabled},
    )


def _entries(file: str, content: str, what: str, errors: list[RecordError]) -> Iterator[Place]:
    try:
        yield from load_yaml(file, content).entries(what)
    except RecordError as exc:
        errors.append(exc)


def _cells(members: Mapping[str, Place]) -> dict[str, str]:
    cells = {}
    for key, part in members.items():
        if isinstance(part.value, dict | list):
            raise part.error(f"{key} is not one value", f"write '{key}: value'")
        cells[key] = "" if part.value is None else str(part.value)
    return cells


def _metric_cells(
    entry: Place, members: Mapping[str, Place], asset_type: str, errors: list[RecordError]
) -> list[tuple[int | None, dict[str, str]]]:
    if "metrics" not in members:
        errors.append(entry.error(f"asset type '{asset_type}' has no metrics", "list at least one under 'metrics:'"))
        return []
    found: list[tuple[int | None, dict[str, str]]] = []
    for metric in members["metrics"].entries("metrics"):
        try:
            described = metric.members("a metric")
            known_keys(described, _METRIC_KEYS, errors)
            found.append((metric.line, _cells(described) | {"asset_type": asset_type}))
        except RecordError as exc:
            errors.append(exc)
    return found

"""A CSV as readings in the order of their time."""

import csv
import gzip
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.replay.mapping import ReplayMapping, epoch_us
from shared.errors import RecordError

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one device said at one moment; None is an explicit "no value"."""

    observed_us: int
    device: str
    plant: str
    values: Mapping[str, Value]


@dataclass(frozen=True)
class Device:
    """A device and the first row that named it, for the records' templates."""

    name: str
    plant: str
    first_row: Mapping[str, str]
    first_us: int
    last_us: int


def read_readings(path: Path, mapping: ReplayMapping) -> list[Reading]:
    """All readings of the file, oldest first, ends of intervals and of the extract included.

    An empty cell sends nothing. Raises RecordError with the line for a cell that is not what the mapping says.
    """
    readings: list[Reading] = []
    ends: list[tuple[str, str, int]] = []
    for line, row, device, plant in _rows(path, mapping):
        observed = _time(path, line, row, mapping.time.column, mapping)
        readings.append(Reading(observed, device, plant, _values(path, line, row, mapping)))
        if mapping.until and row[mapping.until]:
            ends.append((device, plant, _time(path, line, row, mapping.until, mapping)))
    starts = {(r.device, r.observed_us) for r in readings}
    nothing = dict.fromkeys(mapping.values)
    readings += [Reading(at, device, plant, nothing) for device, plant, at in ends if (device, at) not in starts]
    readings.sort(key=lambda r: r.observed_us)
    return readings + _repeated_at_end(readings, mapping)


def devices(path: Path, mapping: ReplayMapping) -> list[Device]:
    """Every device of the file with its plant, its first row and its first and last time."""
    found: dict[str, Device] = {}
    for line, row, name, plant in _rows(path, mapping):
        at = _time(path, line, row, mapping.time.column, mapping)
        known = found.get(name)
        if known is None:
            found[name] = Device(name, plant, row, at, at)
        else:
            found[name] = Device(name, plant, known.first_row, min(known.first_us, at), max(known.last_us, at))
    return list(found.values())


def fill(template: str, row: Mapping[str, str], path: Path, line: int | None, **more: object) -> str:
    """A template with a row's columns; raise RecordError when it names a column that the file lacks."""
    try:
        return template.format(**{**row, **more})
    except (KeyError, ValueError, IndexError) as exc:
        raise RecordError(
            path.name, line, f"the template '{template}' does not fit ({exc})", f"name some of: {', '.join(row)}"
        ) from exc


def _rows(path: Path, mapping: ReplayMapping) -> Iterator[tuple[int, dict[str, str], str, str]]:
    """Line number, row, device and plant of every row."""
    opener = gzip.open if path.suffix == ".gz" else open
    groups: dict[str, int] = {}
    with opener(path, "rb") as raw:
        table = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))
        _require_columns(path, table.fieldnames or [], mapping)
        for line, row in enumerate(table, start=2):
            if None in row or None in row.values():
                raise RecordError(path.name, line, "more or fewer cells than columns", "write one cell a column")
            device = fill(mapping.device, row, path, line)
            group = groups.setdefault(device, len(groups) % (mapping.groups or 1) + 1)
            yield line, row, device, fill(mapping.plant, row, path, line, device=device, group=group)


def _require_columns(path: Path, present: Sequence[str], mapping: ReplayMapping) -> None:
    wanted = {mapping.time.column, *(v.column or name for name, v in mapping.values.items())}
    wanted |= {mapping.until} if mapping.until else set()
    if missing := sorted(wanted - set(present)):
        raise RecordError(
            path.name, 1, f"no column {', '.join(missing)}", f"the file has {', '.join(present)}; correct the mapping"
        )


def _time(path: Path, line: int, row: Mapping[str, str], column: str, mapping: ReplayMapping) -> int:
    try:
        return epoch_us(row[column], mapping.time)
    except (ValueError, OverflowError) as exc:
        raise RecordError(
            path.name, line, f"{column} is '{row[column]}'", f"write a time as {mapping.time.format}"
        ) from exc


def _values(path: Path, line: int, row: Mapping[str, str], mapping: ReplayMapping) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for metric, source in mapping.values.items():
        cell = row[source.column or metric]
        if cell == "":
            continue
        values[metric] = cell if source.text else _number(path, line, source.column or metric, cell)
    return values


def _number(path: Path, line: int, column: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RecordError(path.name, line, f"{column} is '{cell}'", "write a number, or `text: true` in the mapping")
    return number


def _repeated_at_end(readings: list[Reading], mapping: ReplayMapping) -> list[Reading]:
    if mapping.ends_at is None:
        return []
    end_us = round(mapping.ends_at.timestamp() * 1e6)
    last = {reading.device: reading for reading in readings}
    return [Reading(end_us, r.device, r.plant, r.values) for r in last.values() if r.observed_us < end_us]

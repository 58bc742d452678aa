"""What the columns of a CSV mean, as a YAML mapping says it.

Templates name columns in braces, with Python's format specifications: `"{unit_id:.3}"` is the first three characters.
`{group}` is 1..groups, dealt out to devices in the order of their first row.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml

from shared.errors import RecordError


class TimeColumn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where the time stands: RFC 3339 (no zone means UTC), or a count of `unit` since `origin`."""

    column: str
    format: str = "rfc3339"
    unit: str = "s"
    origin: datetime | None = None


class ValueColumn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One metric: the column it comes from (its own name unless said otherwise), numbers unless `text`."""

    column: str | None = None
    text: bool = False


class Fleet(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The records that the file implies; templates see the columns of a device's first row and `{device}`."""

    customer_id: str
    customer_name: str
    site_id: str
    site_name: str
    timezone: str = "UTC"
    asset_name: str = "{device}"
    asset_type: dict[str, Any]


class ReplayMapping(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A whole mapping.

    until: column with the end of what a row says; where no row of the same device follows at that moment, "no value"
    is sent then. ends_at: the end of the extract; every device repeats there what still holds, as a gateway would.
    failure_at_last_row: each device's last row is its failure, written as an event record.
    """

    id: str
    description: str
    device: str
    plant: str
    time: TimeColumn
    values: dict[str, ValueColumn]
    fleet: Fleet
    groups: int | None = None
    until: str | None = None
    ends_at: datetime | None = None
    failure_at_last_row: bool = False


_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def load_mapping(path: Path) -> ReplayMapping:
    """Read and check a mapping; raise RecordError with what to write instead."""
    try:
        mapping = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), ReplayMapping, strict=False)
    except yaml.YAMLError as exc:
        line = getattr(getattr(exc, "problem_mark", None), "line", None)
        raise RecordError(path.name, None if line is None else line + 1, "not YAML", str(exc)) from exc
    except msgspec.ValidationError as exc:
        raise RecordError(
            path.name, None, str(exc), "see deploy/replay/mappings/cmapss.yaml for a whole mapping"
        ) from exc
    if mapping.time.format not in ("rfc3339", "count"):
        raise RecordError(path.name, None, f"time.format '{mapping.time.format}' is unknown", "write rfc3339 or count")
    if mapping.time.format == "count" and (mapping.time.origin is None or mapping.time.unit not in _SECONDS):
        raise RecordError(
            path.name,
            None,
            "time.format 'count' needs an origin and a unit",
            f"write origin: and unit: one of {', '.join(_SECONDS)}",
        )
    return mapping


def epoch_us(text: str, time: TimeColumn) -> int:
    """Unix microseconds of one cell; raise ValueError when it is no such time."""
    if time.format == "count" and time.origin is not None:
        origin = time.origin if time.origin.tzinfo else time.origin.replace(tzinfo=UTC)
        return round(origin.timestamp() * 1e6) + round(float(text) * _SECONDS[time.unit] * 1e6)
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1e6)

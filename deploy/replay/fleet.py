"""The records that a file implies: customers, sites, assets, what the metrics mean, and who speaks for whom."""

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from deploy.replay.mapping import ReplayMapping, load_mapping
from deploy.replay.readings import Device, devices, fill


def write_records(file: Path, mapping_file: Path, directory: Path) -> None:
    """Write an import directory for the file's fleet; existing files of these names are replaced.

    Raises RecordError where the mapping's templates do not fit the file.
    """
    mapping = load_mapping(mapping_file)
    found = devices(file, mapping)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "asset_types.yaml").write_text(yaml.safe_dump([mapping.fleet.asset_type], sort_keys=False))
    placed = [_Placed(device, file, mapping) for device in found]
    _write(directory / "customers.csv", ("id", "name"), {(p.customer, p.customer_name) for p in placed})
    _write(
        directory / "sites.csv",
        ("id", "customer", "name", "timezone"),
        {(p.site, p.customer, p.site_name, mapping.fleet.timezone) for p in placed},
    )
    _write(directory / "sources.csv", ("topic_prefix", "site"), {(p.prefix, p.site) for p in placed})
    asset_type = str(mapping.fleet.asset_type["id"])
    _write(
        directory / "assets.csv",
        ("id", "asset_type", "name", "commissioned_on", "site"),
        [(p.device.name, asset_type, p.name, p.commissioned_on, p.site) for p in placed],
    )
    _write(
        directory / "bindings.csv",
        ("topic_prefix", "device", "asset"),
        [(p.prefix, p.device.name, p.device.name) for p in placed],
    )
    if mapping.failure_at_last_row:
        _write(directory / "events.csv", _EVENT_COLUMNS, [_failure(p.device) for p in placed])


_EVENT_COLUMNS = ("id", "scope_type", "scope", "at", "kind", "attributes")


class _Placed:
    """A device with the names that the templates give its place."""

    def __init__(self, device: Device, file: Path, mapping: ReplayMapping) -> None:
        def filled(template: str) -> str:
            return fill(template, device.first_row, file, None, device=device.name, plant=device.plant)

        fleet = mapping.fleet
        self.device = device
        self.prefix = f"bellwether/v1/{device.plant}"
        self.customer, self.customer_name = filled(fleet.customer_id), filled(fleet.customer_name)
        self.site, self.site_name = filled(fleet.site_id), filled(fleet.site_name)
        self.name = filled(fleet.asset_name)
        self.commissioned_on = datetime.fromtimestamp(device.first_us / 1e6, UTC).date().isoformat()


def _failure(device: Device) -> tuple[str, ...]:
    at = datetime.fromtimestamp(device.last_us / 1e6, UTC).isoformat()
    return (f"failure-{device.name}", "asset", device.name, at, "failure", json.dumps({"cause": "supplier"}))


def _write(path: Path, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(sorted(rows))

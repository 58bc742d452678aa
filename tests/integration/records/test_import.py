"""Importing into the real database."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.errors import RecordError, SetupError
from shared.records import ImportReport, import_directory, report_lines

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "example-records"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A copy of the example that a test may change."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "records"))


def edit(file: Path, old: str, new: str) -> None:
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new, 1))


def counts(report: ImportReport) -> dict[str, tuple[int, int, int]]:
    return {file.file: (len(file.added), len(file.changed), file.unchanged) for file in report.files}


def rows(conn: psycopg.Connection, query: Any) -> list[tuple[Any, ...]]:
    return conn.execute(query).fetchall()


def snapshot(conn: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = rows(
        conn,
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'samples%'"
        " AND tablename NOT LIKE 'rollups%' AND tablename <> 'alembic_version'",
    )
    return {table: sorted(rows(conn, f"SELECT t::text FROM {table} t")) for (table,) in tables}


def test_the_example_is_imported_whole(conn: psycopg.Connection) -> None:
    report = import_directory(conn, EXAMPLE)
    assert report_lines(report) == [
        "customers.csv: 1 added, 0 changed, 0 unchanged",
        "sites.csv: 2 added, 0 changed, 0 unchanged",
        "contracts.csv: 2 added, 0 changed, 0 unchanged",
        "lines.csv: 2 added, 0 changed, 0 unchanged",
        "shifts.csv: 3 added, 0 changed, 0 unchanged",
        "planned_stops.csv: 2 added, 0 changed, 0 unchanged",
        "economics.csv: 2 added, 0 changed, 0 unchanged",
        "asset_types.yaml: 14 added, 0 changed, 0 unchanged",
        "assets.csv: 3 added, 0 changed, 0 unchanged",
        "placements.csv: 1 added, 0 changed, 0 unchanged",
        "owners.csv: 2 added, 0 changed, 0 unchanged",
        "objectives.csv: 1 added, 0 changed, 0 unchanged",
        "entitlements.csv: 1 added, 0 changed, 0 unchanged",
        "mappings.yaml: 1 added, 0 changed, 0 unchanged",
        "sources.csv: 2 added, 0 changed, 0 unchanged",
        "bindings.csv: 4 added, 0 changed, 0 unchanged",
        "events.csv: 3 added, 0 changed, 0 unchanged",
    ]
    places = "SELECT external_id, valid_from::text, site_id IS NOT NULL FROM assets JOIN placements USING (asset_id)"
    assert rows(conn, f"{places} ORDER BY 1, 2") == [
        ("A-1", "2023-06-15", True),
        ("A-2", "2023-06-15", True),
        ("A-3", "2023-06-20", True),
        ("A-3", "2024-09-01", True),
    ]
    assert rows(conn, "SELECT max_hold_s FROM metrics WHERE name = 'vibration'") == [(20.0,)]


def test_importing_twice_changes_nothing(conn: psycopg.Connection) -> None:
    import_directory(conn, EXAMPLE)
    before = snapshot(conn)
    report = import_directory(conn, EXAMPLE)
    assert all(added == changed == 0 and unchanged for added, changed, unchanged in counts(report).values())
    assert snapshot(conn) == before


def test_an_import_is_committed_for_other_connections(conn: psycopg.Connection, database_url: str) -> None:
    import_directory(conn, EXAMPLE)
    with psycopg.connect(database_url) as other:
        assert rows(other, "SELECT external_id FROM customers") == [("C-100",)]

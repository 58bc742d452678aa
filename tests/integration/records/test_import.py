"""Importing into the real database."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.database import connect
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
        "events.csv: 8 added, 0 changed, 0 unchanged",
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


def test_two_imports_at_once_store_everything_once(conn: psycopg.Connection, database_url: str) -> None:
    def import_once(_: int) -> ImportReport:
        with connect(database_url, application="test") as own:
            return import_directory(own, EXAMPLE)

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(import_once, range(4)))
    assert sorted(counts(report)["customers.csv"] for report in reports) == [(0, 0, 1)] * 3 + [(1, 0, 0)]
    assert rows(conn, "SELECT count(*) FROM events") == [(8,)]


def test_an_import_is_committed_for_other_connections(conn: psycopg.Connection, database_url: str) -> None:
    import_directory(conn, EXAMPLE)
    with psycopg.connect(database_url) as other:
        assert rows(other, "SELECT external_id FROM customers") == [("C-100",)]


def test_a_dry_run_tells_each_difference_and_writes_nothing(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    before = snapshot(conn)
    edit(records / "contracts.csv", "265000,EUR", "280000,EUR")
    edit(records / "assets.csv", "A-2,pump,Milk pump 1,CP-7781,2023-06-15,S-110,L-111", "A-2,pump,Milk pump,,,S-110,")
    with (records / "customers.csv").open("a") as file:
        file.write("C-200,Southern Bakeries,,\n")
    lines = report_lines(import_directory(conn, records, dry_run=True))
    assert "  + customer 'C-200'" in lines
    assert "  ~ contract 'K-2023-07' from 2025-01-01: annual_value: 265000.00 → 280000.00" in lines
    assert (
        "  ~ asset 'A-2': name: Milk pump 1 → Milk pump, serial: CP-7781 → (empty),"
        " commissioned_on: 2023-06-15 → (empty), line: L-111 → (empty)"
    ) in lines
    assert lines[-1] == "Dry run: nothing was written."
    assert snapshot(conn) == before


def test_a_mapping_without_the_devices_time_is_noted(conn: psycopg.Connection, tmp_path: Path) -> None:
    mapping = "- {{id: {0}, topic: 'plc/{{source}}/{{metric}}', time: {1}, values: [{{path: v}}], enabled: {2}}}\n"
    dated, undated = "{path: t, format: epoch_s}", "{format: received}"
    content = [mapping.format("a", dated, "true"), mapping.format("b", undated, "true")]
    (tmp_path / "mappings.yaml").write_text("".join([*content, mapping.format("c", undated, "false")]))
    assert report_lines(import_directory(conn, tmp_path)) == [
        "mappings.yaml: 3 added, 0 changed, 0 unchanged",
        "  mapping 'b' takes the time of receipt: what is delivered twice is stored twice",
    ]


def test_true_is_another_attribute_than_one(conn: psycopg.Connection, records: Path) -> None:
    edit(records / "events.csv", '""score"": 8', '""score"": 1')
    import_directory(conn, records)
    edit(records / "events.csv", '""score"": 1', '""score"": true')
    assert counts(import_directory(conn, records))["events.csv"] == (0, 1, 7)


def test_amending_a_contract_is_another_row_with_a_later_day(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    with (records / "contracts.csv").open("a") as file:
        file.write("K-2023-07,C-100,2026-01-01,,2023-07-01,2030-06-30,300000,EUR,,,,,,,,,,\n")
    report = import_directory(conn, records)
    assert counts(report)["contracts.csv"] == (1, 0, 2)
    values = "SELECT valid_from::text, annual_value::int FROM contracts ORDER BY valid_from"
    assert rows(conn, values) == [("0001-01-01", 240000), ("2025-01-01", 265000), ("2026-01-01", 300000)]


def test_rows_that_files_no_longer_name_stay(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    (records / "events.csv").write_text("id,scope_type,scope,at,kind,attributes\n")
    (records / "economics.csv").unlink()
    assert import_directory(conn, records).ok
    assert rows(conn, "SELECT count(*) FROM events UNION ALL SELECT count(*) FROM economics") == [(8,), (2,)]


def test_one_wrong_line_refuses_its_file_and_what_needs_it_but_no_other(
    conn: psycopg.Connection, records: Path
) -> None:
    edit(records / "lines.csv", "L-121,S-120", "L-121,S-12")
    report = import_directory(conn, records)
    assert [str(error) for error in report.errors] == [
        "lines.csv:3: unknown site 'S-12'; did you mean 'S-120'?",
        "planned_stops.csv:3: unknown line 'L-121'; lines.csv is refused: correct that first",
        "assets.csv:2: unknown line 'L-111'; lines.csv is refused: correct that first",
        "assets.csv:3: unknown line 'L-111'; lines.csv is refused: correct that first",
        "placements.csv:2: unknown asset 'A-3'; assets.csv is refused: correct that first",
        "placements.csv:2: unknown line 'L-121'; lines.csv is refused: correct that first",
        "entitlements.csv:2: unknown asset 'A-1'; assets.csv is refused: correct that first",
        "bindings.csv:2: unknown asset 'A-1'; assets.csv is refused: correct that first",
        "bindings.csv:3: unknown asset 'A-2'; assets.csv is refused: correct that first",
        "bindings.csv:4: unknown asset 'A-3'; assets.csv is refused: correct that first",
        "bindings.csv:5: unknown asset 'A-3'; assets.csv is refused: correct that first",
        "events.csv:2: unknown asset 'A-1'; assets.csv is refused: correct that first",
        "events.csv:3: unknown asset 'A-1'; assets.csv is refused: correct that first",
        "events.csv:9: unknown asset 'A-1'; assets.csv is refused: correct that first",
    ]
    assert report_lines(report)[-1] == "7 files were refused as a whole; correct the lines above and import again."
    assert rows(conn, "SELECT count(*) FROM lines UNION ALL SELECT count(*) FROM events") == [(0,), (0,)]
    assert rows(conn, "SELECT count(*) FROM contracts UNION ALL SELECT count(*) FROM sources") == [(2,), (2,)]


def test_after_the_correction_the_rest_is_added(conn: psycopg.Connection, records: Path) -> None:
    edit(records / "lines.csv", "L-121,S-120", "L-121,S-12")
    import_directory(conn, records)
    edit(records / "lines.csv", "L-121,S-12", "L-121,S-120")
    found = counts(import_directory(conn, records))
    assert found["customers.csv"] == (0, 0, 1)
    assert found["lines.csv"] == (2, 0, 0)
    assert found["events.csv"] == (8, 0, 0)


def test_the_same_ids_of_another_record_source_are_other_records(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    for telemetry in ("sources.csv", "bindings.csv"):
        (records / telemetry).unlink()
    report = import_directory(conn, records, record_source="crm")
    assert report.ok
    assert counts(report)["customers.csv"] == (1, 0, 0)
    keys = "SELECT record_source, external_id FROM customers ORDER BY 1"
    assert rows(conn, keys) == [("crm", "C-100"), ("files", "C-100")]


def test_a_database_with_demo_data_refuses_real_customers(conn: psycopg.Connection) -> None:
    import_directory(conn, EXAMPLE, purpose="demo")
    with pytest.raises(SetupError, match="holds demo data, and real customers never mix with that: name another"):
        import_directory(conn, EXAMPLE)


def test_a_database_with_real_customers_refuses_demo_data_even_in_a_dry_run(conn: psycopg.Connection) -> None:
    import_directory(conn, EXAMPLE)
    with pytest.raises(SetupError, match="holds real customers, and demo data never mix with that"):
        import_directory(conn, EXAMPLE, purpose="demo", dry_run=True)


def test_an_import_that_stored_nothing_does_not_fix_the_purpose(conn: psycopg.Connection, tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("id\n")
    assert not import_directory(conn, tmp_path).ok
    assert import_directory(conn, EXAMPLE, purpose="demo").ok


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("asset.csv", b"id\n", "asset.csv: this is no file of records; did you mean 'assets.csv'?"),
        ("mappings.yml", b"[]", "mappings.yml: this is no file of records; did you mean 'mappings.yaml'?"),
        ("budget.csv", b"id\n", "budget.csv: this is no file of records; docs/records.md lists the files"),
        ("customers.csv", b"id,name\n1,\xe4\n", "customers.csv:2: this is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_the_others_are_not(
    conn: psycopg.Connection, tmp_path: Path, name: str, content: bytes, error: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "asset_types.yaml").write_text(
        "- id: fan\n  name: Fan\n  metrics:\n    - {name: speed, unit: rpm, role: usage, sampling: periodic,"
        " interval_s: 60, capability: boost}\n"
    )
    report = import_directory(conn, tmp_path)
    assert [str(found) for found in report.errors] == [error]
    assert rows(conn, "SELECT external_id FROM asset_types") == [("fan",)]


def test_a_directory_that_is_not_there_or_empty_is_an_error(conn: psycopg.Connection, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no such directory; name the directory"):
        import_directory(conn, tmp_path / "absent")
    with pytest.raises(RecordError, match="there are no records in it; write customers"):
        import_directory(conn, tmp_path)

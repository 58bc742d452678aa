"""The demo's records are records like any others."""

from datetime import UTC, datetime
from pathlib import Path

import psycopg

from deploy.local.plants.fleet import customers
from deploy.local.plants.records import record_files, write_records
from shared.records import import_directory, report_lines

STARTED_AT = datetime(2026, 3, 30, 9, 20, tzinfo=UTC)


def test_the_demos_records_import_without_an_error_and_a_second_time_change_nothing(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    write_records(tmp_path, STARTED_AT)
    report = import_directory(conn, tmp_path, purpose="demo")
    assert report_lines(report) is not None
    assert [str(error) for error in report.errors] == []
    assert all(file.added for file in report.files)
    again = import_directory(conn, tmp_path, purpose="demo")
    assert not any(file.added or file.changed for file in again.files)


def test_every_machine_is_an_asset_bound_to_its_device(conn: psycopg.Connection, tmp_path: Path) -> None:
    write_records(tmp_path, STARTED_AT)
    import_directory(conn, tmp_path, purpose="demo")
    bound = conn.execute(
        "SELECT s.topic_prefix, d.name, a.external_id FROM bindings b JOIN devices d USING (device_id)"
        " JOIN sources s USING (source_id) JOIN assets a USING (asset_id)"
    ).fetchall()
    plants = [plant for customer in customers(STARTED_AT) for plant in customer.plants]
    assert set(bound) == {
        (plant.topic_prefix, machine.device, machine.id) for plant in plants for machine in plant.machines
    }


def test_one_customer_has_no_money_figure_at_all(conn: psycopg.Connection, tmp_path: Path) -> None:
    write_records(tmp_path, STARTED_AT)
    import_directory(conn, tmp_path, purpose="demo")
    without = conn.execute(
        "SELECT external_id FROM customers c WHERE NOT EXISTS"
        " (SELECT FROM contracts k WHERE k.customer_id = c.customer_id AND k.annual_value IS NOT NULL)"
        " AND NOT EXISTS (SELECT FROM economics e JOIN sites s USING (site_id) WHERE s.customer_id = c.customer_id)"
        " AND NOT EXISTS (SELECT FROM entitlements t WHERE t.customer_id = c.customer_id AND annual_fee IS NOT NULL)"
    ).fetchall()
    assert without == [("quillon",)]


def test_records_are_the_same_for_the_same_start() -> None:
    assert record_files(STARTED_AT) == record_files(STARTED_AT.replace(minute=50))

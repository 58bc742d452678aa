"""History stays with the customer who lived it, and is assessed again when its meaning changes."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.records import Unassigned, import_directory, list_unassigned

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "example-records"
FILLING = "spBv1.0/northern/filling"
T0 = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "records"))


def edit(file: Path, old: str, new: str) -> None:
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new, 1))


def append(file: Path, row: str) -> None:
    with file.open("a") as opened:
        opened.write(row + "\n")


def hear(conn: psycopg.Connection, prefix: str, device: str, metric: str, hours: Iterator[int] | range) -> int:
    """Store samples as ingest would; return the series."""
    conn.execute(
        "INSERT INTO sources (topic_prefix, protocol, first_seen_at, received_at) VALUES (%s, 'json', %s, %s)"
        " ON CONFLICT (topic_prefix) DO UPDATE SET received_at = excluded.received_at",
        [prefix, T0, T0],
    )
    conn.execute(
        "INSERT INTO devices (source_id, name) SELECT source_id, %s FROM sources WHERE topic_prefix = %s"
        " ON CONFLICT DO NOTHING",
        [device, prefix],
    )
    row = conn.execute(
        "INSERT INTO series (device_id, metric) SELECT device_id, %s FROM devices JOIN sources USING (source_id)"
        " WHERE topic_prefix = %s AND name = %s RETURNING series_id",
        [metric, prefix, device],
    ).fetchone()
    assert row is not None
    for hour in hours:
        conn.execute(
            "INSERT INTO samples (series_id, observed_at, received_at, value, quality, historical)"
            " VALUES (%s, %s, %s, 1.0, 192, false)",
            [row[0], T0 + timedelta(hours=hour), T0],
        )
    conn.commit()
    return int(row[0])


def reopened(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    """(series, first hour, last hour) of the changed ranges since the last call."""
    found = conn.execute("DELETE FROM changed_ranges RETURNING series_id, range_from, range_through").fetchall()
    conn.commit()
    hour = timedelta(hours=1)
    return sorted((series, (first - T0) // hour, (last - T0) // hour) for series, first, last in found)


def errors(conn: psycopg.Connection, records: Path) -> list[str]:
    return [str(error) for error in import_directory(conn, records).errors]


def test_a_source_that_was_heard_first_is_listed_until_records_explain_it(
    conn: psycopg.Connection, records: Path
) -> None:
    hear(conn, FILLING, "filler1", "speed", range(3))
    hear(conn, FILLING, "filler9", "speed", range(3))
    assert list_unassigned(conn) == [
        Unassigned(topic_prefix=FILLING, device=None, protocol="json", first_seen_at=T0, received_at=T0, series=2)
    ]
    assert list_unassigned(conn)[0].remedy == f"add '{FILLING}' to sources.csv"
    import_directory(conn, records)
    assert [(left.device, left.remedy) for left in list_unassigned(conn)] == [
        ("filler9", f"add device 'filler9' of '{FILLING}' to bindings.csv")
    ]


def test_assigning_later_opens_the_whole_history_again(conn: psycopg.Connection, records: Path) -> None:
    speed = hear(conn, FILLING, "filler1", "speed", range(10))
    hear(conn, FILLING, "nobody", "speed", range(10))
    import_directory(conn, records)
    assert reopened(conn) == [(speed, 0, 9)]
    import_directory(conn, records)
    assert reopened(conn) == []


def test_history_that_is_only_left_as_rollups_or_text_is_opened_too(conn: psycopg.Connection, records: Path) -> None:
    speed = hear(conn, FILLING, "filler1", "speed", range(5, 6))
    state = hear(conn, FILLING, "filler1", "state", range(0))
    conn.execute(
        "INSERT INTO rollups_1h (series_id, bucket, sample_count, covered_s) VALUES (%s, %s, 1, 3600)", [speed, T0]
    )
    conn.execute(
        "INSERT INTO samples_text (series_id, observed_at, received_at, text_value, quality, historical)"
        " VALUES (%s, %s, %s, 'RUN', 192, false)",
        [state, T0 + timedelta(hours=2), T0],
    )
    import_directory(conn, records)
    assert reopened(conn) == [(speed, 0, 5), (state, 2, 2)]


def test_another_hold_opens_the_series_of_that_metric_and_no_other(conn: psycopg.Connection, records: Path) -> None:
    speed = hear(conn, FILLING, "filler1", "speed", range(10))
    hear(conn, FILLING, "filler1", "bottles", range(10))
    import_directory(conn, records)
    reopened(conn)
    edit(
        records / "asset_types.yaml",
        "{name: speed, unit: 1/min, role: operating_point, sampling: periodic, interval_s: 60}",
        "{name: speed, unit: 1/min, role: operating_point, sampling: on_change, max_hold_s: 900}",
    )
    import_directory(conn, records)
    assert reopened(conn) == [(speed, 0, 9)]


def test_another_decoder_opens_the_state_series(conn: psycopg.Connection, records: Path) -> None:
    mode = hear(conn, FILLING, "pump1", "mode", range(4))
    hear(conn, FILLING, "pump1", "flow", range(4))
    import_directory(conn, records)
    reopened(conn)
    edit(records / "asset_types.yaml", "STANDBY: idle", "STANDBY: off")
    import_directory(conn, records)
    assert reopened(conn) == [(mode, 0, 3)]


@pytest.mark.parametrize(
    ("file", "row", "hour"),
    [
        ("contracts.csv", "K-9,C-100,,,2024-01-01,,1000,EUR,,,,,,,,,,", 2),
        ("contracts.csv", "K-9,C-100,2024-02-01,,2024-01-01,,1000,EUR,,,,,,,,,,", 8),
        ("shifts.csv", "SH-9,S-110,,sun,08:00,12:00", 2),
        ("planned_stops.csv", "PS-9,S-110,,2024-01-01T04:00:00Z,2024-02-02T00:00:00Z,", 4),
        ("economics.csv", "E-9,S-110,butter,,,10,EUR,assumed,", 2),
        ("entitlements.csv", "EN-9,C-100,,remote_support,2024-01-01,,,", 2),
        ("objectives.csv", "OB-9,C-100,availability,0.99,,", 2),
        ("sites.csv", "S-130,C-100,New plant,Europe/Oslo", 2),
        ("lines.csv", "L-112,S-110,Filling 2,fresh milk", 2),
        ("events.csv", "EV-9,customer,C-100,2024-01-01T06:00:00Z,touchpoint,", 6),
        ("events.csv", "EV-9,site,S-110,2024-01-01T06:00:00Z,order,", 6),
        ("events.csv", "EV-9,line,L-111,2024-01-01T06:00:00Z,stop,", 6),
        ("events.csv", "EV-9,asset,A-2,2024-01-01T06:00:00Z,failure,", 6),
        ("events.csv", "EV-9,asset,A-2,2030-01-01T06:00:00Z,failure,", 8),
        ("placements.csv", "A-1,2024-02-01,S-120,", 8),
    ],
)
def test_what_changes_the_assessment_of_a_customer_starts_it_again_from_when_it_has_effect(
    conn: psycopg.Connection, records: Path, file: str, row: str, hour: int
) -> None:
    hear(conn, FILLING, "filler1", "bottles", range(5, 9))
    first = hear(conn, FILLING, "filler1", "speed", range(2, 9))
    import_directory(conn, records)
    reopened(conn)
    append(records / file, row)
    assert errors(conn, records) == []
    assert reopened(conn) == [(first, hour, hour)]


def test_an_event_that_moves_counts_from_the_earlier_of_its_two_days(conn: psycopg.Connection, records: Path) -> None:
    first = hear(conn, FILLING, "filler1", "speed", range(2, 9))
    append(records / "events.csv", "EV-9,customer,C-100,2024-01-01T06:00:00Z,touchpoint,")
    import_directory(conn, records)
    reopened(conn)
    edit(records / "events.csv", "2024-01-01T06:00:00Z", "2024-01-01T07:00:00Z")
    import_directory(conn, records)
    assert reopened(conn) == [(first, 6, 6)]


def test_an_asset_of_another_type_is_assessed_again_with_all_it_said(conn: psycopg.Connection, records: Path) -> None:
    speed = hear(conn, FILLING, "filler1", "speed", range(5))
    hear(conn, FILLING, "pump1", "flow", range(5))
    import_directory(conn, records)
    reopened(conn)
    edit(records / "assets.csv", "A-1,filler", "A-1,pump")
    assert errors(conn, records) == []
    assert reopened(conn) == [(speed, 0, 4)]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("owners.csv", "service@example.com", "desk@example.com"),
        ("customers.csv", "Northern Dairies", "Northern Dairies Ltd"),
    ],
)
def test_what_no_assessment_depends_on_opens_nothing(
    conn: psycopg.Connection, records: Path, file: str, old: str, new: str
) -> None:
    hear(conn, FILLING, "filler1", "speed", range(5))
    import_directory(conn, records)
    reopened(conn)
    edit(records / file, old, new)
    assert counts_changed(conn, records) == 1
    assert reopened(conn) == []


def counts_changed(conn: psycopg.Connection, records: Path) -> int:
    return sum(len(file.changed) for file in import_directory(conn, records).files)


def test_a_dry_run_and_a_refused_file_open_nothing(conn: psycopg.Connection, records: Path) -> None:
    hear(conn, FILLING, "filler1", "speed", range(5))
    import_directory(conn, records, dry_run=True)
    assert reopened(conn) == []
    import_directory(conn, records)
    reopened(conn)
    append(records / "contracts.csv", "K-9,C-100,,,2024-01-01,,1000,EUR,,,,,,,,,,")
    append(records / "contracts.csv", "K-10,C-100,,,2024-01-01,,1000,,,,,,,,,,,")
    assert errors(conn, records) == [
        "contracts.csv:5: annual_value without currency; write the currency that belongs to it"
    ]
    assert reopened(conn) == []


def two_customers(records: Path) -> None:
    append(records / "customers.csv", "C-200,Southern Bakeries,,")
    append(records / "sites.csv", "S-210,C-200,Bakery,Europe/Rome")


def test_a_source_that_has_spoken_cannot_become_another_customers(conn: psycopg.Connection, records: Path) -> None:
    two_customers(records)
    import_directory(conn, records)
    hear(conn, FILLING, "filler1", "speed", range(2))
    edit(records / "sources.csv", f"{FILLING},S-110", f"{FILLING},S-210")
    assert errors(conn, records)[0] == (
        f"sources.csv:2: source '{FILLING}' has sent data as customer 'C-100';"
        " give the plant a new topic prefix and assign that one to the new site; the old data stay"
    )


def test_a_source_may_move_between_sites_of_one_customer_and_is_assessed_again(
    conn: psycopg.Connection, records: Path
) -> None:
    import_directory(conn, records)
    speed = hear(conn, FILLING, "filler1", "speed", range(2))
    edit(records / "sources.csv", f"{FILLING},S-110", f"{FILLING},S-120")
    assert errors(conn, records) == []
    assert reopened(conn) == [(speed, 0, 1)]


def test_nor_can_a_site_a_line_or_an_assets_beginning(conn: psycopg.Connection, records: Path) -> None:
    two_customers(records)
    import_directory(conn, records)
    edit(records / "sites.csv", "S-110,C-100", "S-110,C-200")
    edit(records / "lines.csv", "L-111,S-110", "L-111,S-120")
    edit(records / "assets.csv", "A-2,pump,Milk pump 1,CP-7781,2023-06-15,S-110,L-111", "A-2,pump,Pump,,,S-210,")
    assert errors(conn, records)[:3] == [
        "sites.csv:2: site 'S-110' belongs to customer 'C-100';"
        " its history stays there: add a new site, and move the assets to it by placements.csv",
        "lines.csv:2: line 'L-111' belongs to site 'S-110';"
        " its history stays there: add a new line, and move the assets to it by placements.csv",
        "assets.csv:3: asset 'A-2' began at customer 'C-100';"
        " write the day of the move and the new site into placements.csv",
    ]


@pytest.mark.parametrize(
    ("file", "row", "error"),
    [
        (
            "placements.csv",
            "A-1,2024-01-01,S-120,L-111",
            "placements.csv:3: line 'L-111' belongs to site 'S-110', not to 'S-120'; correct the site or the line",
        ),
        (
            "placements.csv",
            "A-1,2023-06-15,S-120,",
            "placements.csv:3: asset 'A-1' stands where assets.csv says from 2023-06-15 on;"
            " write a later valid_from, or correct the place in assets.csv",
        ),
        (
            "bindings.csv",
            "dairies/cheese,other,A-1,",
            None,
        ),
        (
            "bindings.csv",
            "bakery,oven,A-1,",
            "bindings.csv:6: asset 'A-1' is at customer 'C-100' then, and source 'bakery' belongs to 'C-200';"
            " correct the asset, the source or valid_from",
        ),
        (
            "bindings.csv",
            "stranger,oven,A-1,",
            "bindings.csv:6: source 'stranger' is assigned to no site; add it to sources.csv",
        ),
        (
            "sources.csv",
            "dairies/cheese/cutter,S-120,",
            "sources.csv:4: topic_prefix 'dairies/cheese/cutter' lies within 'dairies/cheese' of line 3;"
            " a topic belongs to one source: remove one or make them distinct",
        ),
        ("sources.csv", "dairies/milk,S-120,northern-cheese", None),
        (
            "sources.csv",
            "mill,S-210,northern-cheese",
            "sources.csv:4: credential 'northern-cheese' is used in line 3 for customer 'C-100';"
            " give each customer a user name or certificate of its own",
        ),
    ],
)
def test_places_and_channels_must_fit_together(
    conn: psycopg.Connection, records: Path, file: str, row: str, error: str | None
) -> None:
    two_customers(records)
    append(records / "sources.csv", "bakery,S-210,")
    hear(conn, "stranger", "oven", "t", range(1))
    import_directory(conn, records)
    edit(records / "sources.csv", "bakery,S-210,\n", "")
    append(records / file, row)
    assert errors(conn, records) == ([] if error is None else [error])


def test_a_source_within_one_that_was_assigned_before_is_refused(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    (records / "sources.csv").write_text("topic_prefix,site\ndairies,S-120\n")
    assert errors(conn, records) == [
        "sources.csv:2: topic_prefix 'dairies' overlaps with 'dairies/cheese', which is assigned already;"
        " a topic belongs to one source: make them distinct"
    ]


def test_a_credential_that_another_customer_uses_already_is_refused(conn: psycopg.Connection, records: Path) -> None:
    two_customers(records)
    import_directory(conn, records)
    (records / "sources.csv").write_text("topic_prefix,site,credential\nmill,S-210,northern-cheese\n")
    assert errors(conn, records) == [
        "sources.csv:2: credential 'northern-cheese' is used by 'dairies/cheese' for customer 'C-100';"
        " give each customer a user name or certificate of its own"
    ]


def test_another_credential_changes_nothing_that_was_assessed(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    hear(conn, FILLING, "filler1", "speed", range(2))
    edit(records / "sources.csv", "northern-filling", "northern-2027")
    assert errors(conn, records) == []
    assert reopened(conn) == []


def test_an_asset_is_not_commissioned_after_it_moved(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    edit(records / "assets.csv", "CP-7782,2023-06-20", "CP-7782,2024-10-01")
    assert errors(conn, records)[0] == (
        "assets.csv:4: asset 'A-3' moves on 2024-09-01, before commissioned_on 2024-10-01; correct commissioned_on"
    )


def test_the_first_placement_moves_with_the_day_of_commissioning(conn: psycopg.Connection, records: Path) -> None:
    import_directory(conn, records)
    edit(records / "assets.csv", "CP-7781,2023-06-15", "CP-7781,2023-05-01")
    assert errors(conn, records) == []
    places = conn.execute(
        "SELECT valid_from::text FROM placements JOIN assets USING (asset_id) WHERE external_id = 'A-2'"
    ).fetchall()
    assert places == [("2023-05-01",)]

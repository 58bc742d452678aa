"""discover drafts what no record explains, and the import then says what to fill in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from shared.errors import RecordError
from shared.records import discover, import_directory

T0 = datetime(2024, 1, 1, tzinfo=UTC)


def hear(
    conn: psycopg.Connection, device: str, metric: str, unit: str | None, every_s: float, said: list[float | str]
) -> None:
    conn.execute(
        "INSERT INTO sources (topic_prefix, received_at) VALUES ('bellwether/v1/north', %s) ON CONFLICT DO NOTHING",
        [T0],
    )
    conn.execute(
        "INSERT INTO devices (source_id, name) SELECT source_id, %s FROM sources ON CONFLICT DO NOTHING", [device]
    )
    row = conn.execute(
        "INSERT INTO series (device_id, metric, unit) SELECT device_id, %s, %s FROM devices WHERE name = %s"
        " RETURNING series_id",
        [metric, unit, device],
    ).fetchone()
    assert row is not None
    for n, value in enumerate(said):
        table, column = ("samples_text", "text_value") if isinstance(value, str) else ("samples", "value")
        conn.execute(
            f"INSERT INTO {table} (series_id, observed_at, received_at, {column}, quality, historical)"
            " VALUES (%s, %s, %s, %s, 192, false)",
            [row[0], T0 + timedelta(seconds=n * every_s), T0, value],
        )


@pytest.fixture
def plant(conn: psycopg.Connection) -> psycopg.Connection:
    """A plant of two pumps that no record knows, and a message that nobody could read."""
    for pump in ("pump1", "pump2"):
        hear(conn, pump, "state", None, 600, ["RUN", "RUN", "X7", "RUN"])
        hear(conn, pump, "vibration", "mm/s", 10, [1.0, 1.5, 1.25, 1.0, 1.5])
        hear(conn, pump, "temp", "°C", 60, [61.0, 61.5, 62.0, 61.0])
    conn.execute(
        "INSERT INTO dead_letters (received_at, topic, payload, qos, retained, reason)"
        " VALUES (%s, 'east/m1/data', %s, 1, false, 'no mapping')",
        [T0, b'{"ts": 1718000000000, "flow": 3.5}'],
    )
    conn.commit()
    return conn


def test_drafts_are_written_for_all_that_no_record_explains(plant: psycopg.Connection, tmp_path: Path) -> None:
    written = discover(plant, tmp_path / "drafts")
    content = {path.name: path.read_text() for path in written}
    assert content.pop("README.md").startswith("These are drafts")
    assert content == {
        "sources.csv": "topic_prefix,site,credential\nbellwether/v1/north,,\n",
        "asset_types.yaml": (
            "- id: pump\n"
            "  name: Pump\n"
            "  state_decoder:\n"
            "    kind: text\n"
            "    states:\n"
            "      RUN: production\n"
            "      X7:\n"
            "  metrics:\n"
            "    - {name: state, role: state, sampling: periodic, interval_s: 600}  # 4 samples\n"
            "    - {name: vibration, unit: mm/s, role: condition, sampling: periodic, interval_s: 10}  # 5 samples,"
            " unit said: mm/s\n"
            "    - {name: temp, unit:, role: condition, sampling: periodic, interval_s: 60}  # 4 samples,"
            " unit said: °C\n"
        ),
        "assets.csv": (
            "id,asset_type,name,serial,commissioned_on,site,line\n"
            "bellwether/v1/north/pump1,pump,pump1,,,,\n"
            "bellwether/v1/north/pump2,pump,pump2,,,,\n"
        ),
        "bindings.csv": (
            "topic_prefix,device,asset,valid_from\n"
            "bellwether/v1/north,pump1,bellwether/v1/north/pump1,\n"
            "bellwether/v1/north,pump2,bellwether/v1/north/pump2,\n"
        ),
        "mappings.yaml": (
            "- id: draft-1\n"
            '  topic: "{source}/{device}/data"\n'
            "  time: {path: ts, format: epoch_ms}\n"
            "  values:\n"
            "    - {path: flow, metric: flow}\n"
        ),
    }


def test_the_import_of_a_draft_says_what_to_fill_in_and_takes_it_once_filled(
    plant: psycopg.Connection, tmp_path: Path
) -> None:
    discover(plant, tmp_path)
    report = import_directory(plant, tmp_path)
    assert [str(error) for error in report.errors][:5] == [
        "asset_types.yaml:7: state 'X7' has no meaning;"
        " write one of production, idle, down, held, suspended, setup, planned, off, unknown, maintenance, repair",
        "asset_types.yaml:11: metric 'temp' has no unit; write its unit, or 1 where there is none",
        "assets.csv:2: site is empty; every asset needs a site",
        "assets.csv:3: site is empty; every asset needs a site",
        "sources.csv:2: site is empty; every source needs a site",
    ]
    (tmp_path / "customers.csv").write_text("id,name\nC,Dairy\n")
    (tmp_path / "sites.csv").write_text("id,customer,name,timezone\nS,C,Plant,Europe/Berlin\n")
    for file, empty, filled in (
        ("asset_types.yaml", "X7:", "X7: down"),
        ("asset_types.yaml", "unit:,", "unit: degC,"),
        ("assets.csv", ",,,,\n", ",,,S,\n"),
        ("sources.csv", "north,", "north,S"),
    ):
        path = tmp_path / file
        path.write_text(path.read_text().replace(empty, filled))
    assert import_directory(plant, tmp_path).errors == ()
    assert [path.name for path in discover(plant, tmp_path / "next")] == ["mappings.yaml", "README.md"]


def test_a_draft_never_overwrites_a_file_nor_writes_half(plant: psycopg.Connection, tmp_path: Path) -> None:
    (tmp_path / "bindings.csv").write_text("mine")
    with pytest.raises(RecordError, match="this file exists already; name an empty directory"):
        discover(plant, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["bindings.csv"]


def test_where_nothing_was_seen_nothing_is_written(conn: psycopg.Connection, tmp_path: Path) -> None:
    assert discover(conn, tmp_path / "drafts") == []
    assert not (tmp_path / "drafts").exists()


def test_a_mistyped_topic_of_ours_is_told_and_the_replay_that_works_is_named(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    conn.execute(
        "INSERT INTO dead_letters (received_at, topic, payload, qos, retained, reason) VALUES"
        " (%s, 'bellwether/v1/mill', %s, 1, false, 'the topic is not bellwether/v1/{plant}/{device}')",
        [T0, b'{"timestamp": 1718000000000, "flow": 3.5}'],
    )
    (readme,) = discover(conn, tmp_path)
    told = readme.read_text()
    assert told.endswith(
        '- the topic is not bellwether/v1/{plant}/{device}: 1 in all, for example "bellwether/v1/mill"\n'
    )
    assert "`bellwether dead-letters replay --all`" in told

"""A CSV becomes readings in the order of their time, or an error that names the line."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.replay.mapping import Fleet, ReplayMapping, TimeColumn, ValueColumn, load_mapping
from deploy.replay.publisher import payload, topic
from deploy.replay.readings import devices, read_readings
from shared.errors import RecordError

FLEET = Fleet(customer_id="c", customer_name="C", site_id="s", site_name="S", asset_type={"id": "t"})
HOUR_US = 3_600_000_000


def counted(**more: object) -> ReplayMapping:
    time = TimeColumn(column="cycle", format="count", unit="h", origin=datetime(1970, 1, 1, tzinfo=UTC))
    settings = {
        "id": "m",
        "description": "",
        "device": "engine-{unit}",
        "plant": "p{group:02}",
        "groups": 2,
        "time": time,
        "values": {"s1": ValueColumn()},
        "fleet": FLEET,
    }
    return ReplayMapping(**(settings | more))


def intervals(**more: object) -> ReplayMapping:
    settings = {
        "id": "m",
        "description": "",
        "device": "{unit}",
        "plant": "st-{unit:.1}",
        "time": TimeColumn(column="start"),
        "until": "end",
        "values": {"status": ValueColumn(text=True)},
        "fleet": FLEET,
    }
    return ReplayMapping(**(settings | more))


@pytest.fixture
def csv_file(tmp_path: Path):
    def write(*lines: str, name: str = "f.csv") -> Path:
        path = tmp_path / name
        text = "\n".join(lines) + "\n"
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text)
        return path

    return write


def test_rows_of_one_device_after_another_come_out_in_the_order_of_time(csv_file):
    path = csv_file("unit,cycle,s1", "1,1,10", "1,2,11", "2,1,20", "2,2,21")
    assert [(r.observed_us // HOUR_US, r.device, r.values["s1"]) for r in read_readings(path, counted())] == [
        (1, "engine-1", 10.0),
        (1, "engine-2", 20.0),
        (2, "engine-1", 11.0),
        (2, "engine-2", 21.0),
    ]


def test_devices_are_dealt_out_to_the_plants_in_turn(csv_file):
    path = csv_file("unit,cycle,s1", "7,1,0", "9,1,0", "8,1,0", "7,2,0")
    plants = {d.name: d.plant for d in devices(path, counted())}
    assert plants == {"engine-7": "p01", "engine-9": "p02", "engine-8": "p01"}


def test_an_empty_cell_sends_nothing(csv_file):
    path = csv_file("unit,cycle,s1", "1,1,")
    assert read_readings(path, counted())[0].values == {}


def test_a_compressed_file_reads_the_same(csv_file):
    lines = ("unit,cycle,s1", "1,1,10", "1,2,11")
    assert read_readings(csv_file(*lines), counted()) == read_readings(csv_file(*lines, name="f.csv.gz"), counted())


def test_an_interval_that_nothing_follows_ends_in_no_value(csv_file):
    path = csv_file(
        "unit,start,end,status", "a,2020-01-01T00:00,2020-01-01T01:00,ON", "a,2020-01-01T01:00,2020-01-01T03:00,BROKEN"
    )
    assert [r.values["status"] for r in read_readings(path, intervals())] == ["ON", "BROKEN", None]


def test_what_still_holds_at_the_end_of_the_extract_is_repeated_there(csv_file):
    path = csv_file("unit,start,end,status", "a,2020-01-01T00:00,,ON", "b,2020-01-01T00:00,2020-01-01T01:00,ON")
    end = datetime(2020, 1, 2, tzinfo=UTC)
    last = {r.device: r for r in read_readings(path, intervals(ends_at=end))}
    assert last["a"].values["status"] == "ON"
    assert last["b"].values["status"] is None
    assert {r.observed_us for r in last.values()} == {round(end.timestamp() * 1e6)}


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (("unit,cycle,s1", "1,1,ten"), "f.csv:2: s1 is 'ten'; write a number, or `text: true` in the mapping"),
        (("unit,cycle,s1", "1,1,1", "1,x,1"), "f.csv:3: cycle is 'x'; write a time as count"),
        (("unit,cycle", "1,1"), "f.csv:1: no column s1; the file has unit, cycle; correct the mapping"),
        (("unit,cycle,s1", "1,1"), "f.csv:2: more or fewer cells than columns; write one cell a column"),
        (("unit,cycle,s1", "1,1,nan"), "f.csv:2: s1 is 'nan'; write a number, or `text: true` in the mapping"),
    ],
)
def test_a_wrong_cell_is_named_by_its_line_and_nothing_is_sent(csv_file, lines, sentence):
    with pytest.raises(RecordError) as refused:
        read_readings(csv_file(*lines), counted())
    assert str(refused.value) == sentence


def test_a_mapping_with_an_unknown_key_says_so(tmp_path: Path):
    path = tmp_path / "m.yaml"
    path.write_text("id: x\ncolour: red\n")
    with pytest.raises(RecordError, match="colour"):
        load_mapping(path)


def test_a_message_has_the_documented_topic_and_shape(csv_file):
    reading = read_readings(csv_file("unit,cycle,s1", "1,1,10"), counted())[0]
    assert topic(reading) == "bellwether/v1/p01/engine-1"
    assert payload(reading) == b'{"timestamp":3600000,"values":{"s1":10.0}}'

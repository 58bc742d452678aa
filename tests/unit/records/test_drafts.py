"""What discover guesses, and what it leaves to people."""

import pytest

from shared.mappings import parse_mapping
from shared.records.drafts import SeenDevice, SeenSeries, assign_types, guess_role, guess_sampling, guess_state
from shared.records.mapping_drafts import Letter, mappings_yaml, topic_pattern, unmappable
from shared.records.yaml_file import load_yaml

UNFIT = "no mapping fits the topic"


def series(
    metric: str, *, values: tuple[float, ...] = (1.0, 2.0, 3.0), texts: tuple[str, ...] = (), unit: str | None = None
) -> SeenSeries:
    return SeenSeries(metric=metric, unit=unit, at=(0.0, 10.0, 20.0), values=values, texts=texts)


@pytest.mark.parametrize(
    ("seen", "role"),
    [
        (series("vibration_x"), "condition"),
        (series("motorSpeed"), "operating_point"),
        (series("good_count"), "good_count"),
        (series("total_count"), "production_count"),
        (series("total_count", values=(5.0, 3.0, 4.0, 1.0)), "condition"),
        (series("energy_kwh"), "energy"),
        (series("machine.state"), "state"),
        (series("whatever", values=(), texts=("A", "B")), "state"),
        (series("firmware", values=(), texts=("4.2",)), "version"),
        (series("alarm_code"), "fault"),
    ],
)
def test_roles_are_guessed_from_names_and_from_what_was_said(seen: SeenSeries, role: str) -> None:
    assert guess_role(seen) == role


def test_a_counter_may_be_reset_now_and_then() -> None:
    day = tuple(float(n) for n in range(30))
    assert guess_role(series("count", values=day + day)) == "production_count"


def test_steady_intervals_are_periodic_and_others_on_change() -> None:
    steady = guess_sampling([0, 10, 20, 30.5, 40, 50, 300, 310, 320, 330])
    assert (steady.interval_s, steady.max_hold_s) == (10, None)
    irregular = guess_sampling([0, 5, 400, 420, 1000, 1900])
    assert (irregular.interval_s, irregular.max_hold_s) == (None, 1160)
    few = guess_sampling([0, 10])
    assert (few.interval_s, few.max_hold_s) == (None, 7200)


@pytest.mark.parametrize(
    ("raw", "state"), [("RUNNING", "production"), ("Standby", "idle"), ("TRIPPED", "down"), ("X7", None)]
)
def test_states_are_guessed_only_where_their_word_says_something(raw: str, state: str | None) -> None:
    assert guess_state(raw) == state


def device(name: str, *metrics: str) -> SeenDevice:
    return SeenDevice(topic_prefix="p", site=None, device=name, series=tuple(series(metric) for metric in metrics))


def test_devices_alike_share_a_type_and_known_types_are_kept() -> None:
    seen = [device("pump1", "a", "b"), device("pump2", "b", "a"), device("pump3", "c"), device("fan", "d")]
    assigned = assign_types(seen, {"fan": frozenset({"d", "e"}), "everything": frozenset("abcdefgh") - {"c", "a"}})
    assert {name: [one.device for one in devices] for name, devices in assigned.items()} == {
        "pump": ["pump1", "pump2"],
        "pump_2": ["pump3"],
        "fan": ["fan"],
    }


@pytest.mark.parametrize(
    ("topics", "pattern"),
    [
        (["dairy/m1/data", "dairy/m2/data"], "{source}/{device}/data"),
        (["f/north/m1", "f/south/m2"], "f/{source}/{device}"),
        (["f/north/x/m1", "f/south/y/m2"], "f/{source}/+/{device}"),
        (["f/north/m1/data"], "f/{source}/{device}/data"),
        (["f/north/m1"], "f/{source}/{device}"),
        (["m1"], "{source}"),
    ],
)
def test_a_topic_s_pattern_comes_from_what_differs(topics: list[str], pattern: str) -> None:
    assert topic_pattern(topics) == pattern


def test_a_mapping_is_drafted_for_each_shape_of_message() -> None:
    drafted = mappings_yaml(
        [
            Letter("f/north/m1/data", b'{"ts": 1718000000000, "t": {"in": 61.5}, "p": "2.25", "mode": "RUN"}', UNFIT),
            Letter("f/north/m2/data", b'{"ts": 1718000001000, "t": {"in": 60.5}, "p": "2.5", "mode": "RUN"}', UNFIT),
            Letter("g/x/m1", b'{"time": "2024-06-10T06:00:00Z", "v": 1, "list": [1], "a.b": 2}', UNFIT),
            Letter("g/x/m2", b"\x00", UNFIT),
            Letter("spBv1.0/g/DDATA/e/d", b'{"v": 1}', UNFIT),
        ]
    )
    mappings = [parse_mapping(entry.plain()) for entry in load_yaml("mappings.yaml", drafted).entries("mappings")]
    assert [mapping.topic for mapping in mappings] == ["f/{source}/{device}/data", "g/{source}/{device}"]
    assert [(mapping.time.path, mapping.time.format) for mapping in mappings] == [
        ("ts", "epoch_ms"),
        ("time", "rfc3339"),
    ]
    assert [(value.path, value.metric, value.strings) for value in mappings[0].values] == [
        ("t.in", "t_in", False),
        ("p", "p", True),
        ("mode", "mode", False),
    ]
    assert [value.path for value in mappings[1].values] == ["v"]


@pytest.mark.parametrize("topic", ["bellwether/v1/mill", "bellwether/v1", "umh/v1/acme/_raw/x", "spBv1.0/g/DATA"])
def test_no_mapping_is_drafted_for_a_topic_of_a_documented_format_but_what_is_wrong_with_it_is_said(topic: str) -> None:
    letters = [Letter(topic, b'{"ts": 1718000000000, "v": 1}', "the topic is\nwrong")] * 2
    assert mappings_yaml(letters) == ""
    assert unmappable(letters) == [f'- the topic is wrong: 2 in all, for example "{topic}"']


def test_messages_of_a_gateway_s_own_format_are_for_mappings_alone() -> None:
    assert unmappable([Letter("f/north/m1", b"{}", UNFIT)]) == []

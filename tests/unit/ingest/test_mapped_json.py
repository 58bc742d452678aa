import contextlib
import json
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.decoding.decoder import Decoder, acknowledged_subscriptions
from services.ingest.decoding.mapped_json import Address, match_topic
from shared.mappings import MappingError, parse_mapping
from shared.records.engineering import parse_mappings
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

SKID = {
    "id": "skid",
    "topic": "factory/{source}/{device}/data",
    "time": {"path": "ts", "format": "epoch_ms"},
    "values": [
        {"path": "t.in", "metric": "temperature_in", "unit": "degF", "to": "degC"},
        {"path": "p", "metric": "pressure", "strings": True},
    ],
}
TOPIC = "factory/hall-2/skid-1/data"


def decode(mapping: dict, payload: object, topic: str = TOPIC, **more):
    return Decoder([parse_mapping(mapping)]).decode(envelope(topic, payload, **more))


def values(decoded):
    assert decoded.reason is None, decoded.reason
    return {m: v for r in decoded.readings for m, v in zip(r.metrics, r.values.tolist(), strict=True)}


def test_paths_units_and_numbers_in_strings():
    decoded = decode(SKID, {"ts": NOW_MS, "t": {"in": 212.0}, "p": "3.5"})
    assert values(decoded) == {"temperature_in": pytest.approx(100.0), "pressure": 3.5}
    (reading,) = decoded.readings
    assert (reading.source, reading.device, reading.observed_us) == ("factory/hall-2", "skid-1", NOW_US)


def test_an_absent_path_is_no_sample_and_null_is_no_value():
    found = values(decode(SKID, {"ts": NOW_MS, "p": None}))
    assert list(found) == ["pressure"]
    assert math.isnan(found["pressure"])


def test_an_array_of_readings_and_an_object_of_all_values():
    mapping = {
        "id": "x",
        "topic": "a/{source}/{device}",
        "time": {"path": "at", "format": "rfc3339"},
        "readings": "items",
        "all_values": "v",
    }
    items = [
        {"at": "2026-05-01T00:00:00Z", "v": {"a": 1, "s": "on"}},
        {"at": "2026-05-01T02:00:01+02:00", "v": {"a": 2}},
    ]
    first, second = decode(mapping, {"items": items}, "a/b/c").readings
    assert second.observed_us - first.observed_us == 1_000_000
    assert first.texts == (("s", "on"),)


def test_the_metric_may_be_in_the_topic_and_the_time_our_own():
    mapping = {
        "id": "one",
        "topic": "plant/{source}/+/{device}/{metric}/#",
        "time": {"format": "received"},
        "values": [{"path": ""}],
    }
    decoded = decode(mapping, "41.5", "plant/north/x/press/force/raw")
    assert values(decoded) == {"force": 41.5}
    assert decoded.readings[0].observed_us == NOW_US


@pytest.mark.parametrize(
    ("format_", "written"),
    [
        ("epoch_s", NOW_MS // 1000), ("epoch_ms", NOW_MS), ("epoch_us", NOW_US), ("epoch_ns", NOW_US * 1000 + 999),
        ("epoch_s", float(NOW_MS // 1000)), ("epoch_ms", NOW_MS + 0.0002),
        ("rfc3339", "2026-05-28T20:26:40Z"), ("rfc3339", "2026-05-28t20:26:40z"), ("rfc3339", "2026-05-28 20:26:40Z"),
        ("rfc3339", "2026-05-28T22:26:40+02:00"), ("rfc3339", "2026-05-28T13:56:40.000-0630"),
        ("rfc3339", "2026-05-28T20:26:40.000000999Z"),
    ],
)  # fmt: skip
def test_every_way_to_write_the_time(format_, written):
    mapping = {**SKID, "time": {"path": "ts", "format": format_}}
    assert decode(mapping, {"ts": written, "p": "1"}).readings[0].observed_us == NOW_US


@pytest.mark.parametrize(
    ("format_", "written", "reason"),
    [
        ("rfc3339", "2026-05-28T20:26:40", "offset"), ("rfc3339", "2026-05-28", "offset"),
        ("rfc3339", "20260528T202640Z", "offset"), ("rfc3339", "2026-05-28T20:26:40,5Z", "offset"),
        ("rfc3339", "2026-05-28T20:26:60Z", "not a time: second"), ("rfc3339", "2026-02-30T20:26:40Z", "not a time"),
        ("rfc3339", "0001-01-01T00:00:00+14:00", "1990"), ("rfc3339", "9999-12-31T23:59:59-14:00", "ahead"),
        ("rfc3339", NOW_MS, "no time"), ("rfc3339", {"a": []}, "no time"),
        ("epoch_ms", "1780000000000", "no time as epoch_ms"), ("epoch_ms", -1, "1990"), ("epoch_s", -(2**62), "1990"),
        ("epoch_ms", NOW_MS * 1000, "ahead"), ("epoch_s", 9e18, "ahead"), ("epoch_s", 1e300, "not a time"),
    ],
)  # fmt: skip
def test_a_time_that_is_not_written_as_declared_or_cannot_be_is_refused(format_, written, reason):
    mapping = {**SKID, "time": {"path": "ts", "format": format_}}
    assert reason in decode(mapping, {"ts": written, "p": "1"}).reason


def test_an_epoch_comes_as_text_only_where_the_mapping_says_so():
    mapping = {**SKID, "time": {"path": "ts", "format": "epoch_ms", "strings": True}}
    for written in (NOW_MS, str(NOW_MS), f"{NOW_MS}.000"):
        assert decode(mapping, {"ts": written, "p": "1"}).readings[0].observed_us == NOW_US
    assert "not a number" in decode(mapping, {"ts": "now", "p": "1"}).reason


def test_numbers_come_as_text_and_with_a_comma_only_where_the_mapping_says_so():
    as_text = {"p": "1.5", "q": "1,5"}
    plain = {**SKID, "values": [{"path": "p", "metric": "p"}, {"path": "q", "metric": "q"}]}
    assert decode(plain, {"ts": NOW_MS, **as_text}).readings[0].texts == (("p", "1.5"), ("q", "1,5"))
    declared = {
        **SKID,
        "values": [
            {"path": "p", "metric": "p", "strings": True},
            {"path": "q", "metric": "q", "strings": True, "decimal": ","},
        ],
    }
    assert values(decode(declared, {"ts": NOW_MS, **as_text})) == {"p": 1.5, "q": 1.5}
    assert "not a number" in decode(declared, {"ts": NOW_MS, "p": "1,5"}).reason
    assert "not a number" in decode(declared, {"ts": NOW_MS, "q": "1.5"}).reason
    every = {"id": "e", "topic": SKID["topic"], "time": SKID["time"], "all_values": "v"}
    every |= {"strings": True, "decimal": ","}
    assert values(decode(every, {"ts": NOW_MS, "v": {"q": " 1,5 ", "n": 2}})) == {"q": 1.5, "n": 2.0}


def test_a_gateway_that_names_its_metrics_in_an_array_under_one_time():
    mapping = {
        **SKID,
        "time": {"path": "$.head.ts", "format": "epoch_ms"},
        "readings": "values",
        "values": [{"path": "v", "metric_path": "id"}],
    }
    body = {"head": {"ts": NOW_MS}, "values": [{"id": "Line.Pump.Speed", "v": 7}, {"id": "Mode", "v": "RUN"}]}
    speed, mode = decode(mapping, body).readings
    assert (speed.metrics, speed.observed_us, mode.texts) == (("Line.Pump.Speed",), NOW_US, (("Mode", "RUN"),))
    assert "name of a metric" in decode(mapping, {**body, "values": [{"id": 3, "v": 7}]}).reason


def test_a_dot_within_a_key_and_a_place_in_an_array_are_found():
    mapping = {**SKID, "values": [{"path": r"a\.b.1.0", "metric": "m"}, {"path": "$.a.9", "metric": "absent"}]}
    assert values(decode(mapping, {"ts": NOW_MS, "a.b": [0, [5]], "a": [1]})) == {"m": 5.0}


TEXT = {
    "id": "text",
    "topic": "plc/{source}/{metric}",
    "time": {"format": "received"},
    "payload": "text",
    "values": [{"path": ""}],
}


def test_a_payload_that_is_text_needs_no_quotes():
    (reading,) = decode(TEXT, "RUN", "plc/press/mode").readings
    assert (reading.source, reading.device, reading.texts) == ("plc/press", "press", (("mode", "RUN"),))
    number = {**TEXT, "values": [{"path": "", "strings": True, "unit": "degF", "to": "degC"}]}
    assert values(decode(number, "+212.0\r\n", "plc/press/t")) == {"t": pytest.approx(100.0)}
    assert "not a number" in decode(number, "", "plc/press/t").reason
    assert "utf-8" in decode(TEXT, b"\xff", "plc/press/t").reason


def test_what_comes_without_a_time_in_one_microsecond_stays_apart_and_is_marked():
    decoder = Decoder([parse_mapping(TEXT), parse_mapping({**TEXT, "id": "a", "topic": "a/{source}/{metric}"})])
    received = [NOW_US, NOW_US, NOW_US + 1, NOW_US + 10, NOW_US - 1_000_000, NOW_US - 3_600_000_000]
    told = [decoder.decode(envelope("plc/press/mode", "RUN", at_us=us)).readings[0] for us in received]
    later = [0, 1, 2, 10, 11, -3_600_000_000]
    assert [reading.observed_us - NOW_US for reading in told] == later
    assert {reading.protocol for reading in told} == {"mapped_json_undated"}
    array = {**TEXT, "payload": "json", "readings": ""}
    first, second = decode(array, [1, 2], "plc/press/force").readings
    assert second.observed_us - first.observed_us == 1


def test_only_a_number_has_a_unit_and_it_stays_one():
    for wrong, reason in (("212", "no number"), (True, "no number"), (1e308, "too large")):
        mapping = {**SKID, "values": [{"path": "t", "metric": "t", "unit": "km", "to": "mm"}]}
        assert reason in decode(mapping, {"ts": NOW_MS, "t": wrong}).reason
    assert math.isnan(values(decode(mapping, {"ts": NOW_MS, "t": None}))["t"])


def test_two_values_for_one_metric_at_one_instant_are_refused():
    mapping = {**SKID, "values": [{"path": "old", "metric": "m"}, {"path": "new", "metric": "m"}]}
    assert values(decode(mapping, {"ts": NOW_MS, "new": 2})) == {"m": 2.0}
    assert "'m' twice" in decode(mapping, {"ts": NOW_MS, "old": 1, "new": 2}).reason


def test_more_readings_than_memory_holds_are_refused_before_they_fill_it():
    bare = {**TEXT, "payload": "json", "readings": ""}
    assert "100000 readings" in decode(bare, b"[" + b"1," * 100_000 + b"1]", "plc/press/force").reason
    assert "500000 commas" in decode(bare, b"[" + b"1," * 500_001 + b"1]", "plc/press/force").reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"p": "1"}, "no time"),
        ({"ts": True, "p": "1"}, "no time"),
        ({"ts": 10**400, "p": "1"}, "not a time"),
        ({"ts": NOW_MS, "p": "1_0"}, "not a number"),
        ({"ts": NOW_MS, "p": "nan"}, "not a number"),
        ({"ts": NOW_MS, "p": "9" * 65}, "not a number"),
        ({"ts": NOW_MS, "p": {"x": 1}}, "is a dict"),
        ({"ts": NOW_MS, "t": {"in": 10**400}}, "30 digits"),
        (b"\xff", ""),
        (b"[" * 100_000, ""),
    ],
)
def test_what_the_mapping_does_not_say_is_refused_with_the_reason(payload, reason):
    decoded = decode(SKID, payload)
    assert decoded.readings == ()
    assert reason in decoded.reason


def test_a_retained_message_counts_only_where_the_mapping_takes_it():
    payload = {"ts": NOW_MS, "p": "1"}
    assert values(decode(SKID, payload, retained=True)) == {}
    assert values(decode({**SKID, "retained": "take"}, payload, retained=True)) == {"pressure": 1.0}


def test_sparkplug_that_a_wildcard_covers_is_left_to_its_own_session():
    decoded = decode({**SKID, "topic": "{source}/#"}, b"\x08\x01", "spBv1.0/plant/NDATA/edge")
    assert (decoded.readings, decoded.reason, decoded.alive) == ((), None, None)


def test_a_topic_that_no_mapping_fits_is_refused():
    assert decode(SKID, {}, "elsewhere").reason == "no mapping fits the topic"


def test_the_first_mapping_that_fits_counts():
    second = parse_mapping(
        {**SKID, "id": "other", "topic": "factory/{source}/#", "values": [{"path": "p", "metric": "q"}]}
    )
    decoder = Decoder([parse_mapping(SKID), second])
    assert values(decoder.decode(envelope(TOPIC, {"ts": NOW_MS, "p": "1"}))) == {"pressure": 1.0}


@pytest.mark.parametrize(
    ("pattern", "topic", "address"),
    [
        ("a/{source}/b", "a/x/b", Address("a/x", "x", None)),
        ("{source}/{metric}", "x/m", Address("x", "x", "m")),
        ("a/{device}/{source}", "a/d/s", Address("a/d/s", "d", None)),
        ("a/{source}/#", "a/x", Address("a/x", "x", None)),
        ("a/{source}/#", "a/x/y/z", Address("a/x", "x", None)),
        ("a/{source}/b", "a//b", None),
        ("a/{source}/b", "a/x/c", None),
        ("a/{source}", "a/x/c", None),
        ("a/{source}/b/#", "a/x", None),
        ("a/{source}/{metric#}", "a/x/m", Address("a/x", "x", "m")),
        ("a/{source}/{metric#}", "a/x/m/n/o", Address("a/x", "x", "m/n/o")),
        ("a/{source}/{metric#}", "a/x", None),
        ("a/{source}/b/{metric#}", "a/x/c/m", None),
        ("a/{source}/{metric#}", "a/x/", None),
        ("a.b/{source}", "acb/x", None),
        ("+/{source}/{device}/#", "/x/d\n", Address("/x", "d\n", None)),
    ],
)
def test_what_a_topic_says_under_a_pattern(pattern, topic, address):
    assert match_topic(topic, pattern) == address


def test_subscriptions_are_those_of_the_formats_and_one_for_each_mapping():
    rest = parse_mapping({**SKID, "topic": "a/{source}/{metric#}"})
    wanted = {"bellwether/v1/#", "umh/v1/#", "factory/+/+/data", "a/+/#"}
    assert acknowledged_subscriptions([parse_mapping(SKID), rest]) == wanted


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"topic": "a/b"}, "exactly one part"),
        ({"topic": "a/{source}/x{device}"}, "must be plain text"),
        ({"topic": "a/#/{source}"}, "must be plain text"),
        ({"topic": "bellwether/v1/{source}"}, "format of its own"),
        ({"topic": "spBv1.0/{source}"}, "format of its own"),
        ({"topic": "umh/v1/{source}"}, "format of its own"),
        ({"topic": "$SYS/{source}"}, "format of its own"),
        ({"topic": "{source}/{device}/{device}"}, "more than once"),
        ({"topic": "{source}/{metric}/{metric#}"}, "more than once"),
        ({"topic": "{metric#}/{source}"}, "must be plain text"),
        ({"topic": "{device#}/{source}"}, "must be plain text"),
        ({"values": []}, "give either"),
        ({"all_values": "x"}, "give either"),
        ({"time": {"format": "received", "path": "x"}}, "needs a path"),
        ({"time": {"format": "received"}, "retained": "take"}, "count anew"),
        ({"values": [{"path": "p"}]}, "needs a `metric`"),
        ({"values": [{"path": "p", "metric": "p", "unit": "bar"}]}, "go together"),
        ({"values": [{"path": "p", "metric": "p", "metric_path": "n"}]}, "both"),
        ({"values": [{"path": "p", "metric": "p", "decimal": ","}]}, "strings: true"),
        ({"values": [{"path": "p" * 1025, "metric": "p"}]}, "1024 characters"),
        ({"time": {"format": "epoch_s", "path": "9" * 5000}}, "1024 characters"),
        ({"strings": True}, "belong to each"),
        ({"values": [], "all_values": "v", "decimal": ","}, "strings: true"),
        ({"time": {"format": "rfc3339", "path": "ts", "strings": True}}, "epoch"),
        ({"payload": "text"}, "has no time"),
        ({"payload": "text", "time": {"format": "received"}}, "has one value"),
        ({"valeus": []}, "unknown field"),
    ],
)
def test_a_mapping_that_cannot_work_says_why(change, problem):
    with pytest.raises(MappingError, match=problem):
        parse_mapping({**SKID, **change})


_parts = st.text("ab/+#{}", max_size=8) | st.sampled_from(
    ["a", "b", "+", "{source}", "{device}", "{metric}", "{metric#}", "#"]
)


@given(st.lists(_parts, min_size=1, max_size=5), st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1))
def test_a_source_is_always_how_the_topic_begins_whatever_the_mapping(pattern, levels):
    mapping = {**TEXT, "topic": "/".join(pattern), "values": [{"path": "", "metric": "m"}]}
    topic = "/".join(levels)
    with contextlib.suppress(MappingError):
        for reading in decode(mapping, "1", topic).readings:
            assert topic == reading.source or topic.startswith(f"{reading.source}/")


@pytest.mark.parametrize(
    ("readings", "path", "format_", "said"),
    [
        (None, "ts", "epoch_ms", "no time as epoch_ms at 'ts'"),
        ("items", "$.at", "epoch_ms", "no time as epoch_ms at '$.at'"),
        (
            "items",
            "ts",
            "epoch_ms",
            "no time as epoch_ms at 'ts' in each element of 'items'; outside that list, a path begins with '$.'",
        ),
        (
            "items",
            "ts",
            "rfc3339",
            "no time in RFC 3339 at 'ts' in each element of 'items'; outside that list, a path begins with '$.'",
        ),
    ],
)
def test_a_time_that_is_not_where_it_was_looked_for_is_said_with_the_place(readings, path, format_, said):
    mapping = {**SKID, "readings": readings, "time": {"path": path, "format": format_}}
    body = {"ts": None, "items": [{"p": 1}]} if readings is None else {"ts": NOW_MS, "items": [{"p": 1}]}
    assert decode(mapping, body).reason == f"there is {said}"


def test_the_example_s_payload_is_what_its_mapping_reads():
    example = (Path(__file__).parents[3] / "deploy" / "example-records" / "mappings.yaml").read_text()
    topic, payload = re.findall(r"^#   (.*)$", example, flags=re.MULTILINE)
    (mapping,) = parse_mappings("mappings.yaml", example).rows
    decoded = decode(mapping.values["specification"], payload, topic)
    assert values(decoded) == {"vibration": pytest.approx(2.54), "discharge_pressure": pytest.approx(3.0, rel=0.01)}
    (found,) = decoded.readings
    assert (found.source, found.device, dict(found.texts)) == ("dairies/cheese", "whey1", {"mode": "RUN"})


@given(st.dictionaries(st.sampled_from(["source", "device", "topic", "metric", "p"]), st.text() | st.integers()))
def test_nothing_in_a_payload_can_name_another_source_or_device(said):
    named = {**SKID, "values": [{"path": "p", "metric_path": "metric"}]}
    for reading in decode(named, {"ts": NOW_MS, **said}).readings:
        assert (reading.source, reading.device) == ("factory/hall-2", "skid-1")


_ANY = st.binary(max_size=100) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("tvm"), inner, max_size=3),
).map(json.dumps)
_MAPPINGS = [
    SKID,
    TEXT,
    {**SKID, "time": {"path": "t", "format": "rfc3339"}, "all_values": "v", "values": []},
    {**SKID, "time": {"path": "t", "format": "epoch_ns", "strings": True}, "readings": "v"},
    {**SKID, "time": {"format": "received"}, "readings": "", "values": [{"path": "v", "metric_path": "m"}]},
    {**SKID, "time": {"format": "received"}, "values": [{"path": "", "metric": "m", "unit": "degF", "to": "K"}]},
]


@pytest.mark.parametrize("mapping", _MAPPINGS)
@given(raw=_ANY)
def test_any_payload_ends_as_readings_or_as_a_reason(mapping, raw):
    decoded = decode(mapping, raw, TOPIC if mapping is not TEXT else "plc/a/b")
    assert decoded.reason is None or (decoded.reason and decoded.readings == ())


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**12),
            st.dictionaries(
                st.text("ab.", min_size=1),
                st.none() | st.booleans() | st.integers(-(10**29), 10**29) | st.floats(-1e300, 1e300) | st.text("xy"),
                max_size=4,
            ),
        ),
        max_size=4,
    )
)
def test_what_a_plant_wrote_comes_back(written):
    mapping = {
        **{key: SKID[key] for key in ("id", "topic")},
        "time": {"path": "at", "format": "epoch_us"},
        "readings": "items",
        "all_values": "v",
    }
    decoded = decode(mapping, {"items": [{"at": NOW_US - ago, "v": said} for ago, said in written]})
    assert decoded.reason is None
    for reading, (ago, said) in zip(decoded.readings, written, strict=True):
        assert reading.observed_us == NOW_US - ago
        kept = dict(zip(reading.metrics, reading.values.tolist(), strict=True)) | dict(reading.texts)
        assert {
            name: None if isinstance(value, float) and math.isnan(value) else value for name, value in kept.items()
        } == said

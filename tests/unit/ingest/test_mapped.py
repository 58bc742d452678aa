import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.decoding import Decoder, acknowledged_subscriptions
from services.ingest.mapped import Address, match_topic
from shared.mappings import MappingError, parse_mapping
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
        ("epoch_s", NOW_MS // 1000), ("epoch_s", str(NOW_MS // 1000)), ("epoch_ms", NOW_MS), ("epoch_us", NOW_US),
        ("epoch_ns", NOW_US * 1000), ("rfc3339", "2026-05-28T20:26:40Z"),
    ],
)  # fmt: skip
def test_every_way_to_write_the_time(format_, written):
    mapping = {**SKID, "time": {"path": "ts", "format": format_}}
    assert decode(mapping, {"ts": written, "p": "1"}).readings[0].observed_us == NOW_US


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
    ],
)
def test_what_a_topic_says_under_a_pattern(pattern, topic, address):
    assert match_topic(pattern, topic) == address


def test_subscriptions_are_those_of_the_formats_and_one_for_each_mapping():
    assert acknowledged_subscriptions([parse_mapping(SKID)]) == {"bellwether/v1/#", "umh/v1/#", "factory/+/+/data"}


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
        ({"values": []}, "give either"),
        ({"all_values": "x"}, "give either"),
        ({"time": {"format": "received", "path": "x"}}, "needs a path"),
        ({"time": {"format": "received"}, "retained": "take"}, "count anew"),
        ({"values": [{"path": "p"}]}, "needs a `metric`"),
        ({"values": [{"path": "p", "metric": "p", "unit": "bar"}]}, "go together"),
        ({"valeus": []}, "unknown field"),
    ],
)
def test_a_mapping_that_cannot_work_says_why(change, problem):
    with pytest.raises(MappingError, match=problem):
        parse_mapping({**SKID, **change})


@given(st.binary(max_size=100))
def test_any_bytes_end_as_readings_or_as_a_reason(raw):
    decoded = decode(SKID, raw)
    assert decoded.reason is None or decoded.readings == ()

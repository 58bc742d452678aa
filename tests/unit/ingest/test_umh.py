import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.decoding.decoder import Decoder
from services.ingest.decoding.umh import Tag, parse_topic
from shared.errors import DecodeError
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

LINE = "umh/v1/acme/cologne/packaging/line-3"


def decode(topic: str, payload: object, **more):
    return Decoder().decode(envelope(topic, payload, **more))


def reading(topic: str, payload: object):
    decoded = decode(topic, payload)
    assert decoded.reason is None, decoded.reason
    (found,) = decoded.readings
    return found


def values(topic: str, payload: object):
    found = reading(topic, payload)
    return dict(zip(found.metrics, found.values.tolist(), strict=True)) | dict(found.texts)


def test_one_tag_is_one_sample_of_the_device_at_its_location():
    found = reading(f"{LINE}/_raw/motor/speed", {"timestamp_ms": NOW_MS, "value": 1480.5})
    assert (found.source, found.device, found.observed_us) == ("umh/v1/acme/cologne", "packaging/line-3", NOW_US)
    assert (found.metrics, found.values.tolist()) == (("_raw/motor/speed",), [1480.5])


@pytest.mark.parametrize(
    ("topic", "tag"),
    [
        ("umh/v1/a/b/_raw/x", Tag("umh/v1/a/b", "_site", "_raw", "_raw/x")),
        ("umh/v1/a/b/b/_raw/x", Tag("umh/v1/a/b", "b", "_raw", "_raw/x")),
        ("umh/v1/a/b/c/_pump_v1/_x/y", Tag("umh/v1/a/b", "c", "_pump_v1", "_pump_v1/_x/y")),
        ("umh/v1/a/b/c/_historian", Tag("umh/v1/a/b", "c", "_historian", None)),
    ],
)
def test_what_a_topic_says(topic, tag):
    assert parse_topic(topic) == tag


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("umh/v1", "the topic is not"), ("umh/v1/", "the topic is not"), ("umh/v2/a/b/_raw/x", "the topic is not"),
        ("umh/v1/a/b/c/d", "the topic is not"), ("umh/v1/a//c/_raw/x", "the topic is not"),
        ("umh/v1/a/b/_raw/", "the topic is not"), ("umh/v1/a/b/_raw//x", "the topic is not"),
        ("umh/v1/a/_raw/x", "no site"), ("umh/v1/_raw/x", "no site"),
        ("umh/v1/a/b/_raw", "no tag"), ("umh/v1/a/b/_/x", "no tag"), ("umh/v1/a/b/_raw/" + "x" * 512, "512"),
    ],
)  # fmt: skip
def test_a_topic_of_another_form_is_refused(topic, reason):
    with pytest.raises(DecodeError, match=reason):
        parse_topic(topic)


def test_a_topic_with_dots_is_one_level_and_so_none_of_these():
    """Kafka's form in one MQTT level has no prefix that a subscription or an access rule could name."""
    payload = {"timestamp_ms": NOW_MS, "value": 1}
    assert decode("umh.v1.acme.cologne._raw.x", payload).reason == "no mapping fits the topic"


@pytest.mark.parametrize(
    ("value", "kept"), [(True, 1.0), (2**60 + 1, 2**60 + 1), ("RUN", "RUN"), (-0.5, -0.5), (7, 7.0)]
)
def test_numbers_texts_and_truths_are_kept(value, kept):
    assert values(f"{LINE}/_raw/x", {"value": value, "timestamp_ms": NOW_MS}) == {"_raw/x": kept}


def test_null_is_no_value():
    assert math.isnan(values(f"{LINE}/_raw/x", {"value": None, "timestamp_ms": NOW_MS})["_raw/x"])


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"value": 1}, "timestamp_ms"),
        ({"timestamp_ms": NOW_MS}, "value"),
        ({"timestamp_ms": NOW_MS, "value": 1, "unit": "bar"}, '`unit`; a message is {"timestamp_ms": whole Unix ms'),
        ({"timestamp_ms": NOW_MS, "value": [1]}, "array"),
        ({"timestamp_ms": NOW_MS, "value": {"a": 1}}, "object"),
        ({"timestamp_ms": str(NOW_MS), "value": 1}, "timestamp_ms"),
        ({"timestamp_ms": NOW_MS + 0.5, "value": 1}, "timestamp_ms"),
        ({"timestamp_ms": NOW_MS // 1000, "value": 1}, "1990"),
        ({"timestamp_ms": 253_402_300_799_000, "value": 1}, "ahead"),
        (b"41.5", "Expected"),
        (b"", "truncated"),
        (b"\xef\xbb\xbf{}", "malformed"),
    ],
)
def test_any_other_payload_is_refused_with_the_reason(payload, reason):
    decoded = decode(f"{LINE}/_raw/x", payload)
    assert (decoded.readings, reason in decoded.reason) == ((), True)


def test_several_tags_under_historian_are_as_if_each_had_its_own_topic():
    several = {"timestamp_ms": NOW_MS, "pos": {"x": 1.5, "y": 2}, "note": "ok", "moving": False}
    wanted = {"_historian/head/pos/x": 1.5, "_historian/head/pos/y": 2, "_historian/head/note": "ok"}
    assert values(f"{LINE}/_historian/head", several) == {**wanted, "_historian/head/moving": 0.0}
    for name, value in wanted.items():
        assert values(f"{LINE}/{name}", {"timestamp_ms": NOW_MS, "value": value}) == {name: value}
    assert values(f"{LINE}/_historian", {"timestamp_ms": NOW_MS, "value": 3}) == {"_historian/value": 3}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"timestamp_ms": NOW_MS}, "nothing beside"),
        ({"x": 1}, "timestamp_ms"),
        ({"timestamp_ms": True, "x": 1}, "timestamp_ms"),
        ({"timestamp_ms": NOW_MS, "x": [1]}, "array"),
        ({"timestamp_ms": NOW_MS, "x": {"y": 1}, "x/y": 2}, "twice"),
        ({"timestamp_ms": NOW_MS, "x" * 512: 1}, "512"),
        (b"[]", "object"),
        (b'{"timestamp_ms":1,"x":' + b'{"a":' * 990 + b"1" + b"}" * 991, "recursion"),
    ],
)
def test_several_tags_that_cannot_be_told_apart_or_stored_are_refused(payload, reason):
    assert reason in decode(f"{LINE}/_historian", payload).reason


def test_a_retained_message_gives_nothing_and_says_nothing_of_its_source():
    decoded = decode(f"{LINE}/_raw/x", {"timestamp_ms": NOW_MS, "value": 1}, retained=True)
    assert (decoded.readings, decoded.reason, decoded.alive) == ((), None, None)


_levels = st.text("ab_/", max_size=12)
_members = st.dictionaries(st.sampled_from(["timestamp_ms", "value", "x"]), st.none() | st.integers() | st.text())


@given(_levels, st.binary(max_size=60) | _members)
def test_any_topic_and_payload_end_as_readings_or_as_a_reason(rest, payload):
    decoded = decode(f"umh/v1/{rest}", payload)
    assert bool(decoded.readings) == (decoded.reason is None)


@given(st.lists(st.text("ab", min_size=1), min_size=3, max_size=3), st.lists(st.text("ab", min_size=1), max_size=3))
def test_no_two_topics_are_the_same_tag(location, path):
    topics = {"/".join(["umh/v1", *location[:n], "_raw", *path, "t"]) for n in (2, 3)}
    assert len({parse_topic(topic)[:4] for topic in topics}) == len(topics)


@given(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text().filter(lambda text: "\x00" not in text)
)
def test_what_a_gateway_wrote_comes_back(value):
    (kept,) = values(f"{LINE}/_raw/x", {"timestamp_ms": NOW_MS, "value": value}).values()
    assert math.isnan(kept) if value is None else kept == value


def test_names_of_many_levels_do_not_add_up_in_memory():
    levels, key = 900, "k" * 1000
    nested = f'{{"timestamp_ms":{NOW_MS},' + f'"{key}":{{' * levels + '"x":1' + "}" * (levels + 1)
    tracemalloc.start()
    assert "1 to 512 characters" in decode(f"{LINE}/_historian", nested).reason
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000

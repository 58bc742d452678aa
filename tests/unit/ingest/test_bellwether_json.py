import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.decoding.bellwether_json import decode_json
from services.ingest.decoding.decoder import Decoder
from services.ingest.messages.readings import EXACT_IN_FLOAT64
from shared.errors import DecodeError
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

TOPIC = "bellwether/v1/mill/pump-7"


def decode(payload: object, topic: str = TOPIC):
    return decode_json(envelope(topic, payload))


def body(**values: object) -> dict:
    return {"timestamp": NOW_MS, "values": values}


def test_numbers_become_values_under_their_plant_and_device():
    (reading,) = decode(body(temperature=71.5, speed=1480))
    assert (reading.source, reading.device) == ("bellwether/v1/mill", "pump-7")
    assert reading.metrics == ("temperature", "speed")
    assert reading.values.tolist() == [71.5, 1480.0]
    assert (reading.observed_us, reading.historical) == (NOW_US, False)


def test_an_array_is_as_many_readings():
    first, second = decode([body(a=1), {**body(a=2), "timestamp": NOW_MS - 1000, "historical": True}])
    assert (first.observed_us - second.observed_us, second.historical) == (1_000_000, True)


def test_true_false_text_and_null_each_have_their_form():
    (reading,) = decode(body(open=True, shut=False, state="RUN", broken=None))
    assert reading.metrics == ("open", "shut", "broken")
    assert reading.values[:2].tolist() == [1.0, 0.0]
    assert math.isnan(reading.values[2])
    assert reading.texts == (("state", "RUN"),)


@pytest.mark.parametrize("number", [EXACT_IN_FLOAT64 + 1, -EXACT_IN_FLOAT64 - 1, 2**63, 2**64, -(10**30) + 1])
def test_an_integer_that_a_float_would_change_stays_an_integer(number):
    (reading,) = decode(body(counter=number, a=1))
    assert reading.texts == (("counter", number),)
    assert reading.metrics == ("a",)


@pytest.mark.parametrize("number", [EXACT_IN_FLOAT64, -EXACT_IN_FLOAT64, 1e300, 1e20, 5e-324])
def test_a_number_that_a_float_holds_is_a_value(number):
    (reading,) = decode(body(counter=number))
    assert reading.values.tolist() == [float(number)]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "truncated"),
        (b"nonsense", "malformed"),
        (b"[" * 100_000, "Expected"),
        (b'{"timestamp":1,"values":' + b'{"a":' * 100_000, "Expected"),
        (b'{"timestamp":1780000000000,"values":{"a":"\xff"}}', "utf-8"),
        (b'{"timestamp":1780000000000,"values":{"a":NaN}}', "malformed"),
        (b'{"timestamp":1780000000000,"values":{"a":1e400}}', "out of range"),
        (b'{"timestamp":1780000000000,"values":{"a\\u0000":1}}', "NUL"),
        (b'{"timestamp":1780000000000,"values":{"a":"x\\u0000"}}', "NUL"),
        (b'{"timestamp":1780000000000,"values":{"":1}}', "1 to 512"),
        ({"timestamp": NOW_MS, "values": {"n" * 513: 1}}, "1 to 512"),
        ({"timestamp": NOW_MS, "values": {"a": 10**30}}, "30 digits"),
        ({"timestamp": NOW_MS, "values": {"a": [1]}}, "array"),
        ({"timestamp": NOW_MS, "values": {"a": 1}, "historic": True}, r"historic`; a message is .\"timestamp\": whole"),
        ({"timestamp": NOW_MS}, "values"),
        ({"values": {"a": 1}}, "timestamp"),
        ({"timestamp": 1e20, "values": {"a": 1}}, "timestamp"),
        ({"timestamp": 10**20, "values": {"a": 1}}, "ahead"),
        ({"timestamp": -(10**400), "values": {"a": 1}}, "1990"),
        ({"timestamp": 0, "values": {"a": 1}}, "1990: the device's clock is not set"),
        ({"timestamp": NOW_MS // 1000, "values": {"a": 1}}, "1990: it looks like seconds where milliseconds"),
        ({"timestamp": NOW_MS // 1000 + 90_000, "values": {"a": 1}}, "1990: the device's clock is not set"),
        ({"timestamp": 600_000_000, "values": {"a": 1}}, "1990: the device's clock is not set"),
        ({"timestamp": NOW_MS + 90_000_000, "values": {"a": 1}}, "ahead"),
    ],
)
def test_what_is_not_the_documented_shape_is_refused_with_the_reason(payload, reason):
    with pytest.raises(DecodeError, match=reason):
        decode(payload)


def test_the_last_of_two_values_under_one_key_counts():
    for written, kept in (("1", 2.0), ('"x"', 2.0)):
        (reading,) = decode(f'{{"timestamp":{NOW_MS},"values":{{"a":{written},"a":2}}}}')
        assert (reading.metrics, reading.values.tolist(), reading.texts) == (("a",), [kept], ())


def test_one_bad_element_refuses_the_whole_message():
    with pytest.raises(DecodeError):
        decode([body(a=1), {"timestamp": 0, "values": {"a": 1}}])


@pytest.mark.parametrize("topic", ["bellwether/v1/mill", "bellwether/v1//pump", "bellwether/v1/mill/pump/extra"])
def test_a_topic_that_is_not_plant_and_device_is_refused(topic):
    with pytest.raises(DecodeError, match="not bellwether/v1"):
        decode(body(a=1), topic)


@given(st.binary(max_size=200))
def test_any_bytes_end_as_readings_or_as_a_reason(payload):
    decoded = Decoder().decode(envelope(TOPIC, payload))
    assert decoded.reason is None or (decoded.reason and decoded.readings == ())


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["timestamp", "values", "historical", "x"]), _JSON))
def test_any_json_ends_as_readings_or_as_a_reason(message):
    decoded = Decoder().decode(envelope(TOPIC, message))
    assert decoded.reason is None or (decoded.reason and decoded.readings == ())


@given(
    st.dictionaries(st.text("abc", min_size=1), _SCALARS.filter(lambda v: not isinstance(v, str) or "\x00" not in v))
)
def test_every_value_is_kept_exactly_once(values):
    (reading,) = decode(body(**values))
    kept = dict(zip(reading.metrics, reading.values.tolist(), strict=True)) | dict(reading.texts)
    assert kept.keys() == values.keys()
    for name, value in values.items():
        assert np.isnan(kept[name]) if value is None else kept[name] == value, name

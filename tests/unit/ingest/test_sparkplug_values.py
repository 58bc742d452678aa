"""Values of every type and quality, and their times."""

import math

import pytest

from services.ingest.messages.readings import GOOD, UNCERTAIN
from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug import Metric
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_MS, NOW_US
from tests.unit.ingest.sparkplug_talk import TEMPERATURE, D, node_born, receive, say, texts, unordered, values


def test_data_without_a_data_type_takes_it_from_the_birth():
    host = SparkplugHost()
    node_born(host, Metric(name="n", alias=4, datatype=D.INT32, value=1))
    raw = Payload(timestamp=NOW_MS, seq=1)
    raw.metrics.add(alias=4, int_value=2**32 - 7)
    assert values(receive(host, "NDATA", raw)) == {"n": -7.0}
    raw = Payload(timestamp=NOW_MS, seq=2)
    raw.metrics.add(name="n", int_value=2**32 - 8)
    assert values(receive(host, "NDATA", raw)) == {"n": -8.0}


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (D.INT8, -128), (D.INT16, -1), (D.INT32, -(2**31)), (D.INT64, -1), (D.UINT8, 255), (D.UINT16, 65535),
        (D.UINT32, 2**32 - 1), (D.INT64, 2**53), (D.FLOAT, 0.5), (D.DOUBLE, 1e300), (D.BOOLEAN, True),
        (D.DATETIME, NOW_MS), (D.INT64, 0), (D.DOUBLE, 0.0), (D.BOOLEAN, False),
    ],
)  # fmt: skip
def test_every_numeric_type_arrives_as_it_was(datatype, value):
    host = SparkplugHost()
    said = Metric(name="m", alias=1, datatype=datatype, value=value)
    assert values(node_born(host, said)) == {"m": float(value)}
    assert values(say(host, "NDATA", Metric(alias=1, datatype=datatype, value=value), seq=1)) == {"m": float(value)}


@pytest.mark.parametrize(
    ("datatype", "value"),
    [(D.STRING, "RUN"), (D.TEXT, "ü"), (D.UUID, "x"), (D.UINT64, 2**64 - 1), (D.INT64, -(2**63)), (D.INT64, 2**53 + 1)],
)
def test_texts_and_integers_beyond_a_float_stay_what_they_are(datatype, value):
    host = SparkplugHost()
    assert texts(node_born(host, Metric(name="m", alias=1, datatype=datatype, value=value))) == {"m": value}
    assert texts(say(host, "NDATA", Metric(alias=1, datatype=datatype, value=value), seq=1)) == {"m": value}


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "value"),
    [
        (D.INT8, "int_value", 0xFF, -1), (D.INT8, "int_value", 0xFFFF_FFFF, -1), (D.INT16, "int_value", 0xFFFE, -2),
        (D.INT32, "long_value", 2**64 - 3, -3), (D.INT32, "long_value", 2**32 - 3, -3),
        (D.INT64, "int_value", 7, 7), (D.UINT32, "long_value", 2**32 - 1, 2**32 - 1), (D.UINT64, "int_value", 5, 5),
        (D.DOUBLE, "int_value", 5, 5.0), (D.DOUBLE, "float_value", 0.5, 0.5), (D.FLOAT, "double_value", 0.5, 0.5),
        (D.BOOLEAN, "int_value", 1, 1.0), (D.INT32, "boolean_value", True, 1.0), (D.INT32, "double_value", 2.0, 2.0),
    ],
)  # fmt: skip
def test_numbers_are_understood_in_whichever_field_a_node_puts_them(datatype, field, raw, value):
    host = SparkplugHost()
    node_born(host, Metric(name="m", alias=1, datatype=datatype, value=1))
    message = Payload(timestamp=NOW_MS, seq=1)
    message.metrics.add(alias=1, **{field: raw})
    assert values(receive(host, "NDATA", message)) == {"m": value}


@pytest.mark.parametrize(
    ("datatype", "field", "raw", "reason"),
    [
        (D.INT8, "int_value", 300, "300 does not fit an integer of 8 bits"),
        (D.INT64, "int_value", 2**32 - 1, "its sign is unknown"),
        (D.STRING, "double_value", 1.0, "a double was sent for STRING"),
        (D.STRING, "int_value", 1, "an integer was sent for STRING"),
        (D.DOUBLE, "bytes_value", b"x", "a bytes was sent for DOUBLE"),
        (D.PROPERTY_SET, "string_value", "x", "PROPERTY_SET is nothing that a metric can have"),
        (99, "double_value", 1.0, "the unknown data type 99"),
        (0, "int_value", 1, "an integer without its data type"),
        (0, "bytes_value", b"x", "a bytes was sent for a metric without a data type"),
    ],
)
def test_what_does_not_fit_its_type_is_refused_by_name(datatype, field, raw, reason):
    message = Payload(timestamp=NOW_MS, seq=0)
    message.metrics.add(name="m", datatype=datatype, **{field: raw})
    refused = receive(SparkplugHost(), "NBIRTH", message).reason
    assert refused.startswith("m: ")
    assert reason in refused


def test_a_metric_without_a_value_that_is_not_null_is_refused():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    message = Payload(timestamp=NOW_MS, seq=1)
    message.metrics.add(alias=1)
    assert receive(host, "NDATA", message).reason == "t: it has no value and is not marked as null"


def test_a_value_that_goes_missing_after_the_usual_ones_is_not_taken_for_0():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=1.0), seq=1)
    message = Payload(timestamp=NOW_MS, seq=2)
    message.metrics.add(alias=1, datatype=D.DOUBLE)
    assert "no value" in receive(host, "NDATA", message).reason


def test_null_bad_quality_and_nan_are_no_value():
    host = SparkplugHost()
    said = [
        Metric(name="null", alias=1, datatype=D.DOUBLE, value=None),
        Metric(name="bad", alias=2, datatype=D.DOUBLE, value=3.0, quality=0),
        Metric(name="nan", alias=3, datatype=D.DOUBLE, value=math.nan),
        Metric(name="infinite", alias=4, datatype=D.FLOAT, value=-math.inf),
        Metric(name="text", alias=5, datatype=D.STRING, value=None),
    ]
    for decoded in (node_born(host, *said), say(host, "NDATA", *said, seq=1), say(host, "NDATA", *said[2:4], seq=2)):
        assert all(math.isnan(v) for v in values(decoded).values())
        assert texts(decoded) in ({"text": None}, {})


def test_what_a_gateway_marks_as_stale_is_no_value_whatever_it_repeats():
    host = SparkplugHost()
    node_born(host, TEMPERATURE, Metric(name="state", alias=2, datatype=D.STRING, value="RUN"))
    stale = [
        Metric(alias=1, datatype=D.DOUBLE, value=20.0, quality=500),
        Metric(alias=2, datatype=D.STRING, value="RUN", quality=500),
    ]
    decoded = say(host, "NDATA", *stale, seq=1)
    assert math.isnan(values(decoded)["t"])
    assert texts(decoded) == {"state": None}


def test_another_quality_than_good_is_uncertain_and_history_is_historical():
    decoded = node_born(
        SparkplugHost(),
        Metric(name="now", datatype=D.DOUBLE, value=1.0),
        Metric(name="doubtful", datatype=D.DOUBLE, value=2.0, quality=64),
        Metric(name="then", datatype=D.DOUBLE, value=3.0, timestamp_ms=NOW_MS - 5000, historical=True),
    )
    assert [(r.metrics, r.quality, r.historical, r.observed_us) for r in decoded.readings] == [
        (("now",), GOOD, False, NOW_US),
        (("doubtful",), UNCERTAIN, False, NOW_US),
        (("then",), GOOD, True, NOW_US - 5_000_000),
    ]


def test_data_of_several_instants_are_one_reading_for_each():
    host = SparkplugHost()
    node_born(host, TEMPERATURE, Metric(name="u", alias=2, datatype=D.DOUBLE, value=0.0))
    at = [NOW_MS - 2000, NOW_MS - 1000, NOW_MS - 1000, None]
    told = [
        Metric(alias=1 + n % 2, datatype=D.DOUBLE, value=float(n), timestamp_ms=at[n], historical=True)
        for n in range(4)
    ]
    decoded = say(host, "NDATA", *told, seq=1)
    assert [(r.observed_us, r.metrics, r.values.tolist(), r.historical) for r in decoded.readings] == [
        (NOW_US - 2_000_000, ("t",), [0.0], True),
        (NOW_US - 1_000_000, ("u", "t"), [1.0, 2.0], True),
        (NOW_US, ("u",), [3.0], True),
    ]


def test_history_and_the_present_in_one_message_are_told_apart():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    now = Metric(alias=1, datatype=D.DOUBLE, value=1.0)
    then = Metric(alias=1, datatype=D.DOUBLE, value=2.0, timestamp_ms=NOW_MS - 1000, historical=True)
    decoded = say(host, "NDATA", now, then, seq=1)
    assert [(r.historical, r.values.tolist()) for r in decoded.readings] == [(False, [1.0]), (True, [2.0])]


def test_what_a_birth_dates_back_is_in_force_at_the_birth_too_unless_it_is_history():
    then = NOW_MS - 3_600_000
    decoded = node_born(
        SparkplugHost(),
        Metric(name="speed", datatype=D.DOUBLE, value=5.0, timestamp_ms=then, unit="m/s"),
        Metric(name="state", datatype=D.STRING, value="RUN", timestamp_ms=then),
        Metric(name="old", datatype=D.DOUBLE, value=6.0, timestamp_ms=then, historical=True),
    )
    assert [(r.observed_us, r.metrics, r.texts, r.units) for r in decoded.readings] == [
        (then * 1000, ("speed",), (("state", "RUN"),), (("speed", "m/s"),)),
        (NOW_US, ("speed",), (("state", "RUN"),), ()),
        (then * 1000, ("old",), (), ()),
    ]


@pytest.mark.parametrize("kind", ["NBIRTH", "NDATA"])
def test_a_metric_with_no_time_at_all_is_refused(kind):
    message = Payload(seq=0)
    message.metrics.add(name="t", datatype=D.DOUBLE, double_value=1.0)
    assert "has a time" in receive(unordered(), kind, message).reason


@pytest.mark.parametrize(("milliseconds", "reason"), [(1, "before 1990"), (NOW_MS + 2 * 86_400_000, "ahead of ours")])
def test_a_time_that_cannot_be_is_refused(milliseconds, reason):
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    told = Metric(alias=1, datatype=D.DOUBLE, value=1.0, timestamp_ms=milliseconds)
    assert reason in say(host, "NDATA", told, seq=1).reason


def test_malformed_properties_are_refused_by_name():
    message = Payload(timestamp=NOW_MS, seq=0)
    message.metrics.add(name="t", datatype=D.DOUBLE, double_value=1.0, properties=b"\xff")
    assert receive(SparkplugHost(), "NBIRTH", message).reason == "t: its properties are malformed"

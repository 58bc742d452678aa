import gzip
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.messages.readings import GOOD, UNCERTAIN
from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug import DataType, Metric, node_birth, payload, topic
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

D = DataType
SOURCE = "spBv1.0/g/edge"
TEMPERATURE = Metric(name="t", alias=1, datatype=D.DOUBLE, value=20.0, unit="degC")


def unordered():
    """A host that waits for nothing."""
    return SparkplugHost(reorder_timeout_us=0)


def receive(host, kind, raw, device=None, **of_the_envelope):
    if isinstance(raw, Payload):
        raw = raw.SerializeToString()
    (decoded,) = host.receive(envelope(topic("g", kind, "edge", device), raw, **of_the_envelope))
    return decoded


def node_born(host, *metrics):
    return receive(host, "NBIRTH", node_birth(metrics, bd_seq=0, timestamp_ms=NOW_MS))


def say(host, kind, *metrics, seq, device=None):
    return receive(host, kind, payload(metrics, timestamp_ms=NOW_MS, seq=seq), device)


def values(decoded):
    assert decoded.reason is None
    return {m: v for r in decoded.readings for m, v in zip(r.metrics, r.values.tolist(), strict=True)}


def texts(decoded):
    assert decoded.reason is None
    return dict(text for r in decoded.readings for text in r.texts)


def test_a_birth_stores_its_values_and_units_without_bd_seq_and_controls():
    decoded = node_born(SparkplugHost(), TEMPERATURE)
    assert values(decoded) == {"t": 20.0}
    (reading,) = decoded.readings
    assert (reading.source, reading.device, reading.units) == (SOURCE, "edge", (("t", "degC"),))
    assert decoded.alive is True


def test_data_by_alias_is_read_with_the_names_of_the_devices_own_birth():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    say(host, "DBIRTH", Metric(name="p", alias=1, datatype=D.INT16, value=-5), seq=1, device="pump")
    assert values(say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=21.0), seq=2)) == {"t": 21.0}
    decoded = say(host, "DDATA", Metric(alias=1, datatype=D.INT16, value=-6), seq=3, device="pump")
    assert values(decoded) == {"p": -6.0}
    assert decoded.readings[0].device == "pump"
    assert decoded.rebirth is None


def test_data_without_a_data_type_takes_it_from_the_birth():
    host = SparkplugHost()
    node_born(host, Metric(name="n", alias=4, datatype=D.INT32, value=1))
    raw = Payload(timestamp=NOW_MS, seq=1)
    raw.metrics.add(alias=4, int_value=2**32 - 7)
    assert values(receive(host, "NDATA", raw)) == {"n": -7.0}
    raw = Payload(timestamp=NOW_MS, seq=2)
    raw.metrics.add(name="n", int_value=2**32 - 8)
    assert values(receive(host, "NDATA", raw)) == {"n": -8.0}


def test_an_alias_of_0_is_an_alias_and_none_is_not():
    host = SparkplugHost()
    node_born(host, Metric(name="n", alias=0, datatype=D.DOUBLE, value=1.0))
    assert values(say(host, "NDATA", Metric(alias=0, datatype=D.DOUBLE, value=2.0), seq=1)) == {"n": 2.0}
    nameless = say(host, "NDATA", Metric(datatype=D.DOUBLE, value=3.0), seq=2)
    assert nameless.reason == "a metric has neither a name nor an alias"


def test_data_with_an_unknown_alias_is_refused_whole_and_asks_for_births():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    known, unknown = Metric(alias=1, datatype=D.DOUBLE, value=1.0), Metric(alias=9, datatype=D.DOUBLE, value=2.0)
    decoded = say(host, "NDATA", known, unknown, seq=1)
    assert decoded.readings == ()
    assert "alias 9" in decoded.reason
    assert decoded.rebirth == ("g", "edge")


def test_an_alias_that_a_birth_gives_twice_names_neither():
    host = SparkplugHost()
    twice = [Metric(name=name, alias=1, datatype=D.DOUBLE, value=1.0) for name in ("a", "b")]
    assert values(node_born(host, *twice)) == {"a": 1.0, "b": 1.0}
    assert "alias 1" in say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=1.0), seq=1).reason


def test_a_metric_that_a_birth_gives_twice_is_one_with_two_aliases_and_both_values_are_offered():
    host = SparkplugHost()
    born = node_born(host, *[Metric(name="a", alias=n, datatype=D.DOUBLE, value=float(n)) for n in (1, 2)])
    assert [(r.metrics, r.values.tolist()) for r in born.readings] == [(("a", "a"), [1.0, 2.0])]
    assert values(say(host, "NDATA", Metric(alias=2, datatype=D.DOUBLE, value=5.0), seq=1)) == {"a": 5.0}


def test_a_metric_of_a_birth_without_a_name_is_refused():
    assert "alias 3" in node_born(SparkplugHost(), Metric(alias=3, datatype=D.DOUBLE, value=1.0)).reason


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


def test_a_birth_that_is_refused_still_names_its_aliases():
    host = SparkplugHost()
    birth = node_born(host, TEMPERATURE, Metric(name="late", datatype=D.DOUBLE, value=1.0, timestamp_ms=1))
    assert birth.readings == ()
    assert values(say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=9.0), seq=1)) == {"t": 9.0}


def test_malformed_properties_are_refused_by_name():
    message = Payload(timestamp=NOW_MS, seq=0)
    message.metrics.add(name="t", datatype=D.DOUBLE, double_value=1.0, properties=b"\xff")
    assert receive(SparkplugHost(), "NBIRTH", message).reason == "t: its properties are malformed"


def test_transient_metrics_are_not_stored_but_their_message_is_followed():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    message = Payload(timestamp=NOW_MS, seq=1)
    message.metrics.add(alias=1, datatype=D.DOUBLE, double_value=1.0, is_transient=True)
    assert values(receive(host, "NDATA", message)) == {}
    assert values(say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=2.0), seq=2)) == {"t": 2.0}


def test_controls_and_bd_seq_in_data_are_not_stored():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    told = [Metric(name=n, datatype=D.BOOLEAN, value=False) for n in ("Node Control/Rebirth", "Device Control/X")]
    assert values(say(host, "NDATA", *told, Metric(name="bdSeq", datatype=D.INT64, value=1), seq=1)) == {}


@pytest.mark.parametrize("name", ["a\x00b", "x" * 513])
def test_names_that_the_database_cannot_hold_are_refused(name):
    host = unordered()
    assert node_born(host, Metric(name=name, alias=1, datatype=D.DOUBLE, value=1.0)).reason is not None
    assert say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=1.0), seq=1).reason is not None


def test_the_same_metrics_again_are_the_same_tuple_so_that_their_series_are_found_at_once():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    first, second = (say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=v), seq=int(v)) for v in (1.0, 2.0))
    assert first.readings[0].metrics is second.readings[0].metrics


def test_ever_new_selections_of_metrics_are_read_right_and_do_not_pile_up():
    host = SparkplugHost()
    node_born(host, *[Metric(name=f"m{n}", alias=n, datatype=D.DOUBLE, value=0.0) for n in range(1, 6)])
    for seq in range(1, 120):
        told = [n for n in range(1, 6) if seq >> n & 1] or [1]
        decoded = say(host, "NDATA", *[Metric(alias=n, datatype=D.DOUBLE, value=float(n)) for n in told], seq=seq)
        assert values(decoded) == {f"m{n}": float(n) for n in told}


@pytest.mark.parametrize("address", ["STATE/x", "g/NCMD/e", "g/DCMD/e/d"])
def test_commands_and_hosts_are_not_telemetry(address):
    assert SparkplugHost().receive(envelope(f"spBv1.0/{address}", b"x")) == []


@pytest.mark.parametrize("address", ["STATE/", "g/NDATA", "g/NDATA/e/d", "g/DDATA/e", "/NDATA/e", "g/XDATA/e", ""])
def test_topics_that_are_not_sparkplugs_are_refused(address):
    (decoded,) = SparkplugHost().receive(envelope(f"spBv1.0/{address}", b""))
    assert decoded.reason is not None


def test_a_retained_message_is_refused():
    body = node_birth([TEMPERATURE], bd_seq=0, timestamp_ms=NOW_MS)
    assert "retained" in receive(SparkplugHost(), "NBIRTH", body, retained=True).reason


def test_what_is_no_payload_is_refused():
    assert receive(SparkplugHost(), "NBIRTH", b"\xff").reason == "the payload is not Sparkplug B"


def test_a_compressed_payload_is_refused_and_never_inflated():
    body = Payload(timestamp=NOW_MS, seq=0, uuid="SPBV1.0_COMPRESSED", body=gzip.compress(bytes(1 << 20)))
    body.metrics.add(name="algorithm", datatype=D.STRING, string_value="GZIP")
    assert "compressed" in receive(SparkplugHost(), "NBIRTH", body.SerializeToString()).reason


@pytest.mark.parametrize(
    ("metrics", "reason"), [(120_001, "120000 metrics"), (400_001, "400000 bytes that may each begin a metric")]
)
def test_more_metrics_than_fit_into_memory_are_refused(metrics, reason):
    raw = Payload(timestamp=NOW_MS, seq=0).SerializeToString() + b"\x12\x00" * metrics
    assert receive(SparkplugHost(), "NBIRTH", raw).reason == f"it has more than {reason}"


@given(
    st.lists(
        st.builds(
            Metric,
            name=st.text(max_size=5),
            alias=st.none() | st.integers(0, 3),
            datatype=st.sampled_from([D.DOUBLE, D.STRING, D.BOOLEAN, D.INT64]),
            value=st.none() | st.integers(0, 1),
            timestamp_ms=st.none() | st.integers(0, 2**63),
        ),
        max_size=4,
    ),
    st.integers(0, 255),
)
def test_any_payload_is_taken_whole_or_refused_whole(metrics, seq):
    decoded = say(unordered(), "NDATA", *metrics, seq=seq)
    stored = sum(len(r.metrics) + len(r.texts) for r in decoded.readings)
    skipped = sum(m.name == "bdSeq" for m in metrics)
    assert stored == (0 if decoded.reason else len(metrics) - skipped)

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.readings import GOOD, UNCERTAIN, Silence
from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug import DataType, Metric, node_birth, node_death, payload, topic
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_MS, NOW_US, envelope

D = DataType
SOURCE = "spBv1.0/g/edge"
TEMPERATURE = Metric(name="t", alias=1, datatype=D.DOUBLE, value=20.0, unit="degC")


def node_born(host, *metrics, bd_seq=0, at_us=NOW_US):
    return host.decode(
        envelope(topic("g", "NBIRTH", "edge"), node_birth(metrics, bd_seq=bd_seq, timestamp_ms=NOW_MS), at_us=at_us)
    )


def say(host, kind, *metrics, seq, device=None, at_us=NOW_US):
    body = payload(metrics, timestamp_ms=NOW_MS, seq=seq)
    return host.decode(envelope(topic("g", kind, "edge", device), body, at_us=at_us))


def values(decoded):
    assert decoded.reason is None
    return {m: v for r in decoded.readings for m, v in zip(r.metrics, r.values.tolist(), strict=True)}


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
    assert values(host.decode(envelope(topic("g", "NDATA", "edge"), raw.SerializeToString()))) == {"n": -7.0}


def test_data_with_an_unknown_alias_is_refused_whole_and_asks_for_births():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    decoded = say(
        host,
        "NDATA",
        Metric(alias=1, datatype=D.DOUBLE, value=1.0),
        Metric(alias=9, datatype=D.DOUBLE, value=2.0),
        seq=1,
    )
    assert decoded.readings == ()
    assert "alias 9" in decoded.reason


def test_named_data_before_any_birth_is_stored_and_births_are_asked_for():
    decoded = say(SparkplugHost(), "NDATA", Metric(name="t", datatype=D.DOUBLE, value=3.0), seq=7)
    assert values(decoded) == {"t": 3.0}
    assert decoded.rebirth == ("g", "edge")


def test_a_gap_in_the_sequence_asks_for_births_and_loses_nothing():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    assert say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=1.0), seq=1).rebirth is None
    late = say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=2.0), seq=3)
    assert values(late) == {"t": 2.0}
    assert late.rebirth == ("g", "edge")


def test_the_sequence_goes_from_255_to_0():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    asked = [
        say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=1.0), seq=seq % 256).rebirth
        for seq in range(1, 300)
    ]
    assert not any(asked)


def test_births_are_asked_for_at_most_once_in_thirty_seconds():
    host = SparkplugHost()
    asked = [
        say(host, "NDATA", Metric(name="t", datatype=D.DOUBLE, value=3.0), seq=0, at_us=NOW_US + s * 1_000_000).rebirth
        for s in (0, 1, 29, 30, 31)
    ]
    assert [a is not None for a in asked] == [True, False, False, True, False]


def test_births_are_asked_for_again_until_they_come():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    number = Metric(alias=1, datatype=D.DOUBLE, value=1.0)
    seqs_at = {3: 0, 4: 10, 5: 30, 6: 60}
    asked = [say(host, "NDATA", number, seq=seq, at_us=NOW_US + s * 1_000_000).rebirth for seq, s in seqs_at.items()]
    assert [a is not None for a in asked] == [True, False, True, True]
    node_born(host, TEMPERATURE, at_us=NOW_US + 61_000_000)
    assert say(host, "NDATA", number, seq=1, at_us=NOW_US + 120_000_000).rebirth is None


def test_a_node_that_never_names_one_of_its_devices_is_not_asked_at_every_message():
    host = SparkplugHost()
    asked = []
    for s in range(60):
        at_us = NOW_US + s * 1_000_000
        node_born(host, TEMPERATURE, at_us=at_us)
        unnamed = Metric(name="p", datatype=D.DOUBLE, value=1.0)
        asked.append(say(host, "DDATA", unnamed, seq=1, device="pump", at_us=at_us).rebirth)
    assert [s for s, a in enumerate(asked) if a is not None] == [0, 30]


def test_after_its_death_a_node_is_not_asked_for_what_it_will_say_anyway():
    host = SparkplugHost()
    node_born(host, TEMPERATURE)
    number = Metric(alias=1, datatype=D.DOUBLE, value=1.0)
    assert say(host, "NDATA", number, seq=5).rebirth is not None
    host.decode(envelope(topic("g", "NDEATH", "edge"), node_death(bd_seq=0, timestamp_ms=NOW_MS)))
    assert say(host, "DDEATH", seq=6, device="pump", at_us=NOW_US + 60_000_000).rebirth is None


def test_a_death_silences_the_node_and_makes_its_aliases_unknown():
    host = SparkplugHost()
    node_born(host, TEMPERATURE, bd_seq=4)
    death = host.decode(envelope(topic("g", "NDEATH", "edge"), node_death(bd_seq=4, timestamp_ms=NOW_MS)))
    assert death.silences == (Silence(SOURCE, None, None),)
    assert death.alive is False
    assert say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=1.0), seq=1).reason is not None


def test_the_death_of_an_earlier_session_changes_nothing():
    host = SparkplugHost()
    node_born(host, TEMPERATURE, bd_seq=5)
    death = host.decode(envelope(topic("g", "NDEATH", "edge"), node_death(bd_seq=4, timestamp_ms=NOW_MS)))
    assert (death.silences, death.reason) == ((), None)
    assert values(say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=1.0), seq=1)) == {"t": 1.0}


def test_a_devices_death_silences_it_from_the_payloads_time():
    host = SparkplugHost()
    node_born(host)
    say(host, "DBIRTH", Metric(name="p", datatype=D.DOUBLE, value=1.0), seq=1, device="pump")
    assert say(host, "DDEATH", seq=2, device="pump").silences == (Silence(SOURCE, "pump", NOW_US),)


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (D.INT8, -128), (D.INT16, -1), (D.INT32, -(2**31)), (D.INT64, -1), (D.UINT8, 255), (D.UINT16, 65535),
        (D.UINT32, 2**32 - 1), (D.INT64, 2**53), (D.FLOAT, 0.5), (D.DOUBLE, 1e300), (D.BOOLEAN, True),
        (D.DATETIME, NOW_MS),
    ],
)  # fmt: skip
def test_every_numeric_type_arrives_as_it_was(datatype, value):
    assert values(node_born(SparkplugHost(), Metric(name="m", datatype=datatype, value=value))) == {"m": float(value)}


@pytest.mark.parametrize(
    ("datatype", "value"),
    [(D.STRING, "RUN"), (D.TEXT, "ü"), (D.UUID, "x"), (D.UINT64, 2**64 - 1), (D.INT64, -(2**63)), (D.INT64, 2**53 + 1)],
)
def test_texts_and_integers_beyond_a_float_stay_what_they_are(datatype, value):
    (reading,) = node_born(SparkplugHost(), Metric(name="m", datatype=datatype, value=value)).readings
    assert reading.texts == (("m", value),)


def test_null_bad_quality_and_nan_are_no_value():
    decoded = node_born(
        SparkplugHost(),
        Metric(name="null", datatype=D.DOUBLE, value=None),
        Metric(name="bad", datatype=D.DOUBLE, value=3.0, quality=0),
        Metric(name="nan", datatype=D.DOUBLE, value=math.nan),
        Metric(name="text", datatype=D.STRING, value=None),
    )
    assert all(math.isnan(v) for v in values(decoded).values())
    assert {t for r in decoded.readings for t in r.texts} == {("text", None)}


def test_stale_is_uncertain_and_history_is_historical():
    decoded = node_born(
        SparkplugHost(),
        Metric(name="now", datatype=D.DOUBLE, value=1.0),
        Metric(name="stale", datatype=D.DOUBLE, value=2.0, quality=500),
        Metric(name="then", datatype=D.DOUBLE, value=3.0, timestamp_ms=NOW_MS - 5000, historical=True),
    )
    assert [(r.metrics, r.quality, r.historical, r.observed_us) for r in decoded.readings] == [
        (("now",), GOOD, False, NOW_US),
        (("stale",), UNCERTAIN, False, NOW_US),
        (("then",), GOOD, True, NOW_US - 5_000_000),
    ]


def test_a_birth_refused_for_a_dataset_still_names_its_aliases():
    host = SparkplugHost()
    raw = Payload.FromString(node_birth([TEMPERATURE], bd_seq=0, timestamp_ms=NOW_MS))
    raw.metrics.add(name="table", datatype=D.DATASET, dataset_value=b"")
    birth = host.decode(envelope(topic("g", "NBIRTH", "edge"), raw.SerializeToString()))
    assert birth.readings == ()
    assert "table: a dataset is neither a number nor a text" in birth.reason
    assert values(say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=9.0), seq=1)) == {"t": 9.0}


def test_transient_metrics_are_not_stored():
    raw = Payload.FromString(node_birth([TEMPERATURE], bd_seq=0, timestamp_ms=NOW_MS))
    raw.metrics[-1].is_transient = True
    assert values(SparkplugHost().decode(envelope(topic("g", "NBIRTH", "edge"), raw.SerializeToString()))) == {}


@pytest.mark.parametrize("kind", ["NCMD", "STATE"])
def test_commands_and_hosts_are_not_telemetry(kind):
    decoded = SparkplugHost().decode(envelope(f"spBv1.0/{kind}/x" if kind == "STATE" else topic("g", kind, "e"), b"x"))
    assert (decoded.readings, decoded.reason) == ((), None)


def test_a_retained_message_is_refused():
    body = node_birth([TEMPERATURE], bd_seq=0, timestamp_ms=NOW_MS)
    assert "retained" in SparkplugHost().decode(envelope(topic("g", "NBIRTH", "e"), body, retained=True)).reason


@given(st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "XDATA"]), st.binary(max_size=120))
def test_any_bytes_end_as_readings_or_as_a_reason(kind, raw):
    decoded = SparkplugHost().decode(envelope(f"spBv1.0/g/{kind}/e", raw))
    assert decoded.reason is None or decoded.readings == ()


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
    decoded = say(SparkplugHost(), "NDATA", *metrics, seq=seq)
    stored = sum(len(r.metrics) + len(r.texts) for r in decoded.readings)
    skipped = sum(m.name == "bdSeq" for m in metrics)
    assert stored == (0 if decoded.reason else len(metrics) - skipped)

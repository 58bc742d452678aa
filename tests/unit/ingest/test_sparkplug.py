"""Names, aliases and topics, and what is refused whole."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug import Metric, node_birth
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_MS, envelope
from tests.unit.ingest.sparkplug_hosting import SOURCE
from tests.unit.ingest.sparkplug_talk import TEMPERATURE, D, node_born, receive, say, unordered, values


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


def test_a_birth_that_is_refused_still_names_its_aliases():
    host = SparkplugHost()
    birth = node_born(host, TEMPERATURE, Metric(name="late", datatype=D.DOUBLE, value=1.0, timestamp_ms=1))
    assert birth.readings == ()
    assert values(say(host, "NDATA", Metric(alias=1, datatype=D.DOUBLE, value=9.0), seq=1)) == {"t": 9.0}


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

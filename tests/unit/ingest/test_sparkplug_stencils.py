"""Whatever a stencil reads, it reads as the long way does: same readings, same refusals."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.messages.readings import Reading
from services.ingest.sparkplug.births import Births, learn
from services.ingest.sparkplug.stencils import Stencils
from services.ingest.sparkplug.telemetry import readings_of
from services.ingest.sparkplug.topics import parse_topic
from shared.errors import DecodeError
from shared.sparkplug import DataType, Metric, payload, topic
from shared.sparkplug.decode import parse_payload
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.unit.ingest.messages import NOW_MS, envelope

TOPIC = topic("g", "DDATA", "edge", "device")
REPEATED = 8
VALUES = {
    DataType.DOUBLE: st.floats(),
    DataType.FLOAT: st.floats(width=32),
    DataType.BOOLEAN: st.booleans(),
    DataType.INT8: st.integers(-128, 127),
    DataType.INT32: st.one_of(st.integers(0, 127), st.integers(-(2**31), 2**31 - 1)),
    DataType.UINT32: st.one_of(st.integers(128, 16_383), st.integers(0, 2**32 - 1)),
    DataType.INT64: st.one_of(st.integers(0, 2**20), st.integers(-(2**63), 2**63 - 1)),
    DataType.DATETIME: st.integers(0, 2**41),
}
Said = list[Metric]
kinds = st.lists(st.sampled_from([*VALUES, *[DataType.DOUBLE] * 8]), min_size=16, max_size=20)
times = st.one_of(st.none(), st.just(NOW_MS), st.integers(NOW_MS - 1000, NOW_MS), st.just(0))


def born(datatypes: list[DataType]) -> Births:
    metrics = [Metric(name=f"m{n}", alias=n, datatype=kind, value=0) for n, kind in enumerate(datatypes)]
    return learn(parse_payload(payload(metrics, timestamp_ms=NOW_MS, seq=1)))


def said(datatypes: list[DataType], values: list[object], at: list[int | None]) -> Said:
    return [
        Metric(alias=n, datatype=kind, value=value, timestamp_ms=time)  # type: ignore[arg-type]
        for n, (kind, value, time) in enumerate(zip(datatypes, values, at, strict=True))
    ]


def read(raw: bytes, births: Births) -> tuple[Reading, ...] | str:
    try:
        return readings_of(envelope(TOPIC, raw), parse_topic(TOPIC), parse_payload(raw), births)
    except DecodeError as exc:
        return exc.reason


def assert_same(raw: bytes, births: Births) -> None:
    short, long = read(raw, births), read(raw, replace(births, stencils=Stencils()))
    assert len(short) == len(long)
    for one, other in zip(short, long, strict=True):
        if isinstance(one, str):
            assert one == other
        else:
            np.testing.assert_array_equal(one.values, other.values)
            assert one._replace(values=0) == other._replace(values=0)  # type: ignore[arg-type]


@st.composite
def messages(draw: st.DrawFn) -> tuple[list[DataType], list[Said]]:
    """Messages of one device: first alike, then with other values, times and flags."""
    datatypes = draw(kinds)
    values = st.tuples(*(VALUES[kind] for kind in datatypes)).map(list)
    whens = st.one_of(times.map(lambda at: [at] * len(datatypes)), st.tuples(*[times] * len(datatypes)).map(list))
    at = draw(whens)
    alike = [said(datatypes, draw(values), at)] * REPEATED
    other = [said(datatypes, draw(values), draw(whens)) for _ in range(3)]
    place = draw(st.integers(0, len(datatypes) - 1))
    change = draw(
        st.sampled_from([{"value": None}, {"historical": True}, {"alias": 99}, {"name": "m0"}, {"quality": 0}])
    )
    flagged = [*other[0][:place], replace(other[0][place], **change), *other[0][place + 1 :]]
    return datatypes, [*alike, *other, flagged, list(reversed(other[1]))]


@settings(max_examples=60, deadline=None)
@given(messages(), st.integers(0, 300))
def test_what_a_device_says_is_read_as_without_stencils(story: tuple[list[DataType], list[Said]], seq: int) -> None:
    datatypes, all_said = story
    births = born(datatypes)
    for number, metrics in enumerate(all_said):
        assert_same(payload(metrics, timestamp_ms=NOW_MS + number, seq=seq), births)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_byte_of_a_message_is_another_it_is_read_as_without_stencils(seed: int) -> None:
    random = Random(seed)
    datatypes = random.choices([DataType.DOUBLE, DataType.FLOAT, DataType.UINT32, DataType.BOOLEAN], k=16)
    births = born(datatypes)
    raw = payload(said(datatypes, [1] * 16, [NOW_MS] * 16), timestamp_ms=NOW_MS, seq=200)
    for _ in range(REPEATED):
        read(raw, births)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] = random.randrange(256)
        try:
            parse_payload(bytes(changed))
        except ValueError:
            continue
        assert_same(bytes(changed), births)


@pytest.mark.parametrize(
    ("datatype", "field", "first", "then"),
    [
        pytest.param(DataType.INT8, "int_value", 200, 255, id="negative, and not extended"),
        pytest.param(DataType.INT32, "int_value", 2**32 - 1, 2**32 - 2, id="negative"),
        pytest.param(DataType.INT32, "long_value", 2**64 - 1, 2**64 - 2, id="negative, and extended"),
        pytest.param(DataType.INT64, "long_value", 2**64 - 1, 2**64 - 2, id="negative and long"),
        pytest.param(DataType.UINT64, "long_value", 2**62, 2**62 + 1, id="beyond what a float64 holds"),
    ],
)
def test_integers_are_what_they_are_whatever_was_learnt(datatype: DataType, field: str, first: int, then: int) -> None:
    births = born([DataType.DOUBLE] * 16)
    for number in [first] * (REPEATED + 1) + [then]:
        message = Payload.FromString(doubles(16, 1.0, seq=3))
        message.metrics[5].datatype = datatype
        setattr(message.metrics[5], field, number)
        assert_same(message.SerializeToString(), births)


def learnt(count: int, *, repeated: int = REPEATED) -> Stencils:
    datatypes = [DataType.DOUBLE] * count
    births = born(datatypes)
    for number in range(repeated):
        read(doubles(count, float(number), seq=number), births)
    return births.stencils


def doubles(count: int, value: float, *, seq: int) -> bytes:
    return payload(said([DataType.DOUBLE] * count, [value] * count, [NOW_MS] * count), timestamp_ms=NOW_MS, seq=seq)


def test_what_a_device_says_again_and_again_is_read_by_a_stencil_whatever_its_number():
    for seq in (5, 250):
        found = learnt(16).read(doubles(16, math.inf, seq=seq), seq)
        assert found is not None
        assert list(found.timestamps) == [NOW_MS] * 16
        assert np.isnan(found.values).all()


def test_a_message_that_a_stencil_fits_is_read_by_it_and_looks_no_name_up():
    births = born([DataType.DOUBLE] * 16)
    for number in range(REPEATED):
        read(doubles(16, float(number), seq=number), births)
    births.shapes.clear()
    births.by_alias.clear()
    (reading,) = read(doubles(16, 9.0, seq=9), births)
    assert reading.values.tolist() == [9.0] * 16
    assert read(doubles(15, 9.0, seq=9), births) == "no birth gives alias 0 to one metric"


def test_no_stencil_is_cut_for_few_metrics_nor_before_a_message_was_repeated():
    assert learnt(15).read(doubles(15, 1.0, seq=1), 1) is None
    assert learnt(16, repeated=REPEATED - 1).read(doubles(16, 1.0, seq=1), 1) is None


def test_a_device_that_never_says_the_same_has_few_stencils_cut():
    births = born([DataType.DOUBLE] * 40)
    for _ in range(3):
        for count in range(16, 40):
            read(doubles(count, 1.0, seq=1), births)
    fitting = [count for count in range(16, 40) if births.stencils.read(doubles(count, 1.0, seq=1), 1) is not None]
    assert 1 <= len(fitting) <= 2


def test_no_stencil_is_cut_for_history_of_more_values_than_the_device_has_metrics():
    births = born([DataType.DOUBLE] * 16)
    metrics = said([DataType.DOUBLE] * 16, [1.0] * 16, [NOW_MS] * 16)
    raw = payload(metrics * 2, timestamp_ms=NOW_MS, seq=1)
    for _ in range(REPEATED + 1):
        read(raw, births)
    assert births.stencils.read(raw, 1) is None


def test_no_stencil_is_cut_for_metrics_that_are_mostly_something_else():
    births = born([DataType.DOUBLE] * 16)
    message = Payload.FromString(doubles(16, 1.0, seq=1))
    message.metrics[5].metadata = bytes(16 * 128)
    raw = message.SerializeToString()
    for _ in range(REPEATED + 1):
        assert len(read(raw, births)) == 1
    assert births.stencils.read(raw, 1) is None

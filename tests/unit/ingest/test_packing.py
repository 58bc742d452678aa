import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded, Reading, Silence
from services.ingest.spool.packing import pack, unpack

_TEXT = st.text(max_size=8)
_INSTANTS = st.integers(0, 2**62)
_READINGS = st.builds(
    lambda reading, values: reading._replace(metrics=tuple(f"m{n}" for n in range(len(values))), values=values),
    st.builds(
        Reading,
        source=_TEXT,
        protocol=_TEXT,
        device=_TEXT,
        observed_us=_INSTANTS,
        historical=st.booleans(),
        metrics=st.just(()),
        values=st.none(),
        texts=st.lists(st.tuples(_TEXT, st.none() | _TEXT | st.integers(-(2**63), 2**64 - 1)), max_size=3).map(tuple),
        quality=st.sampled_from([192, 64, 0]),
        units=st.lists(st.tuples(_TEXT, _TEXT), max_size=2).map(tuple),
    ),
    st.lists(st.floats(), max_size=4).map(np.array).map(lambda each: each.astype(np.float64)),
)
_MESSAGES = st.builds(
    Decoded,
    envelope=st.builds(
        Envelope,
        topic=_TEXT,
        payload=st.binary(max_size=20),
        qos=st.integers(0, 2),
        retained=st.booleans(),
        received_us=_INSTANTS,
        mid=st.integers(0, 65_535),
        connection=st.integers(0, 1000),
    ),
    readings=st.lists(_READINGS, max_size=2).map(tuple),
    silences=st.lists(st.builds(Silence, _TEXT, st.none() | _TEXT, st.none() | _INSTANTS), max_size=2).map(tuple),
    reason=st.none() | _TEXT,
    alive=st.none() | st.booleans(),
    rebirth=st.none() | st.tuples(_TEXT, _TEXT),
)


def comparable(message):
    """The message with its values as bytes: NaN is no equal of itself, and its bits count too."""
    return message._replace(readings=tuple(each._replace(values=each.values.tobytes()) for each in message.readings))


@given(st.lists(_MESSAGES, max_size=3))
def test_what_is_packed_comes_out_as_it_went_in(messages):
    assert [comparable(each) for each in unpack(pack(messages))] == [comparable(each) for each in messages]


def test_a_topic_that_is_not_unicode_is_kept_as_it_is_printed():
    (message,) = unpack(pack([Decoded(Envelope("a\udcff", b"x", 0, False, 1, 0, 0), reason="no text: \udcff")]))
    assert (message.envelope.topic, message.reason, message.envelope.payload) == ("a\\udcff", "no text: \\udcff", b"x")


@pytest.mark.parametrize("packed", [b"", b"\x00\x01", pack([])[:-1], pack([])[2:]])
def test_other_bytes_are_refused(packed):
    with pytest.raises(ValueError, match=r"\w"):
        unpack(packed)

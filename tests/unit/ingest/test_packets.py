import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from services.ingest.mqtt.packets import Publish, PublishStream, pubacks


def length(size):
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def packet(first, body):
    return bytes([first]) + length(len(body)) + body


def properties(user):
    wire = Properties(PacketTypes.PUBLISH)
    if user:
        wire.UserProperty = user
    return wire.pack()


def on_the_wire(message, *, version5, user=()):
    topic = message.topic.encode(errors="surrogateescape")
    mid = struct.pack(">H", message.mid) if message.qos else b""
    body = struct.pack(">H", len(topic)) + topic + mid + (properties(user) if version5 else b"") + message.payload
    return packet(0x30 | message.qos << 1 | message.retain, body)


ids = st.integers(1, 65_535)
topics = st.text(max_size=8)
messages = st.one_of(
    st.builds(Publish, topics, st.binary(max_size=300), st.just(0), st.booleans(), st.just(0)),
    st.builds(Publish, topics, st.binary(max_size=300), st.just(1), st.booleans(), ids),
)
users = st.lists(st.tuples(st.text("ab", max_size=90), st.just("v")), max_size=2)
others = st.one_of(
    st.sampled_from([b"\xd0\x00", b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"]),
    ids.map(lambda mid: packet(0x34, b"\x00\x01t" + struct.pack(">H", mid) + b"\x00qos 2")),
)


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[first:end] for first, end in pairwise(edges)]


@given(
    version5=st.booleans(),
    sent=st.lists(st.one_of(st.tuples(messages, users), others)),
    places=st.lists(st.integers(0)),
)
def test_every_message_is_read_however_the_stream_is_cut_and_all_else_is_left_as_it_was(version5, sent, places):
    data = b"".join(
        one if isinstance(one, bytes) else on_the_wire(one[0], version5=version5, user=one[1]) for one in sent
    )
    stream = PublishStream(version5=version5)
    assert [found for part in cut(data, places) for found in stream.feed(part)] == [
        one[0] for one in sent if not isinstance(one, bytes)
    ]
    assert stream.others == b"".join(one for one in sent if isinstance(one, bytes))


@pytest.mark.parametrize("size", [0, 127, 128, 16_383, 16_384, 2_097_152])
def test_a_message_of_any_size_is_read_from_a_socket_s_chunks(size):
    message = Publish("t", b"x" * size, 1, False, 7)
    data = on_the_wire(message, version5=True) * 2
    stream = PublishStream(version5=True)
    assert [found for part in cut(data, range(0, len(data), 65_536)) for found in stream.feed(part)] == [message] * 2


@pytest.mark.parametrize(
    "malformed",
    [
        pytest.param(packet(0x32, b""), id="nothing in it"),
        pytest.param(packet(0x32, b"\x00\x09topic"), id="a topic longer than the packet"),
        pytest.param(packet(0x32, b"\x00\x01t\x00"), id="half a packet identifier"),
        pytest.param(packet(0x32, b"\x00\x01t\x00\x07"), id="no properties"),
        pytest.param(packet(0x32, b"\x00\x01t\x00\x07\x05ab"), id="properties longer than the packet"),
        pytest.param(packet(0x30, b"\x00\x01t\xff\xff\xff\xff"), id="properties of endless length"),
        pytest.param(packet(0x36, b"\x00\x01t\x00\x07\x00"), id="QoS 3"),
        pytest.param(b"\x32\xff\xff\xff\xff\xff", id="a packet of endless length"),
    ],
)
def test_what_is_malformed_is_left_for_paho_to_refuse(malformed):
    stream = PublishStream(version5=True)
    assert stream.feed(malformed) == []
    assert stream.others == malformed


def test_a_topic_that_is_no_utf8_stops_nothing():
    message = Publish("bellwether/v1/\udcff/x", b"{}", 0, False, 0)
    assert PublishStream(version5=False).feed(on_the_wire(message, version5=False)) == [message]


def test_acknowledgements_are_packets_of_four_bytes_each():
    assert pubacks([1, 0x1234, 65_535]) == b"\x40\x02\x00\x01" + b"\x40\x02\x12\x34" + b"\x40\x02\xff\xff"

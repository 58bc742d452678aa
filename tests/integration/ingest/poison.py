"""Messages that a stream must survive: what each is, and whether it ends as samples or with which reason."""

import gzip
import json
import math
import random
from typing import NamedTuple

from shared.sparkplug import DataType, Metric, node_birth, payload, topic
from shared.sparkplug.sparkplug_b_pb2 import Payload

LARGEST = 8 * 1024 * 1024
"""Of a payload, as the broker is shipped."""

MANY = 100_000
"""Metrics in one message."""

NOW_MS = 1_780_000_000_000


class Poison(NamedTuple):
    """One message, and how many samples are stored of it; or which words are in the reason of its dead letter."""

    topic: str
    payload: bytes
    samples: int = 0
    reason: str | None = None

    def __repr__(self) -> str:
        return f"{self.topic[:60]!r} with {len(self.payload)} bytes {self.payload[:40]!r}"


def kept() -> list[Poison]:
    """Of everything that comes at QoS 1."""
    return [*_large(), *_times(), *_values(), *_texts(), *_topics(), *_umh(), *_mapped()]


def _json(name: str, body: object, samples: int = 0, reason: str | None = None) -> Poison:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Poison(f"bellwether/v1/poison/{name}", raw, samples, reason)


def _told(values: str, at: str = str(NOW_MS)) -> bytes:
    return f'{{"timestamp": {at}, "values": {values}}}'.encode()


def _large() -> list[Poison]:
    many = {f"m{number}": number for number in range(MANY)}
    array = [{"timestamp": NOW_MS + number, "values": {"v": number}} for number in range(MANY)]
    text = _told(f'{{"v": "{"x" * (LARGEST - 100)}"}}')
    return [
        _json("many", {"timestamp": NOW_MS, "values": many}, samples=MANY),
        _json("array", array, samples=MANY),
        _json("text", text, samples=1),
        _json("garbage", bytes(range(256)) * (LARGEST // 256), reason="malformed"),
        _json("open", b"[" * LARGEST, reason="Expected"),
        _json("nested", b'{"values":' * 800_000, reason=""),
        _json("long-name", _told(f'{{"{"n" * (LARGEST - 100)}": 1}}'), reason="1 to 512 characters"),
        _json("digits", _told(f'{{"v": {"9" * (LARGEST - 100)}}}'), reason=""),
        _json("gzip", _zeros_gzipped(1 << 30), reason="malformed"),
        _json("empty", b"", reason="truncated"),
    ]


def _times() -> list[Poison]:
    early, ahead = "before 1990", "ahead of ours"
    moments = [
        ("year-1", -62_135_596_800_000, early),
        ("year-9999", 253_402_300_799_999, ahead),
        ("never", 0, early),
        ("long-ago", -(2**63), early),
        ("far", 2**63 - 1, ahead),
        ("farther", 2**64 - 1, ""),
        ("farthest", 10**400, ""),
    ]
    return [_json(name, _told('{"v": 1}', str(at)), reason=reason) for name, at, reason in moments]


def _values() -> list[Poison]:
    return [
        _json("nan", _told('{"v": NaN}'), reason="malformed"),
        _json("infinity", _told('{"v": -Infinity}'), reason="malformed"),
        _json("too-large", _told('{"v": 1e400}'), reason=""),
        _json("largest", _told('{"v": 1.7976931348623157e308, "w": 5e-324}'), samples=2),
        _json("thirty-digits", _told(f'{{"v": {10**30 - 1}}}'), samples=1),
        _json("thirty-one-digits", _told(f'{{"v": {10**30}}}'), reason=""),
        _json("object", _told('{"v": {}}'), reason="Expected"),
        _json("nothing", _told("{}")),
        _json("twice", _told('{"v": 1, "v": 2}'), samples=1),
    ]


def _texts() -> list[Poison]:
    return [
        _json("not-utf8", _told('{"v": "') + b'\xff\xfe"}}', reason=""),
        _json("nul", _told('{"v": "a\\u0000b"}'), reason="NUL"),
        _json("nul-name", _told('{"a\\u0000b": 1}'), reason="NUL"),
        _json("surrogate", _told('{"\\ud800": 1}'), reason=""),
        _json("unnamed", _told('{"": 1}'), reason="1 to 512 characters"),
        _json("widest-name", _told(f'{{"{chr(0x10FFFF) * 512}": 1}}'), samples=1),
    ]


def _topics() -> list[Poison]:
    good = _told('{"v": 1}')
    storable = [
        "ü 🙂",
        "'; DROP TABLE samples; --",
        "%s%n{0}",
        "\\x00",
        "-",
        ".",
        "..",
        "a.b,c;d",
        "\u202e\u200b",
        "🙂" * 512,
    ]
    refused = ["", "a/b", "n" * 513, "a/"]
    return [Poison(f"bellwether/v1/poison topics/{name}", good, samples=1) for name in storable] + [
        Poison(f"bellwether/v1/poison refused/{name}", good, reason="") for name in refused
    ]


def _umh() -> list[Poison]:
    at = f'{{"timestamp_ms": {NOW_MS}, '
    deep = at + ('"' + "k" * 8000 + '": {') * 900 + '"v": 1' + "}" * 901
    return [
        Poison("umh/v1/e/s/_historian", deep.encode(), reason="1 to 512 characters"),
        Poison("umh/v1/e/s/_raw/nested", (at + '"value": ' + "[" * 100_000).encode(), reason=""),
        Poison("umh/v1/e/s/l/_raw/year-9999", b'{"timestamp_ms": 253402300799999, "value": 1}', reason="ahead of ours"),
        Poison("umh/v1/e", b"{}", reason="the topic is not"),
    ]


MAPPING = {
    "id": "poison",
    "topic": "poison/{source}/{metric}",
    "time": {"path": "t", "format": "rfc3339"},
    "values": [{"path": "v", "strings": True}],
}


def _mapped() -> list[Poison]:
    def said(name: str, at: str, value: str, samples: int = 0, reason: str | None = None) -> Poison:
        return Poison(f"poison/skid/{name}", f'{{"t": "{at}", "v": {value}}}'.encode(), samples, reason)

    day = "2026-05-28T00:00:00Z"
    return [
        said("year-1", "0001-01-01T00:00:00+23:59", "1", reason="before 1990"),
        said("year-9999", "9999-12-31T23:59:59.999999-23:59", "1", reason="ahead of ours"),
        said("no-time", "yesterday", "1", reason="RFC 3339"),
        said("digits", day, f'"{"1" * 1_000_000}"', reason="not a number"),
        said("infinite", day, '"1e999"', samples=1),
        said("null", day, "null", samples=1),
    ]


V = Metric(name="v", datatype=DataType.DOUBLE, value=1.0)


def sparkplug() -> list[Poison]:
    """Of edge nodes, each its own; at QoS 0."""
    unborn = payload([Metric(alias=7, datatype=DataType.DOUBLE, value=1.0)], timestamp_ms=NOW_MS, seq=3)
    many = [Metric(name=f"m{n}", alias=n, datatype=DataType.DOUBLE, value=float(n)) for n in range(MANY)]
    broken = [Metric(name=n, datatype=DataType.DOUBLE, value=v) for n, v in (("nan", math.nan), ("inf", math.inf))]
    text = Metric(name="v", datatype=DataType.STRING, value="x" * (LARGEST - 200))
    wide = ["".join(map(chr, random.Random(seed).sample(range(0x10000, 0x20000), 512))) for seed in (1, 2)]
    return [
        _node("alias", "NDATA", unborn, reason="birth"),
        _node("garbage", "NDATA", bytes(range(256)) * 100, reason="not Sparkplug B"),
        _node("empty", "NDATA", b""),
        _node("many", "NBIRTH", _birth(*many), samples=MANY),
        _node("nan", "NBIRTH", _birth(*broken), samples=2),
        _node("year-1", "NBIRTH", _birth(V, at_ms=1), reason="before 1990"),
        _node("year-9999", "NBIRTH", _birth(V, at_ms=253_402_300_799_999), reason="ahead of ours"),
        _node("farthest", "NBIRTH", _birth(V, at_ms=2**64 - 1), reason="ahead of ours"),
        _node("nul", "NBIRTH", _birth(Metric(name="a\x00b", datatype=DataType.DOUBLE, value=1.0)), reason="NUL"),
        _node("not-utf8", "NBIRTH", _birth() + b"\x12\x05\x0a\x03\xff\xfe\xfd", reason="not Sparkplug B"),
        _node("template", "NBIRTH", _birth() + _templates(5_000), reason="nested"),
        _node("bomb", "NBIRTH", _compressed(1 << 30), reason="compress"),
        _node("large", "NBIRTH", _birth(text), samples=1),
        Poison("spBv1.0/poison/NBIRTH", _birth(), reason="the topic is not"),
        Poison("spBv1.0/poison/NBIRTH/e/d/x", _birth(), reason="the topic is not"),
        Poison(topic(wide[0], "NBIRTH", wide[1]), _birth(V), reason="the database refuses it"),
    ]  # fmt: skip


def _node(name: str, kind: str, body: bytes, samples: int = 0, reason: str | None = None) -> Poison:
    return Poison(topic("poison", kind, name), body, samples, reason)


def _birth(*metrics: Metric, at_ms: int = NOW_MS) -> bytes:
    return node_birth(metrics, bd_seq=0, timestamp_ms=at_ms)


def _templates(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        metric = _field(1, b"t") + b"\x20\x13" + _field(18, inner)
        inner = _field(2, metric)
    return _field(2, _field(1, b"t") + b"\x20\x13" + _field(18, inner))


def _field(number: int, body: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _compressed(size: int) -> bytes:
    """As some nodes compress: the payload proper is the body, gzipped. This one would be `size` bytes of zeros."""
    wire = Payload(timestamp=NOW_MS, seq=0, uuid="SPBV1.0_COMPRESSED", body=_zeros_gzipped(size))
    wire.metrics.add(name="algorithm", datatype=DataType.STRING, string_value="GZIP")
    return wire.SerializeToString()


def _zeros_gzipped(size: int) -> bytes:
    """Members of 1 MiB, one after another, which every gunzip takes for one file."""
    return gzip.compress(bytes(1 << 20)) * (size >> 20)

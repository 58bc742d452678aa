"""Bytes read as a story of Sparkplug messages, so that a fuzzer reaches what random protocol buffers do not."""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from shared.sparkplug.sparkplug_b_pb2 import Payload

_REPEATING_FROM = 0xF0
_KINDS = ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH", "NCMD", "STATE")
_NAMES = ("t", "p", "bdSeq", "Node Control/Rebirth", "Quality", "", "ä", "x" * 513, "nul\x00", "Device Control/Reboot")
_CLOCKS_MS = (0, 1, -1, 1_000, -1_000, 86_400_001, -86_400_000, 300_001)
_EXTREMES = (0, 1, 2**31, 2**32 - 1, 2**53, 2**53 + 1, 2**63, 2**64 - 1)


class Step(NamedTuple):
    """One message: its topic and payload, and how long after the one before it came."""

    topic: str
    payload: bytes
    retained: bool
    after_us: int
    forgetting: bool
    """The connection was lost before it."""


class _Bytes:
    """What the fuzzer gave, taken from the front; zeros when it is used up."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._raw) - self._at

    def byte(self) -> int:
        if not self.left:
            return 0
        self._at += 1
        return self._raw[self._at - 1]

    def take(self, size: int) -> bytes:
        began, self._at = self._at, min(self._at + size, len(self._raw))
        return self._raw[began : self._at]

    def number(self) -> int:
        """Mostly a small number, sometimes one at an edge, sometimes any."""
        first = self.byte()
        if first < 0xC0:
            return first
        if first < 0xE0:
            return _EXTREMES[first % len(_EXTREMES)]
        return int.from_bytes(self.take(8), "little")


def steps(raw: bytes, now_ms: int) -> list[Step]:
    """At most 64 messages; `now_ms` is when the first is received."""
    source = _Bytes(raw)
    found: list[Step] = []
    while source.left and len(found) < 64:
        kind_byte = source.byte()
        if kind_byte >= _REPEATING_FROM:
            found += _repeating(source, now_ms)
        else:
            found.append(_step(kind_byte, source, now_ms))
    return found[:64]


def _repeating(source: _Bytes, now_ms: int) -> Iterator[Step]:
    """A birth of many metrics, and all of them again and again with other values and, at last, other bytes."""
    flags, form, kinds, seq = source.byte(), source.byte(), source.take(4) or b"\0", source.byte()
    count = 16 + (flags >> 1 & 7)
    numbers = [_NUMBERS[kinds[place % len(kinds)] % len(_NUMBERS)] for place in range(count)]
    birth, data = ("DBIRTH/e0/d0", "DDATA/e0/d0") if flags & 1 else ("NBIRTH/e0", "NDATA/e0")
    named = [
        _field(1, b"m%d" % place) + _number(2, place) + _number(4, kind) + said(0)
        for place, (kind, said) in enumerate(numbers)
    ]
    yield _numbered(f"spBv1.0/g0/{birth}", now_ms, seq, named)
    for turn in range(1, 10 + (flags >> 4)):
        first, step = source.byte(), source.byte()
        metrics = [
            _alike(form, place, kind, now_ms) + said(first + place * step) for place, (kind, said) in enumerate(numbers)
        ]
        said_again = _numbered(f"spBv1.0/g0/{data}", now_ms + turn, (seq + turn) % 256, metrics)
        if turn > 8 and form & 128:
            changed = bytearray(said_again.payload)
            changed[int.from_bytes(source.take(2), "little") % len(changed)] = source.byte()
            said_again = said_again._replace(payload=bytes(changed))
        yield said_again


def _alike(form: int, place: int, kind: int, now_ms: int) -> bytes:
    """A metric but for its value, in the form that all of them have."""
    metric = _field(1, b"m%d" % place) if form & 1 else _number(2, place)
    if form & 2:
        metric += _number(3, now_ms + (place if form & 4 else 0))
    if form & 8:
        metric += _number(4, kind)
    return metric + (_number(5, 1) if form & 16 else b"")


def _numbered(topic: str, timestamp_ms: int, seq: int, metrics: Sequence[bytes]) -> Step:
    body = _number(1, timestamp_ms) + b"".join(_field(2, metric) for metric in metrics) + _number(3, seq)
    return Step(topic, body, retained=False, after_us=1_000_000, forgetting=False)


def _step(kind_byte: int, source: _Bytes, now_ms: int) -> Step:
    place, flags = source.byte(), source.byte()
    kind = _KINDS[kind_byte % len(_KINDS)]
    parts = ["spBv1.0", f"g{place & 1}", kind, f"e{place >> 1 & 1}"]
    if kind.startswith("D") or flags & 8:
        parts.append(f"d{place >> 2 & 1}")
    topic = "spBv1.0/STATE/bellwether" if kind == "STATE" else "/".join(parts)
    payload = source.take(source.byte()) if flags & 1 else _payload(source, now_ms)
    after_us = (0, 1_000, 1_000_000, 10_000_000)[flags >> 4 & 3]
    return Step(topic, payload, bool(flags & 2), after_us, flags & 0xC4 == 0xC4)


def _payload(source: _Bytes, now_ms: int) -> bytes:
    message = Payload()
    flags = source.byte()
    if not flags & 1:
        message.timestamp = max(0, now_ms + _CLOCKS_MS[flags >> 1 & 7])
    elif flags & 2:
        message.timestamp = source.number()
    if not flags & 16:
        message.seq = source.number()
    if flags & 32:
        message.uuid = "SPBV1.0_COMPRESSED"
        message.body = source.take(source.byte())
    metrics = [_field(2, _metric(source, now_ms)) for _ in range(source.byte() % 8)]
    return message.SerializeToString() + b"".join(metrics)


def _metric(source: _Bytes, now_ms: int) -> bytes:
    metric = Payload.Metric()
    flags, more = source.byte(), source.byte()
    if flags & 1:
        metric.name = _NAMES[source.byte() % len(_NAMES)]
    if flags & 2:
        metric.alias = source.number()
    if flags & 4:
        metric.datatype = source.byte() % 40
    if flags & 8:
        metric.timestamp = max(0, now_ms + _CLOCKS_MS[more & 7])
    metric.is_null = bool(flags & 16)
    metric.is_historical = bool(flags & 32)
    metric.is_transient = flags & 0xC0 == 0xC0
    properties = _property(source) if flags & 64 else b""
    return metric.SerializeToString() + properties + _value(source, more >> 3)


def _property(source: _Bytes) -> bytes:
    which = source.byte()
    key = _field(1, (b"Quality", b"engUnit", b"other", b"\xff")[which & 3])
    value = _number(1, source.byte() % 24)
    if which & 4:
        value += _field(8, (b"degC", b"", b"a\x00b", b"bar")[which >> 3 & 3])
    elif which & 8:
        value += _number(4, source.number())
    elif which & 16:
        value += _number(3, (0, 192, 500, 64)[which >> 5 & 3])
    elif which & 32:
        value += _number(2, 1)
    return _field(9, key + _field(2, value))


def _value(source: _Bytes, which: int) -> bytes:
    return _VALUES[which % len(_VALUES)](source)


def _dataset(source: _Bytes) -> bytes:
    """Columns, types and rows whose numbers need not agree; in the wire format, by hand."""
    columns = b"".join(_field(2, b"c%d" % number) for number in range(source.byte() % 4))
    types = b"".join(_number(3, source.byte() % 24) for _ in range(source.byte() % 4))
    rows = b""
    for _ in range(source.byte() % 4):
        elements = b"".join(_field(1, _element(source)) for _ in range(source.byte() % 4))
        rows += _field(4, elements)
    return _number(1, source.byte() % 4) + columns + types + rows


def _element(source: _Bytes) -> bytes:
    which = source.byte()
    return _field(6, b"on") if which & 1 else _number(which % 6, source.byte())


def _template(source: _Bytes, depth: int) -> bytes:
    """A template with a metric, and a template in it, and so on."""
    inner = _field(2, _field(1, b"m") + _number(4, source.byte() % 40) + _number(10, source.byte()))
    for _ in range(depth):
        inner = _field(2, _field(1, b"nested") + _number(4, 19) + _field(18, inner))
    return inner + _field(4, b"T") + _number(5, source.byte() & 1)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value) if field else b""


def _field(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_FLOATS = tuple(struct.pack("<f", number) for number in (0.0, -1.5, float("nan"), float("inf")))
_DOUBLES = tuple(struct.pack("<d", number) for number in (0.1, 1e308, float("nan"), float("-inf")))
_TEXTS = (b"", b"on", b"a\x00b", "ü".encode() * 40, b"\xff")

_VALUES: tuple[Callable[[_Bytes], bytes], ...] = (
    lambda source: _number(10, source.number() & 0xFFFF_FFFF),
    lambda source: _number(11, source.number()),
    lambda source: _varint(12 << 3 | 5) + _FLOATS[source.byte() & 3],
    lambda source: _varint(13 << 3 | 1) + _DOUBLES[source.byte() & 3],
    lambda source: _number(14, source.byte() & 1),
    lambda source: _field(15, _TEXTS[source.byte() % len(_TEXTS)]),
    lambda source: _field(16, source.take(source.byte())),
    lambda source: _field(17, _dataset(source)),
    lambda source: _field(18, _template(source, depth=source.byte() % 120)),
    lambda _source: b"",
)

_INTEGERS = (0, 1, 100, 127, 128, 200, 2**14, 2**28 - 1, 2**28, 2**31, 2**32 - 1)
_NUMBERS: tuple[tuple[int, Callable[[int], bytes]], ...] = (
    (10, lambda which: _varint(13 << 3 | 1) + (*_DOUBLES, bytes(8))[which % 5]),
    (9, lambda which: _varint(12 << 3 | 5) + _FLOATS[which % 4]),
    (11, lambda which: _number(14, which & 1)),
    (7, lambda which: _number(10, _INTEGERS[which % len(_INTEGERS)])),
    (3, lambda which: _number(10, _INTEGERS[which % len(_INTEGERS)])),
    (1, lambda which: _number(10, which % 256)),
    (8, lambda which: _number(11, _INTEGERS[which % len(_INTEGERS)])),
)
"""Data types of numbers, and how each is said."""

"""What is fuzzed: each target takes any bytes, and raises only when something is wrong with a decoder."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from services.ingest.decoding.decoder import Decoder
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import EXACT_IN_FLOAT64, Decoded
from services.ingest.sparkplug import SparkplugHost
from services.ingest.sparkplug.stencils import Stencils
from shared.mappings import MappingSpecification, parse_mapping
from shared.sparkplug import DataType, Metric, node_birth, parse_state
from tests.fuzz.invariants import check_decoded, same, told
from tests.fuzz.stories import Step, steps

NOW_US = 1_780_000_000_000_000
NOW_MS = NOW_US // 1000

MAPPINGS = (
    {
        "id": "object",
        "topic": "object/{source}/{device}",
        "time": {"path": "t", "format": "epoch_s"},
        "values": [
            {"path": "a.0.b", "metric": "ab", "unit": "degF", "to": "degC"},
            {"path": "n", "metric": "n", "strings": True},
        ],
    },
    {
        "id": "array",
        "topic": "array/{source}/#",
        "time": {"path": "at.when", "format": "rfc3339"},
        "readings": "readings",
        "all_values": "values",
        "strings": True,
    },
    {
        "id": "one",
        "topic": "one/{source}/{device}/{metric}",
        "time": {"format": "received"},
        "values": [{"path": ""}],
    },
    {
        "id": "nano",
        "topic": "nano/+/{source}/{metric}",
        "time": {"path": "t", "format": "epoch_ns"},
        "values": [{"path": "v", "strings": True}],
        "retained": "take",
    },
)


def fuzz_json(raw: bytes) -> None:
    """The documented JSON; what is told must be what Python's own parser reads."""
    decoded = _decoded_alike(_envelope("bellwether/v1/", raw))
    _check_source(decoded)
    if decoded.reason is None:
        _check_json(decoded)


def fuzz_mapped(raw: bytes) -> None:
    """Declared mappings of every kind of time and of every shape."""
    _check_source(_decoded_alike(_envelope("", raw)))


def fuzz_umh(raw: bytes) -> None:
    """UMH's unified namespace."""
    _check_source(_decoded_alike(_envelope("umh/v1/", raw)))


def fuzz_topic(raw: bytes) -> None:
    """Topics, before a payload that every format could take; the first byte says whose."""
    topic = raw[1:].decode(errors="replace")
    prefixes = ("", "bellwether/v1/", "spBv1.0/", "array/", "umh/v1/")
    topic = prefixes[raw[0] % len(prefixes)] + topic if raw else topic
    body = json.dumps({"timestamp": NOW_MS, "timestamp_ms": NOW_MS, "value": 1, "values": {"v": 1}, "t": NOW_MS / 1000})
    envelope = Envelope(topic, body.encode(), 1, False, NOW_US, 1, 0)
    _check_source(_decoded_alike(envelope))
    birth = node_birth([Metric(name="t", datatype=DataType.DOUBLE, value=1.0)], bd_seq=0, timestamp_ms=NOW_MS)
    for decoded in SparkplugHost().receive(envelope._replace(payload=birth)):
        check_decoded(decoded)
        _check_source(decoded)


def fuzz_sparkplug(raw: bytes) -> None:
    """A host over a story of messages: each is answered once at most, and a good node is still heard afterwards."""
    story = steps(raw, NOW_MS)
    given, answered, host = _heard(story)
    telling = [decoded.envelope.mid for decoded in answered if decoded.readings or decoded.reason is not None]
    assert len(telling) == len(set(telling)), "a message was told twice"
    for decoded in answered:
        said = given[decoded.envelope.mid]
        assert decoded.envelope in {said, said._replace(payload=b"")}, "a message was changed"
        check_decoded(decoded)
    with _without_stencils():
        _, read_long, _ = _heard(story)
    for one, other in zip(answered, read_long, strict=True):
        assert (one.reason, told(one)) == (other.reason, told(other)), "a stencil read something else"
    _check_good_node(host, NOW_US + 86_400_000_000)


def _heard(story: Sequence[Step]) -> tuple[list[Envelope], list[Decoded], SparkplugHost]:
    """What was given to a host, what came out until long after, and the host."""
    host = SparkplugHost()
    now_us = NOW_US
    given: list[Envelope] = []
    answered: list[Decoded] = []
    for number, step in enumerate(story):
        now_us += step.after_us
        if step.forgetting:
            host.forget()
        given.append(Envelope(step.topic, step.payload, 0, step.retained, now_us, number, 0))
        answered += host.receive(given[number])
        answered += host.due(now_us)
    now_us += 3_600_000_000
    answered += host.due(now_us)
    assert not host.due(now_us), "something is held longer than the reorder time-out"
    return given, answered, host


@contextmanager
def _without_stencils() -> Iterator[None]:
    """Every message is read the long way."""
    read = Stencils.read
    Stencils.read = lambda _self, _raw, _seq: None  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Stencils.read = read  # type: ignore[method-assign]


def fuzz_state(raw: bytes) -> None:
    """STATE payloads of other hosts: online and a time, or nothing."""
    state = parse_state(raw)
    assert state is None or (type(state[0]) is bool and type(state[1]) is int)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "json": fuzz_json,
    "mapped": fuzz_mapped,
    "umh": fuzz_umh,
    "topic": fuzz_topic,
    "sparkplug": fuzz_sparkplug,
    "state": fuzz_state,
}


def _envelope(prefix: str, raw: bytes) -> Envelope:
    """The first line is the topic, the first byte after it says whether the broker kept the message."""
    line, _, rest = raw.partition(b"\n")
    return Envelope(prefix + line.decode(errors="replace"), rest[1:], 1, rest[:1] == b"r", NOW_US, 1, 0)


@cache
def _mappings() -> tuple[MappingSpecification, ...]:
    return tuple(parse_mapping(mapping) for mapping in MAPPINGS)


def _decoded_alike(envelope: Envelope) -> Decoded:
    """The message decoded: by whom must not matter."""
    decoded = Decoder(_mappings()).decode(envelope)
    check_decoded(decoded)
    assert decoded.envelope is envelope
    again = Decoder(_mappings()).decode(envelope)
    assert (again.reason, told(again)) == (decoded.reason, told(decoded)), "the same message told something else"
    return decoded


def _check_source(decoded: Decoded) -> None:
    """Nobody writes under a prefix that is not the beginning of his own topic."""
    topic = decoded.envelope.topic
    for reading in decoded.readings:
        if topic.startswith("spBv1.0/"):
            _, group, _, edge = topic.split("/")[:4]
            assert reading.source == f"spBv1.0/{group}/{edge}", "another's source"
        else:
            assert (topic + "/").startswith(reading.source + "/"), "another's source"


def _check_json(decoded: Decoded) -> None:
    if decoded.envelope.retained:
        assert not decoded.readings, "what the broker kept for newcomers was told as news"
        return
    body = json.loads(decoded.envelope.payload)
    messages = body if isinstance(body, list) else [body]
    assert len(messages) == len(decoded.readings), "a part of the message was not told"
    for message, reading in zip(messages, decoded.readings, strict=True):
        assert reading.observed_us == message["timestamp"] * 1000
        assert reading.historical is message.get("historical", False)
        found = dict(zip(reading.metrics, reading.values.tolist(), strict=True))
        texts = dict(reading.texts)
        assert found.keys() | texts.keys() == message["values"].keys(), "a metric was not told"
        for name, value in message["values"].items():
            _check_value(value, texts[name] if name in texts else found[name])


def _check_value(said: object, stored: object) -> None:
    if said is None or (isinstance(said, float) and not math.isfinite(said)):
        assert isinstance(stored, float)
        assert math.isnan(stored)
    elif isinstance(said, int) and abs(said) > EXACT_IN_FLOAT64:
        assert type(stored) is int
        assert stored == said, "an integer was changed"
    else:
        assert same(said, stored), f"{said!r} became {stored!r}"


def _check_good_node(host: SparkplugHost, now_us: int) -> None:
    birth = node_birth([Metric(name="t", datatype=DataType.DOUBLE, value=7.5)], bd_seq=0, timestamp_ms=now_us // 1000)
    envelope = Envelope("spBv1.0/good/NBIRTH/node", birth, 0, False, now_us, -1, 0)
    (decoded,) = host.receive(envelope)
    assert decoded.reason is None
    assert [reading.values.tolist() for reading in decoded.readings] == [[7.5]], "a good node is not heard any more"

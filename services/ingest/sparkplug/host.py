"""Sparkplug B: births give names to aliases, data follows in sequence, deaths end everything that was said.

One state for all nodes, no clock and no I/O: time is the envelope's. A message is stored whole or refused whole. A
birth that is refused for a value (a DataSet, say) still names its aliases, so that the data after it can be read.
Not stored: bdSeq and the control metrics, and metrics that the node marks as transient.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from services.ingest.envelope import Envelope
from services.ingest.readings import GOOD, UNCERTAIN, Decoded, Reading, Silence, check_instant, check_name
from services.ingest.values import Scalar, sort_values
from shared.errors import DecodeError
from shared.sparkplug import next_seq
from shared.sparkplug.decode import is_text, metric_quality, metric_unit, metric_value, parse_payload
from shared.sparkplug.sparkplug_b_pb2 import Payload

PROTOCOL = "sparkplug_b"
SUBSCRIPTION = "spBv1.0/#"

_NOT_TELEMETRY = ("Node Control/", "Device Control/")
_COMMANDS = frozenset({"NCMD", "DCMD", "STATE"})


class _Address(NamedTuple):
    group: str
    message_type: str
    edge: str
    device: str | None


class _Known(NamedTuple):
    name: str
    datatype: int | None


@dataclass
class _Device:
    """The metrics that a birth announced."""

    by_alias: dict[int, _Known] = field(default_factory=dict)
    by_name: dict[str, _Known] = field(default_factory=dict)


@dataclass
class _Node:
    """One edge node: its births by device (None: the node's own) and where its sequence stands."""

    bd_seq: int | None = None
    expected_seq: int | None = None
    births: dict[str | None, _Device] = field(default_factory=dict)
    births_wanted: bool = False
    """Something was missed, and no NBIRTH has come since."""
    rebirth_asked_us: int | None = None


class _Value(NamedTuple):
    name: str
    value: Scalar
    text: bool
    observed_us: int
    historical: bool
    quality: int
    unit: str | None


class SparkplugHost:
    """Decoder with the state of all nodes.

    rebirth_every_us: a node is asked for its births at most that often, and again until they come: the question goes
    out at QoS 0, and a node whose births never name one of its devices must not be kept busy with giving them.
    """

    def __init__(self, *, reorder_timeout_us: int = 5_000_000, rebirth_every_us: int = 30_000_000) -> None:
        self._reorder_timeout_us = reorder_timeout_us
        self._rebirth_every_us = rebirth_every_us
        self._nodes: dict[tuple[str, str], _Node] = {}

    def receive(self, envelope: Envelope) -> list[Decoded]:
        """The message decoded, or its reason, after those that waited for it; nothing for what is held or ignored."""
        return [self.decode(envelope)]

    def due(self, now_us: int) -> list[Decoded]:  # noqa: ARG002
        """Messages that have waited longer than the reorder time-out, in order."""
        return []

    def forget(self) -> None:
        """Take nothing that was said before as still in force: this is a new connection."""
        self._nodes.clear()

    def decode(self, envelope: Envelope) -> Decoded:
        """The message decoded, or its reason; with the node to ask for births where one is missing or stale."""
        try:
            address = _address(envelope.topic)
        except DecodeError as exc:
            return Decoded(envelope, reason=exc.reason)
        if address.message_type in _COMMANDS:
            return Decoded(envelope)
        if envelope.retained:
            return Decoded(envelope, reason="a retained Sparkplug message tells the past: the specification forbids it")
        try:
            payload = parse_payload(envelope.payload)
        except ValueError as exc:
            return Decoded(envelope, reason=str(exc))
        node = self._nodes.setdefault((address.group, address.edge), _Node())
        return self._take(envelope, address, payload, node)

    def _take(self, envelope: Envelope, address: _Address, payload: Payload, node: _Node) -> Decoded:
        kind = address.message_type
        if kind == "NDEATH":
            return _node_death(envelope, address, payload, node)
        complete = _follow(node, payload, restart=kind == "NBIRTH")
        if kind.endswith("BIRTH"):
            _learn(node, address, payload)
        if kind == "DDEATH":
            node.births.pop(address.device, None)
            decoded = _device_death(envelope, address, payload)
        else:
            complete &= address.device in node.births
            decoded = _telemetry(envelope, address, payload, node)
        node.births_wanted |= not complete
        return self._asking(decoded, address, node)

    def _asking(self, decoded: Decoded, address: _Address, node: _Node) -> Decoded:
        now_us = decoded.envelope.received_us
        asked = node.rebirth_asked_us
        if not node.births_wanted or (asked is not None and now_us - asked < self._rebirth_every_us):
            return decoded
        node.rebirth_asked_us = now_us
        return decoded._replace(rebirth=(address.group, address.edge))


def _address(topic: str) -> _Address:
    match topic.split("/"):
        case ["spBv1.0", "STATE", host] if host:
            return _Address("", "STATE", host, None)
        case ["spBv1.0", group, "NBIRTH" | "NDATA" | "NDEATH" | "NCMD" as kind, edge] if group and edge:
            return _Address(check_name(topic, group), kind, check_name(topic, edge), None)
        case ["spBv1.0", group, "DBIRTH" | "DDATA" | "DDEATH" | "DCMD" as kind, edge, device] if group and edge:
            return _Address(check_name(topic, group), kind, check_name(topic, edge), check_name(topic, device))
        case _:
            raise DecodeError(topic, "the topic is not spBv1.0/{group}/{type}/{edge}[/{device}]")


def _source(address: _Address) -> str:
    return f"spBv1.0/{address.group}/{address.edge}"


def _telemetry(envelope: Envelope, address: _Address, payload: Payload, node: _Node) -> Decoded:
    try:
        values = list(_values(envelope, address, payload, node.births.get(address.device, _Device())))
        return Decoded(envelope, tuple(_readings(envelope, address, values)), alive=True)
    except DecodeError as exc:
        return Decoded(envelope, reason=exc.reason)


def _device_death(envelope: Envelope, address: _Address, payload: Payload) -> Decoded:
    """Silence of one device from the payload's time on."""
    try:
        at = check_instant(envelope.topic, payload.timestamp * 1000, envelope.received_us)
    except DecodeError as exc:
        return Decoded(envelope, reason=exc.reason)
    return Decoded(envelope, silences=(Silence(_source(address), address.device, at),))


def _follow(node: _Node, payload: Payload, *, restart: bool) -> bool:
    """Whether the payload is the one that was due; go on from it either way."""
    if not payload.HasField("seq"):
        return True
    due = node.expected_seq
    node.expected_seq = next_seq(payload.seq)
    return restart or due is None or payload.seq == due


def _learn(node: _Node, address: _Address, payload: Payload) -> None:
    if address.device is None:
        node.births.clear()
        node.births_wanted = False
        node.bd_seq = _bd_seq(payload)
    device = _Device()
    for metric in payload.metrics:
        known = _Known(metric.name, metric.datatype if metric.HasField("datatype") else None)
        device.by_name[metric.name] = known
        if metric.HasField("alias"):
            device.by_alias[metric.alias] = known
    node.births[address.device] = device


def _bd_seq(payload: Payload) -> int | None:
    return next((m.long_value or m.int_value for m in payload.metrics if m.name == "bdSeq"), None)


def _node_death(envelope: Envelope, address: _Address, payload: Payload, node: _Node) -> Decoded:
    """Silence of the whole node, unless this is the death of an earlier session than the one that lives."""
    bd_seq = _bd_seq(payload)
    if node.bd_seq is not None and bd_seq is not None and bd_seq != node.bd_seq:
        return Decoded(envelope)
    node.births.clear()
    node.births_wanted = False
    node.bd_seq = node.expected_seq = None
    return Decoded(envelope, silences=(Silence(_source(address), None, None),), alive=False)


def _values(envelope: Envelope, address: _Address, payload: Payload, device: _Device) -> Iterator[_Value]:
    for metric in payload.metrics:
        known = _identify(envelope.topic, metric, device)
        if metric.is_transient or known.name == "bdSeq" or known.name.startswith(_NOT_TELEMETRY):
            continue
        milliseconds = metric.timestamp if metric.HasField("timestamp") else payload.timestamp
        try:
            value = metric_value(metric, known.datatype)
        except ValueError as exc:
            raise DecodeError(envelope.topic, f"{known.name}: {exc}") from exc
        quality = metric_quality(metric)
        yield _Value(
            name=known.name,
            value=None if quality == 0 else value,
            text=is_text(known.datatype),
            observed_us=check_instant(envelope.topic, milliseconds * 1000, envelope.received_us),
            historical=metric.is_historical,
            quality=GOOD if quality is None or quality == GOOD else UNCERTAIN,
            unit=metric_unit(metric) if address.message_type.endswith("BIRTH") else None,
        )


def _identify(topic: str, metric: Payload.Metric, device: _Device) -> _Known:
    if metric.name:
        datatype = metric.datatype if metric.HasField("datatype") else None
        announced = device.by_name.get(metric.name)
        return _Known(metric.name, datatype if datatype is not None or announced is None else announced.datatype)
    if not metric.HasField("alias"):
        raise DecodeError(topic, "a metric has neither a name nor an alias")
    known = device.by_alias.get(metric.alias)
    if known is None:
        raise DecodeError(topic, f"alias {metric.alias} is not in any birth seen; the node was asked for its births")
    if metric.HasField("datatype"):
        return _Known(known.name, metric.datatype)
    return known


def _readings(envelope: Envelope, address: _Address, values: Iterable[_Value]) -> Iterator[Reading]:
    """One reading for each instant, flag and quality, in the order in which they first occur."""
    groups: dict[tuple[int, bool, int], list[_Value]] = {}
    for value in values:
        groups.setdefault((value.observed_us, value.historical, value.quality), []).append(value)
    for (observed_us, historical, quality), members in groups.items():
        found = sort_values(envelope.topic, ((m.name, m.value) for m in members if m.value is not None or not m.text))
        missing = tuple((check_name(envelope.topic, m.name), None) for m in members if m.value is None and m.text)
        yield Reading(
            _source(address),
            PROTOCOL,
            address.device or address.edge,
            observed_us,
            historical,
            found.metrics,
            found.values,
            found.texts + missing,
            quality,
            tuple((m.name, m.unit) for m in members if m.unit is not None),
        )

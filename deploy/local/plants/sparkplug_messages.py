"""A plant's data as Sparkplug B: births that name aliases, data by alias, the death of its gateway; QoS 0.

The periodic part of history is written to the wire from arrays. As objects, three years of it cost ten times the
processor time of generating them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.local.plants.fleet import SPARKPLUG_GROUP, Plant
from deploy.local.plants.generate import MachineData, snapshot
from deploy.local.plants.json_messages import Message
from deploy.local.plants.kinds import Kind, MetricSpec
from deploy.local.plants.noise import Ints
from shared.sparkplug import DataType, Metric, next_seq, node_birth, node_death, payload, topic

# One double metric by alias: payload field 2 of 22 bytes, with alias (field 2), timestamp (3), datatype (4),
# is_historical (5) and double_value (13). The alias is below 128 and the time takes six bytes until the year 2109.
_HISTORICAL_DOUBLE = np.dtype(
    [
        ("head", "u1", 2),
        ("alias", "u1", 2),
        ("time_tag", "u1"),
        ("time", "u1", 6),
        ("datatype", "u1", 2),
        ("historical", "u1", 2),
        ("value_tag", "u1"),
        ("value", "<f8"),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Messages in order, and the sequence number that the node's next message has."""

    messages: tuple[Message, ...]
    seq: int


def death(plant: Plant, *, bd_seq: int, at_ms: int) -> Message:
    """NDEATH: the will of the connection, and the last word of a gateway that falls silent."""
    return Message(topic=_topic(plant, "NDEATH"), payload=node_death(bd_seq=bd_seq, timestamp_ms=at_ms), qos=0)


def births(plant: Plant, *, bd_seq: int, known_s: int, at_ms: int) -> Encoded:
    """NBIRTH and the DBIRTH of every device, sent at wall time `at_ms`, with the values of `known_s` (Unix seconds).

    A gateway that has history to send is born with the values at which that history begins, each under its own time
    and as history: present values would make everything that follows late.
    """
    messages = [
        Message(topic=_topic(plant, "NBIRTH"), payload=node_birth((), bd_seq=bd_seq, timestamp_ms=at_ms), qos=0)
    ]
    seq = 1
    aliases = _aliases(plant)
    for machine in plant.machines:
        values = snapshot(machine, known_s)
        metrics = [
            Metric(
                name=spec.name,
                alias=aliases[machine.device, spec.name],
                datatype=datatype(machine.kind, spec),
                value=values[spec.name],
                timestamp_ms=known_s * 1000,
                historical=known_s * 1000 < at_ms,
                unit=spec.unit,
            )
            for spec in machine.kind.metrics
        ]
        body = payload(metrics, timestamp_ms=at_ms, seq=seq)
        messages.append(Message(topic=_topic(plant, "DBIRTH", machine.device), payload=body, qos=0))
        seq = next_seq(seq)
    return Encoded(messages=tuple(messages), seq=seq)


def last_words(plant: Plant, *, seq: int, bd_seq: int, at_ms: int) -> tuple[Message, ...]:
    """What a gateway says that has lost its machines and goes: it does not know their states, and its death.

    The first has a time of now. Without it nobody could tell how much time has passed since the last reading.
    """
    messages = []
    for machine in plant.machines:
        spec = next(spec for spec in machine.kind.metrics if spec.role == "state")
        alias = _aliases(plant)[machine.device, spec.name]
        unknown = Metric(alias=alias, datatype=datatype(machine.kind, spec), value=None, timestamp_ms=at_ms)
        body = payload([unknown], timestamp_ms=at_ms, seq=seq)
        messages.append(Message(topic=_topic(plant, "DDATA", machine.device), payload=body, qos=0))
        seq = next_seq(seq)
    return (*messages, death(plant, bd_seq=bd_seq, at_ms=at_ms))


def data_messages(plant: Plant, data: MachineData, *, seq: int, at_ms: int, historical: bool) -> Encoded:
    """At most one DDATA, sent at wall time `at_ms`, with everything in `data`, each value under its own time."""
    if not data.at_s.size and not data.told:
        return Encoded(messages=(), seq=seq)
    machine = next(machine for machine in plant.machines if machine.device == data.device)
    told = payload(_told(plant, machine.kind, data, historical), timestamp_ms=at_ms, seq=seq)
    if historical:
        body = told + _historical_doubles(plant, data)
    else:
        body = told + payload(_live(plant, data), timestamp_ms=at_ms, seq=None)
    message = Message(topic=_topic(plant, "DDATA", data.device), payload=body, qos=0)
    return Encoded(messages=(message,), seq=next_seq(seq))


def datatype(kind: Kind, spec: MetricSpec) -> DataType:
    """How a metric's values travel."""
    if spec.role == "version":
        return DataType.STRING
    if spec.role == "state":
        return DataType.STRING if isinstance(next(iter(kind.raw_states.values())), str) else DataType.INT32
    return DataType.DOUBLE


def _topic(plant: Plant, message_type: str, device: str | None = None) -> str:
    return topic(SPARKPLUG_GROUP, message_type, plant.id, device)


def _aliases(plant: Plant) -> dict[tuple[str, str], int]:
    names = [(machine.device, spec.name) for machine in plant.machines for spec in machine.kind.metrics]
    return {name: alias for alias, name in enumerate(names, start=1)}


def _told(plant: Plant, kind: Kind, data: MachineData, historical: bool) -> Iterator[Metric]:
    types = {spec.name: datatype(kind, spec) for spec in kind.metrics}
    aliases = _aliases(plant)
    for told in data.told:
        yield Metric(
            alias=aliases[data.device, told.metric],
            datatype=types[told.metric],
            value=told.value,
            timestamp_ms=told.at_s * 1000,
            historical=historical,
        )


def _live(plant: Plant, data: MachineData) -> Iterator[Metric]:
    aliases = _aliases(plant)
    for name, values in data.columns.items():
        for at_s, value in zip(data.at_s.tolist(), values.tolist(), strict=True):
            yield Metric(
                alias=aliases[data.device, name], datatype=DataType.DOUBLE, value=value, timestamp_ms=at_s * 1000
            )


def _historical_doubles(plant: Plant, data: MachineData) -> bytes:
    """Metrics of a payload, all periodic readings, in order of time."""
    aliases = _aliases(plant)
    wire = np.zeros((data.at_s.size, len(data.columns)), dtype=_HISTORICAL_DOUBLE)
    wire["head"] = (2 << 3 | 2, _HISTORICAL_DOUBLE.itemsize - 2)
    wire["time_tag"] = 3 << 3
    wire["time"] = _varint_6(data.at_s * 1000)[:, np.newaxis, :]
    wire["datatype"] = (4 << 3, int(DataType.DOUBLE))
    wire["historical"] = (5 << 3, 1)
    wire["value_tag"] = 13 << 3 | 1
    for column, (name, values) in enumerate(data.columns.items()):
        wire["alias"][:, column] = (2 << 3, aliases[data.device, name])
        wire["value"][:, column] = values
    return wire.tobytes()


def _varint_6(numbers: Ints) -> NDArray[np.uint8]:
    """Protocol buffers' varint of numbers in 2^35 .. 2^42 - 1, shape (n, 6): seven bits a byte, lowest first."""
    groups = numbers[:, np.newaxis] >> np.arange(0, 42, 7) & 0x7F
    groups[:, :5] |= 0x80
    return groups.astype(np.uint8)

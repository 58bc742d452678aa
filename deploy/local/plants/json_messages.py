"""A plant's data as messages of the documented JSON shape, QoS 1."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from deploy.local.plants.fleet import Plant
from deploy.local.plants.generate import MachineData

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is to be published."""

    topic: str
    payload: bytes
    qos: int


def json_messages(plant: Plant, data: MachineData, *, historical: bool) -> Iterator[Message]:
    """At most one message with the periodic readings, and one with what is told by exception.

    They are apart because numbers alone are read several times faster than numbers and texts together.
    """
    topic = f"{plant.topic_prefix}/{data.device}"
    for readings in (_periodic(data, historical), _told(data, historical)):
        if readings:
            yield Message(topic=topic, payload=_encode(readings), qos=1)


def _periodic(data: MachineData, historical: bool) -> list[dict[str, object]]:
    names = tuple(data.columns)
    rows = zip(data.at_s.tolist(), *(column.tolist() for column in data.columns.values()), strict=True)
    return [_reading(at_s, dict(zip(names, values, strict=True)), historical) for at_s, *values in rows]


def _told(data: MachineData, historical: bool) -> list[dict[str, object]]:
    return [_reading(told.at_s, {told.metric: told.value}, historical) for told in data.told]


def _reading(at_s: int, values: dict[str, object], historical: bool) -> dict[str, object]:
    reading: dict[str, object] = {"timestamp": at_s * 1000, "values": values}
    return reading | {"historical": True} if historical else reading

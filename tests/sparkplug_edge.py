"""A Sparkplug edge node that can do everything wrong on purpose.

`EdgeNode` makes messages and sends none; its methods and the functions beside it make the faults. `running_edge` puts
one on a real broker: will, births, data, and answers to rebirth requests unless it is told to ignore some.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import NamedTuple

import paho.mqtt.client as mqtt

from shared.mqtt import connect, new_client
from shared.settings import BrokerSettings
from shared.sparkplug import DataType, Metric, next_seq, node_birth, node_death, payload, topic
from shared.sparkplug.decode import parse_payload

STEP_MS = 10


class Message(NamedTuple):
    """What the node publishes."""

    topic: str
    payload: bytes


class Tag(NamedTuple):
    """One metric of the node or of a device, always a double here."""

    name: str
    alias: int


@dataclass
class EdgeNode:
    """An edge node with its devices. Its clock (Unix ms) goes on by 10 ms with every message.

    tags: by device, None for the node's own.
    """

    clock_ms: int
    tags: dict[str | None, tuple[Tag, ...]] = field(
        default_factory=lambda: {None: (Tag("load", 1),), "pump": (Tag("flow", 2), Tag("pressure", 3))}
    )
    group: str = "g"
    edge: str = "edge"
    bd_seq: int = 0
    seq: int = 0
    rebirths_ignored: int = 0

    def birth(self, *, without: str | None = None) -> list[Message]:
        """NBIRTH and a DBIRTH for each device, but for the one left out."""
        self.seq = 0
        self.clock_ms += STEP_MS
        body = node_birth(self._births(None), bd_seq=self.bd_seq, timestamp_ms=self.clock_ms)
        node = Message(self._topic("NBIRTH"), body)
        devices = [device for device in self.tags if device is not None and device != without]
        return [node, *(self._say("DBIRTH", device, self._births(device)) for device in devices)]

    def data(self, device: str | None = None, value: float = 1.0) -> Message:
        """All values of the node or of a device, by alias."""
        metrics = [Metric(alias=tag.alias, datatype=DataType.DOUBLE, value=value) for tag in self.tags[device]]
        return self._say("NDATA" if device is None else "DDATA", device, metrics)

    def named_data(self, device: str | None = None, value: float = 1.0) -> Message:
        """All values of the node or of a device, by name."""
        metrics = [Metric(name=tag.name, datatype=DataType.DOUBLE, value=value) for tag in self.tags[device]]
        return self._say("NDATA" if device is None else "DDATA", device, metrics)

    def history(self, device: str | None, values: Sequence[float]) -> Message:
        """What was kept while nobody listened: one value of each tag a second, up to now."""
        began_ms = self.clock_ms - 1000 * len(values)
        metrics = [
            Metric(
                alias=tag.alias, datatype=DataType.DOUBLE, value=v, timestamp_ms=began_ms + 1000 * s, historical=True
            )
            for s, v in enumerate(values)
            for tag in self.tags[device]
        ]
        return self._say("NDATA" if device is None else "DDATA", device, metrics)

    def device_death(self, device: str) -> Message:
        """DDEATH."""
        return self._say("DDEATH", device, [])

    def death(self, *, bd_seq: int | None = None) -> Message:
        """NDEATH, of the session that lives unless a number is given."""
        number = self.bd_seq if bd_seq is None else bd_seq
        return Message(self._topic("NDEATH"), node_death(bd_seq=number, timestamp_ms=self.clock_ms))

    def restart(self) -> list[Message]:
        """Births of a new session, without a word about the end of the last."""
        self.bd_seq += 1
        return self.birth()

    def renumber(self) -> None:
        """Give each alias to the next metric, which only a birth tells."""
        aliases = [tag.alias for tags in self.tags.values() for tag in tags]
        turned = iter([*aliases[1:], aliases[0]])
        self.tags = {
            device: tuple(tag._replace(alias=next(turned)) for tag in tags) for device, tags in self.tags.items()
        }

    def asked(self) -> list[Message]:
        """The answer to a rebirth request."""
        if self.rebirths_ignored:
            self.rebirths_ignored -= 1
            return []
        return self.birth()

    def _births(self, device: str | None) -> list[Metric]:
        return [
            Metric(name=tag.name, alias=tag.alias, datatype=DataType.DOUBLE, value=0.0, unit="bar")
            for tag in self.tags[device]
        ]

    def _say(self, kind: str, device: str | None, metrics: Sequence[Metric]) -> Message:
        self.seq = next_seq(self.seq)
        self.clock_ms += STEP_MS
        return Message(self._topic(kind, device), payload(metrics, timestamp_ms=self.clock_ms, seq=self.seq))

    def _topic(self, kind: str, device: str | None = None) -> str:
        return topic(self.group, kind, self.edge, device)


def lost(messages: Sequence[Message], place: int) -> list[Message]:
    """The messages without one."""
    return [*messages[:place], *messages[place + 1 :]]


def swapped(messages: Sequence[Message], place: int) -> list[Message]:
    """The messages with one changing places with the next."""
    return [*messages[:place], messages[place + 1], messages[place], *messages[place + 2 :]]


def repeated(messages: Sequence[Message], place: int) -> list[Message]:
    """The messages with one twice."""
    return [*messages[: place + 1], *messages[place:]]


class RunningEdge:
    """An edge node that is connected. `commands` gets every metric name of every NCMD that it receives."""

    def __init__(self, edge: EdgeNode, client: mqtt.Client) -> None:
        self.edge = edge
        self.commands: Queue[tuple[mqtt.MQTTMessage, str]] = Queue()
        self._client = client

    def publish(self, messages: Sequence[Message]) -> None:
        """Send, QoS 0 and not retained, as the specification has it."""
        for message in messages:
            self._client.publish(message.topic, message.payload, qos=0).wait_for_publish(10)

    def hear(self, message: mqtt.MQTTMessage) -> None:
        """Note a command, and answer it where it asks for births."""
        for metric in parse_payload(message.payload).metrics:
            self.commands.put((message, metric.name))
            if metric.name == "Node Control/Rebirth" and metric.boolean_value:
                for answer in self.edge.asked():
                    self._client.publish(answer.topic, answer.payload, qos=0)


@contextmanager
def running_edge(broker_url: str, edge: EdgeNode) -> Iterator[RunningEdge]:
    """The edge node on a broker, its NDEATH as the will. It says nothing by itself, and at the end just goes away."""
    settings = BrokerSettings(broker_url=broker_url, broker_mqtt_version="3.1.1")
    client = new_client(settings, client_id=f"edge-{edge.group}-{edge.edge}")
    death = edge.death()
    client.will_set(death.topic, death.payload, qos=1, retain=False)
    granted: Queue[int] = Queue()
    client.on_subscribe = lambda _client, _data, mid, _reasons, _properties: granted.put(mid)
    running = RunningEdge(edge, client)
    client.on_message = lambda _client, _data, message: running.hear(message)
    connect(client, settings)
    client.loop_start()
    try:
        client.subscribe(topic(edge.group, "NCMD", edge.edge), qos=1)
        granted.get(timeout=10)
        yield running
    finally:
        client.disconnect()
        client.loop_stop()

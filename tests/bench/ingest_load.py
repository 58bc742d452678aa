"""What the benchmark's plants say: MQTT packets built before any clock starts.

Twenty gateways of five machines speak in turn. Message `number` has the device time `start_ms + number`, so that a
source's newest time in the database tells which messages are committed.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from shared.sparkplug import DataType, Metric, node_birth, payload, topic

GATEWAYS, MACHINES = 20, 5
PACKET_IDS = 60_000
_WINDOW, _SPARKPLUG_SAMPLES = 8_000, 200_000


class Load(NamedTuple):
    """One kind of message: `protocol` is json (QoS 1) or sparkplug (QoS 0); so many metrics in each."""

    protocol: str
    metrics: int

    @property
    def qos(self) -> int:
        """JSON comes at QoS 1; Sparkplug allows its data QoS 0 only."""
        return 1 if self.protocol == "json" else 0

    @property
    def name(self) -> str:
        """The scenario's name."""
        return f"{self.protocol}-{self.metrics}-qos{self.qos}"

    @property
    def window(self) -> int:
        """Messages that may be on their way at full speed: enough to keep every stage busy.

        More would queue at the broker, which may drop QoS 0 for a slow subscriber, and would have ingest spool what
        the database is slower to take, as it must when plants send more than that for long.
        """
        return _WINDOW if self.qos else min(_WINDOW, _SPARKPLUG_SAMPLES // self.metrics)

    @property
    def births(self) -> int:
        """How many device births come first; each brings every metric once."""
        return 0 if self.protocol == "json" else GATEWAYS * MACHINES


def opening(load: Load, start_ms: int) -> Iterator[bytes]:
    """What gateways say before their data: a Sparkplug node's births."""
    if load.births:
        for gateway in range(GATEWAYS):
            yield _publish(topic("bench", "NBIRTH", _edge(gateway)), node_birth([], bd_seq=0, timestamp_ms=start_ms))
            for machine in range(MACHINES):
                metrics = [
                    Metric(name=_name(n), alias=_alias(machine, n), datatype=DataType.DOUBLE, value=0.0)
                    for n in range(load.metrics)
                ]
                body = payload(metrics, timestamp_ms=start_ms - 1, seq=1 + machine)
                yield _publish(topic("bench", "DBIRTH", _edge(gateway), _machine(machine)), body)


def packets(load: Load, first: int, end: int, start_ms: int) -> list[bytes]:
    """The PUBLISH packets of the messages from `first` up to `end`."""
    numbers = np.random.default_rng(first).normal(50, 10, (end - first, load.metrics)).round(3)
    build = _json if load.protocol == "json" else _sparkplug
    return [build(number, start_ms + number, row) for number, row in zip(range(first, end), numbers, strict=True)]


def connect_packet(client: bytes) -> bytes:
    """CONNECT of MQTT 3.1.1 with a clean session and no keep-alive."""
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(client)) + client
    return b"\x10" + _length(len(body)) + body


def _json(number: int, at_ms: int, row: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    gateway, machine = _place(number)
    values = ",".join(f'"{_name(n)}":{value}' for n, value in enumerate(row.tolist()))
    body = f'{{"timestamp":{at_ms},"values":{{{values}}}}}'.encode()
    return _publish(f"bellwether/v1/{_edge(gateway)}/{_machine(machine)}", body, packet_id=1 + number % PACKET_IDS)


def _sparkplug(number: int, at_ms: int, row: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    gateway, machine = _place(number)
    metrics = [
        Metric(alias=_alias(machine, n), datatype=DataType.DOUBLE, value=value, timestamp_ms=at_ms)
        for n, value in enumerate(row.tolist())
    ]
    body = payload(metrics, timestamp_ms=at_ms, seq=(1 + MACHINES + number // GATEWAYS) % 256)
    return _publish(topic("bench", "DDATA", _edge(gateway), _machine(machine)), body)


def _place(number: int) -> tuple[int, int]:
    return number % GATEWAYS, number // GATEWAYS % MACHINES


def _edge(gateway: int) -> str:
    return f"gateway-{gateway:02d}"


def _machine(machine: int) -> str:
    return f"machine-{machine}"


def _name(metric: int) -> str:
    return f"metric_{metric:03d}"


def _alias(machine: int, metric: int) -> int:
    return 1 + machine * 1000 + metric


def _publish(to: str, body: bytes, packet_id: int | None = None) -> bytes:
    name = to.encode()
    mid = b"" if packet_id is None else struct.pack(">H", packet_id)
    head = b"\x30" if packet_id is None else b"\x32"
    return head + _length(len(name) + len(mid) + len(body) + 2) + struct.pack(">H", len(name)) + name + mid + body


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)

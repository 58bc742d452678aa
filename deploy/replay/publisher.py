"""`bellwether replay`: publish a file through the broker, each row when its time comes."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.replay.mapping import load_mapping
from deploy.replay.readings import Reading, read_readings
from shared.errors import BrokerError
from shared.mqtt import publishing
from shared.settings import BrokerSettings, read_settings

_IN_FLIGHT = 1_000
_ACKNOWLEDGED_WITHIN_S = 60.0


def replay(file: Path, mapping_file: Path, broker_url: str, *, speed: float, console: Console) -> int:
    """Publish every reading at QoS 1 and return how many messages the broker acknowledged.

    speed: times real time by the file's own clock; 0 is as fast as the broker acknowledges. Raises RecordError for a
    file that is not what the mapping says, before anything is sent, and BrokerError when the broker is away.
    """
    readings = read_readings(file, load_mapping(mapping_file))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    settings = read_settings(BrokerSettings, broker_url=broker_url)
    with publishing(settings, in_flight=_IN_FLIGHT) as client, Progress(*columns, console=console) as progress:
        publisher = _Publisher(client)
        task = progress.add_task(f"{file.name}", total=len(readings))
        for reading in _paced(readings, speed):
            publisher.send(topic(reading), payload(reading))
            progress.advance(task)
        publisher.drain()
    console.print(f"{len(readings):,} messages acknowledged by the broker")
    return len(readings)


def topic(reading: Reading) -> str:
    """Topic of the documented JSON shape."""
    return f"bellwether/v1/{reading.plant}/{reading.device}"


def payload(reading: Reading) -> bytes:
    """Payload of the documented JSON shape; its time is in whole milliseconds."""
    return msgspec.json.encode({"timestamp": round(reading.observed_us / 1000), "values": reading.values})


def _paced(readings: Sequence[Reading], speed: float) -> Iterator[Reading]:
    """The readings, each at its time; at once where speed is 0."""
    began = time.monotonic()
    for reading in readings:
        if speed > 0:
            due = began + (reading.observed_us - readings[0].observed_us) / 1e6 / speed
            time.sleep(max(0.0, due - time.monotonic()))
        yield reading


class _Publisher:
    """Sends with a bounded number of messages in flight."""

    def __init__(self, client: mqtt.Client) -> None:
        self._client = client
        self._room = threading.Semaphore(_IN_FLIGHT)
        client.on_publish = lambda *_: self._room.release()

    def send(self, topic: str, payload: bytes) -> None:
        """Publish at QoS 1; wait while too much is unacknowledged, raise BrokerError when that lasts a minute."""
        if not self._room.acquire(timeout=_ACKNOWLEDGED_WITHIN_S):
            raise BrokerError(f"the broker has acknowledged nothing for {_ACKNOWLEDGED_WITHIN_S:.0f} s")
        self._client.publish(topic, payload, qos=1)

    def drain(self) -> None:
        """Wait until everything sent is acknowledged."""
        for _ in range(_IN_FLIGHT):
            if not self._room.acquire(timeout=_ACKNOWLEDGED_WITHIN_S):
                raise BrokerError("the broker did not acknowledge everything; run the same command again")

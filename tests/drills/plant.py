"""A publisher as a process of its own, which writes down what it sends and what the broker acknowledges.

`python -m tests.drills.plant PORT DEVICE QOS RATE METRICS FIRST_MS LOG SEED TWICE` writes `s <number>` before it sends
a message and `a <number>` once that is acknowledged (PUBACK, or PUBCOMP at QoS 2). Like a real one it keeps its
session, sends again with DUP what was not acknowledged when a connection broke, repeats itself and dawdles at times: a
share TWICE of its messages is sent twice, and some come hundreds of messages late. When its standard input ends, it
ends: at most 60 s later, once everything is acknowledged.
"""

import json
import os
import random
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.drills import readings

_WINDOW = 400
_LATE = 0.05
_FLUSH_WITHIN_S = 60.0


class Plant:
    """One device that talks without end."""

    def __init__(
        self, port: int, device: str, qos: int, metrics: int, first_ms: int, log: Path, seed: int, *, twice: float
    ) -> None:
        self._topic = f"bellwether/v1/drill/{device}"
        self._device, self._qos, self._metrics, self._first_ms = device, qos, metrics, first_ms
        self._chance = random.Random(seed)
        self._twice = twice
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._pending: dict[int, int] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        self._late: list[int] = []
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=device, protocol=MQTTProtocolVersion.MQTTv311, clean_session=False
        )
        self._client.max_inflight_messages_set(50)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_publish = self._on_publish
        self._client.connect_async("127.0.0.1", port, keepalive=10)
        self._client.loop_start()

    def run(self, rate: float, ending: threading.Event) -> None:
        began, number = time.monotonic(), 0
        while not ending.is_set():
            if len(self._pending) < _WINDOW and number < (time.monotonic() - began) * rate:
                self._next(number)
                number += 1
            else:
                time.sleep(0.005)
        for late in self._late:
            self._send(late)
        deadline = time.monotonic() + _FLUSH_WITHIN_S
        while self._pending and time.monotonic() < deadline:
            time.sleep(0.05)
        self._client.disconnect()
        self._client.loop_stop()

    def _next(self, number: int) -> None:
        luck = self._chance.random()
        if luck < _LATE:
            self._late.append(number)
        else:
            self._send(number)
        if luck > 1 - self._twice:
            self._send(number)
        if self._late and self._chance.random() < _LATE:
            self._send(self._late.pop(self._chance.randrange(len(self._late))))

    def _send(self, number: int) -> None:
        os.write(self._log, b"s %d\n" % number)
        payload = json.dumps(readings.body(self._device, number, self._first_ms, self._metrics))
        mid = self._client.publish(self._topic, payload, qos=self._qos).mid
        with self._lock:
            if mid in self._early:
                self._early.remove(mid)
                self._acknowledged(number)
            else:
                self._pending[mid] = number

    def _on_publish(self, _client: mqtt.Client, _data: object, mid: int, *_: object) -> None:
        """The broker may be faster than `_send`, which paho's locks forbid to wait for it under ours."""
        with self._lock:
            if mid in self._pending:
                self._acknowledged(self._pending.pop(mid))
            else:
                self._early.add(mid)

    def _acknowledged(self, number: int) -> None:
        os.write(self._log, b"a %d\n" % number)


def main() -> None:
    """Talk until standard input ends."""
    port, device, qos, rate, metrics, first_ms, log, seed, twice = sys.argv[1:10]
    plant = Plant(int(port), device, int(qos), int(metrics), int(first_ms), Path(log), int(seed), twice=float(twice))
    ending = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
    plant.run(float(rate), ending)


if __name__ == "__main__":
    main()

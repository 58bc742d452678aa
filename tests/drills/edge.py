"""A Sparkplug edge node as a process of its own, which writes down what it sends, as `tests.drills.plant` does.

`python -m tests.drills.edge PORT NODE RATE METRICS FIRST_MS LOG` sends an NBIRTH, then NDATA by alias, all at QoS 0. So
nobody acknowledges anything, and `s <number>` is all that it can say. It gives its births again when it is asked to.
"""

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from shared.sparkplug import DataType, Metric, next_seq, node_birth, node_death, payload, topic
from tests.drills import readings

GROUP = "drill"


class Edge:
    """One node, one session."""

    def __init__(self, port: int, node: str, metrics: int, first_ms: int, log: Path) -> None:
        self._node, self._metrics, self._first_ms = node, metrics, first_ms
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._seq = 0
        self._bd_seq = -1
        self._birth_wanted = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=node, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self._begin_session()
        self._client.on_message = lambda *_: self._birth_wanted.set()
        self._begin_session()
        self._client.connect("127.0.0.1", port, keepalive=10)
        self._client.loop_start()

    def _begin_session(self) -> None:
        self._bd_seq = next_seq(self._bd_seq)
        death = node_death(bd_seq=self._bd_seq, timestamp_ms=self._first_ms)
        self._client.will_set(topic(GROUP, "NDEATH", self._node), death, qos=1)

    def _on_connect(self, *_: object) -> None:
        self._client.subscribe(topic(GROUP, "NCMD", self._node))
        self._birth_wanted.set()

    def run(self, rate: float, ending: threading.Event) -> None:
        began, number = time.monotonic(), 0
        while not ending.is_set():
            if self._client.is_connected() and number < (time.monotonic() - began) * rate:
                self._say(number)
                number += 1
            else:
                time.sleep(0.002)
        time.sleep(1)
        os._exit(0)

    def _say(self, number: int) -> None:
        os.write(self._log, b"s %d\n" % number)
        at_ms = self._first_ms + number * readings.EVERY_MS
        if self._birth_wanted.is_set():
            self._birth_wanted.clear()
            self._seq = 0
            body = node_birth(self._told(number, named=True), bd_seq=self._bd_seq, timestamp_ms=at_ms)
            self._client.publish(topic(GROUP, "NBIRTH", self._node), body)
        else:
            self._seq = next_seq(self._seq)
            body = payload(self._told(number, named=False), timestamp_ms=at_ms, seq=self._seq)
            self._client.publish(topic(GROUP, "NDATA", self._node), body)

    def _told(self, number: int, *, named: bool) -> list[Metric]:
        one = np.array([number], np.int64)
        return [
            Metric(
                name=f"m{metric}" if named else None,
                alias=metric,
                datatype=DataType.DOUBLE,
                value=float(readings.values(self._node, one, metric)[0]),
            )
            for metric in range(self._metrics)
        ]


def main() -> None:
    """Talk until standard input ends."""
    port, node, rate, metrics, first_ms, log = sys.argv[1:7]
    edge = Edge(int(port), node, int(metrics), int(first_ms), Path(log))
    ending = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
    edge.run(float(rate), ending)


if __name__ == "__main__":
    main()

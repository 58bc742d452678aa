"""The publisher's process, from the benchmark's side."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.bench.ingest_load import Load
from tests.mosquitto import Broker


class Published(NamedTuple):
    """When each message was sent and all were acknowledged (wall time), and how long the window was full."""

    instants: list[float]
    ended: float
    waited_s: float


class PublisherProcess:
    """Publishes messages by number. `begin` returns at once, `result` waits."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def publish(self, first: int, end: int, *, window: int) -> Published:
        """At full speed, with at most `window` messages that are not stored yet."""
        self._order(first=first, end=end, window=window)
        return self.result()

    def begin(self, first: int, end: int, *, per_s: float) -> None:
        """At a pace."""
        self._order(first=first, end=end, per_s=per_s)

    def result(self) -> Published:
        """What became of the last order."""
        return Published(**self.read())

    def read(self) -> Any:
        """The process's next line."""
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise RuntimeError("the publisher ended")
        return json.loads(line)

    def _order(self, **order: float) -> None:
        if self._process.stdin is None:
            raise TypeError("the publisher has no stdin")
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()


@contextmanager
def publisher(load: Load, broker: Broker, url: str, messages: int, start_ms: int) -> Iterator[PublisherProcess]:
    """A publisher that has built so many messages and has sent the load's opening."""
    arguments = [str(broker.port), url, load.protocol, str(load.metrics), str(messages), str(start_ms)]
    command = [sys.executable, "-m", "tests.bench.ingest_publisher", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        started = PublisherProcess(process)
        started.read()
        yield started
        process.communicate()

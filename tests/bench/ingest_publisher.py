"""A publisher as fast as a socket, in a process of its own; packets are built before it says that it is ready.

`python -m tests.bench.ingest_publisher PORT DATABASE_URL PROTOCOL METRICS MESSAGES START_MS` reads one order a line,
{"first": n, "end": n} with "per_s", a pace, or "window", how many messages may be on their way as the database shows
it; and answers each with the instants at which it sent.
"""

import json
import math
import socket
import sys
import time
from dataclasses import dataclass, field

import psycopg

from tests.bench.ingest_load import Load, connect_packet, opening, packets
from tests.bench.ingest_stored import messages_stored

_BURST = 100
_UNACKNOWLEDGED = 400
_PUBACK_BYTES = 4
_POLL_S = 0.002


@dataclass
class Publisher:
    """One connection to the broker. `waited_s`: how long it stood still for want of room in the window."""

    load: Load
    connection: socket.socket
    conn: psycopg.Connection
    start_ms: int
    packets: list[bytes]
    sent: int = 0
    puback_bytes: int = 0
    waited_s: float = 0.0
    instants: list[float] = field(default_factory=list)

    def at_full_speed(self, first: int, end: int, window: int) -> None:
        """Publish, with at most `window` messages that are not stored yet."""
        stored = first
        for start in range(first, end, _BURST):
            until = min(start + _BURST, end)
            began = time.monotonic()
            while until - stored > window:
                stored = messages_stored(self.conn, self.start_ms)
                if until - stored > window:
                    time.sleep(_POLL_S)
            self.waited_s += time.monotonic() - began
            self._send(start, until)
            self._read_pubacks(leaving=_UNACKNOWLEDGED)

    def at_pace(self, first: int, end: int, per_s: float) -> None:
        """Publish each message when it is due."""
        began, sent = time.monotonic(), first
        while sent < end:
            due = min(end, first + math.ceil((time.monotonic() - began) * per_s))
            if due > sent:
                self._send(sent, due)
                self._read_pubacks(leaving=_UNACKNOWLEDGED)
                sent = due
            else:
                time.sleep(max(0.0, began + (sent - first) / per_s - time.monotonic()))

    def finish(self) -> None:
        """Wait until the broker has acknowledged everything."""
        self._read_pubacks(leaving=0)

    def _send(self, first: int, end: int) -> None:
        self.instants.extend([time.time()] * (end - first))
        self.connection.sendall(b"".join(self.packets[first:end]))
        self.sent += end - first

    def _read_pubacks(self, leaving: int) -> None:
        while self.load.qos and self.sent - self.puback_bytes // _PUBACK_BYTES > leaving:
            self.puback_bytes += len(self.connection.recv(65536))


def main(port: str, database_url: str, protocol: str, metrics: str, messages: str, start_ms: str) -> None:
    """Build, say ready, and obey."""
    load, start = Load(protocol, int(metrics)), int(start_ms)
    built = packets(load, 0, int(messages), start)
    with (
        socket.create_connection(("127.0.0.1", int(port))) as connection,
        psycopg.connect(database_url, autocommit=True) as conn,
    ):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(connect_packet(b"bench-publisher"))
        connection.recv(4)
        connection.sendall(b"".join(opening(load, start)))
        _answer("ready")
        publisher = Publisher(load, connection, conn, start, built)
        for line in sys.stdin:
            order = json.loads(line)
            publisher.instants, publisher.waited_s = [], 0.0
            if "per_s" in order:
                publisher.at_pace(**order)
            else:
                publisher.at_full_speed(**order)
            publisher.finish()
            _answer({"instants": publisher.instants, "waited_s": publisher.waited_s, "ended": time.time()})


def _answer(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A publisher as fast as a socket: MQTT 3.1.1 at QoS 1 with packets built before the clock starts.

Run as a process of its own: `python -m tests.bench.ingest_publisher PORT MESSAGES FIRST_MS`; it prints the seconds from
its first byte to the last PUBACK when it is told to go by a line on its standard input.
"""

import json
import random
import socket
import struct
import sys
import time
from collections.abc import Iterator

DEVICES = 20
METRICS = 50
_IN_FLIGHT = 200
_PUBACK_BYTES = 4


def message(number: int, first_ms: int) -> tuple[str, dict[str, object]]:
    """Topic and body of one message: each device says 50 numbers a second."""
    device, second = number % DEVICES, number // DEVICES
    noise = random.Random(number)
    values = {f"metric_{metric:02d}": round(noise.gauss(50, 10), 3) for metric in range(METRICS)}
    return f"bellwether/v1/bench/machine-{device:02d}", {"timestamp": first_ms + second * 1000, "values": values}


def publish(port: int, messages: int, first_ms: int) -> None:
    """Build, wait for the word, send, and print how long it took."""
    bursts = list(_bursts(messages, first_ms))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(_connect())
        _read(connection, 4)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began = time.time()
        for packets, count in bursts:
            connection.sendall(packets)
            _read(connection, count * _PUBACK_BYTES)
        sys.stdout.write(json.dumps({"began": began, "ended": time.time()}) + "\n")


def _bursts(messages: int, first_ms: int) -> Iterator[tuple[bytes, int]]:
    packets = [_publish(1 + number % 60_000, *message(number, first_ms)) for number in range(messages)]
    for start in range(0, messages, _IN_FLIGHT):
        burst = packets[start : start + _IN_FLIGHT]
        yield b"".join(burst), len(burst)


def _connect() -> bytes:
    client = b"bench-publisher"
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(client)) + client
    return b"\x10" + _length(len(body)) + body


def _publish(packet_id: int, topic: str, body: dict[str, object]) -> bytes:
    name = topic.encode()
    rest = struct.pack(">H", len(name)) + name + struct.pack(">H", packet_id) + json.dumps(body).encode()
    return b"\x32" + _length(len(rest)) + rest


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def _read(connection: socket.socket, size: int) -> None:
    while size:
        size -= len(connection.recv(min(size, 65536)))


if __name__ == "__main__":
    publish(*(int(argument) for argument in sys.argv[1:4]))

"""Everything that a client says to its broker, and the broker's grants, packet by packet and in order."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import NamedTuple

CONNECT, PUBLISH, SUBSCRIBE, SUBACK, DISCONNECT = 1, 3, 8, 9, 14
_PROPERTY_SIZES = {0x11: 4, 0x21: 2, 0x27: 4, 0x22: 2, 0x19: 1, 0x17: 1}
_SESSION_EXPIRY = 0x11


class Packet(NamedTuple):
    """One control packet: its type, the flags in its first byte, and what follows its length."""

    kind: int
    flags: int
    body: bytes


class Connect(NamedTuple):
    """What a CONNECT says. session_expiry_s: 0 where it says nothing, as the protocol has it."""

    clean: bool
    session_expiry_s: int
    will_topic: str
    will_payload: bytes
    will_qos: int
    will_retained: bool


class Publish(NamedTuple):
    """What a PUBLISH says."""

    topic: str
    payload: bytes
    qos: int
    retained: bool


class Recording:
    """A proxy in front of a broker. `packets` are those of all its connections, in the order of their arrival."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"mqtt://127.0.0.1:{self._listener.getsockname()[1]}"
        self.packets: list[Packet] = []

    def serve(self) -> None:
        """Serve until closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                broker = socket.create_connection(("127.0.0.1", self._broker_port))
                self._open += [client, broker]
                Thread(target=self._pass, args=(client, broker, {CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT})).start()
                Thread(target=self._pass, args=(broker, client, {SUBACK})).start()

    def cut(self) -> None:
        """End the connections that there are, as a network does that fails."""
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def close(self) -> None:
        """Take no more connections, and end those that there are."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def kinds(self) -> list[int]:
        """Types of the packets."""
        return [packet.kind for packet in self.packets]

    def connects(self, *, version5: bool) -> list[Connect]:
        """What the CONNECTs said."""
        return [_connect(packet, version5) for packet in self.packets if packet.kind == CONNECT]

    def publishes(self, *, version5: bool) -> list[Publish]:
        """What the client's PUBLISHes said."""
        return [_publish(packet, version5) for packet in self.packets if packet.kind == PUBLISH]

    def subscribed(self, *, version5: bool) -> set[str]:
        """Topic filters that the client asked for."""
        found = set()
        for packet in self.packets:
            if packet.kind == SUBSCRIBE:
                rest = packet.body[2:]
                rest = rest[1 + rest[0] :] if version5 else rest
                while rest:
                    name, rest = _string(rest)
                    found.add(name.decode())
                    rest = rest[1:]
        return found

    def _pass(self, source: socket.socket, target: socket.socket, recorded: set[int]) -> None:
        waiting = b""
        with suppress(OSError):
            while chunk := source.recv(65536):
                waiting += chunk
                packets, waiting = _split(waiting)
                self.packets += [packet for packet in packets if packet.kind in recorded]
                target.sendall(chunk)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)


@contextmanager
def recording(broker_port: int) -> Iterator[Recording]:
    """A recording in front of the broker on that port."""
    proxy = Recording(broker_port)
    thread = Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()


def _split(raw: bytes) -> tuple[list[Packet], bytes]:
    """Whole packets at the beginning, and the rest."""
    packets = []
    while len(raw) >= 2:
        length, at, shift = 0, 1, 0
        while at < len(raw):
            length |= (raw[at] & 127) << shift
            shift += 7
            at += 1
            if raw[at - 1] < 128:
                break
        else:
            break
        if len(raw) < at + length:
            break
        packets.append(Packet(raw[0] >> 4, raw[0] & 15, raw[at : at + length]))
        raw = raw[at + length :]
    return packets, raw


def _string(raw: bytes) -> tuple[bytes, bytes]:
    (size,) = struct.unpack_from(">H", raw)
    return raw[2 : 2 + size], raw[2 + size :]


def _connect(packet: Packet, version5: bool) -> Connect:
    _, rest = _string(packet.body)
    flags, rest = rest[1], rest[4:]
    expiry = 0
    if version5:
        size, properties = rest[0], rest[1 : 1 + rest[0]]
        rest = rest[1 + size :]
        while properties:
            if properties[0] == _SESSION_EXPIRY:
                (expiry,) = struct.unpack_from(">I", properties, 1)
            properties = properties[1 + _PROPERTY_SIZES[properties[0]] :]
    _, rest = _string(rest)
    if not flags & 4:
        return Connect(bool(flags & 2), expiry, "", b"", 0, False)
    rest = rest[1 + rest[0] :] if version5 else rest
    topic, rest = _string(rest)
    payload, rest = _string(rest)
    return Connect(bool(flags & 2), expiry, topic.decode(), payload, flags >> 3 & 3, bool(flags & 32))


def _publish(packet: Packet, version5: bool) -> Publish:
    qos = packet.flags >> 1 & 3
    topic, rest = _string(packet.body)
    rest = rest[2:] if qos else rest
    rest = rest[1 + rest[0] :] if version5 else rest
    return Publish(topic.decode(), rest, qos, bool(packet.flags & 1))

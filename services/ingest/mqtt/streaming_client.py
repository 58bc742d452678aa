"""paho with a short cut: what it does for each PUBLISH and PUBACK, done for all that the socket holds at once.

At one metric a message 75 of 109 µs of CPU went into receiving and acknowledging: a select, four reads and two sends
that each give up the interpreter's lock, and objects for properties that nobody reads. Now it is 10. Connecting, TLS,
sessions, subscriptions and keep-alive stay paho's, and all that is sent but these acknowledgements.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MessageType, MQTTProtocolVersion

from services.ingest.mqtt.packets import Publish, PublishStream, pubacks

_CHUNK = 65_536


class StreamingClient(mqtt.Client):
    """A client whose messages do not go to `on_message`; it must subscribe to QoS 0 or 1 and acknowledge by hand."""

    _receive: Callable[[Publish], None]

    def deliver_to(self, receive: Callable[[Publish], None]) -> None:
        """Give every message to `receive`, in the network thread, in order of receipt.

        It may block: nothing is read meanwhile, which is back-pressure on the broker.
        """
        self._receive = receive

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Send the PUBACKs of these messages of QoS 1, in this order."""
        if mids:
            self._packet_queue(MessageType.PUBACK, pubacks(mids), mid=mids[-1], qos=1)

    def _create_socket(self) -> "_Tap":
        stream = PublishStream(version5=self.protocol == MQTTProtocolVersion.MQTTv5)
        return _Tap(super()._create_socket(), stream, self._deliver)

    def _deliver(self, messages: Sequence[Publish]) -> None:
        for message in messages:
            self._receive(message)
        # What paho does for each packet that it reads itself; else a ping's answer that is late behind many messages
        # would count as a dead connection.
        self._last_bytes_received = time.monotonic()


class _Socket(Protocol):
    def recv(self, size: int, /) -> bytes: ...
    def send(self, data: bytes | bytearray, /) -> int: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
    def setblocking(self, flag: bool, /) -> None: ...


class _Tap:
    """A socket from which paho reads everything but messages: those go to `deliver`."""

    def __init__(self, sock: _Socket, stream: PublishStream, deliver: Callable[[Sequence[Publish]], None]) -> None:
        self._sock = sock
        self._others = stream.others
        self._feed = stream.feed
        self._deliver = deliver
        self.send, self.close = sock.send, sock.close
        self.fileno, self.setblocking = sock.fileno, sock.setblocking

    def recv(self, size: int) -> bytes:
        """The next bytes for paho, b"" when the connection is closed; raises BlockingIOError where there are none."""
        if not self._others:
            data = self._sock.recv(_CHUNK)
            if not data:
                return b""
            self._deliver(self._feed(data))
            if not self._others:
                raise BlockingIOError
        taken = bytes(self._others[:size])
        del self._others[:size]
        return taken

    def pending(self) -> int:
        """How many bytes there are that select() does not know of; TLS holds some back too."""
        return len(self._others) + (self._sock.pending() if hasattr(self._sock, "pending") else 0)

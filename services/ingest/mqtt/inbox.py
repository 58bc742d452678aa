"""The bounded queue between paho's threads and the writer: full means wait, and so back-pressure on the broker."""

from threading import Condition

from services.ingest.messages.envelope import Envelope


class Inbox:
    """Envelopes in order of receipt, at most `messages` and about `size` bytes of them."""

    def __init__(self, *, messages: int = 8_000, size: int = 16 * 1024 * 1024) -> None:
        self._limit = messages
        self._size_limit = size
        self._waiting: list[Envelope] = []
        self._size = 0
        self._closed = False
        self._changed = Condition()

    def put(self, envelope: Envelope) -> None:
        """Append, after waiting for room; nothing happens once the inbox is closed."""
        with self._changed:
            while not self._closed and (len(self._waiting) >= self._limit or self._size >= self._size_limit):
                self._changed.wait()
            if self._closed:
                return
            self._waiting.append(envelope)
            self._size += len(envelope.payload)
            if len(self._waiting) == 1:
                self._changed.notify_all()

    def take(self, timeout_s: float) -> list[Envelope]:
        """Everything that waits; after `timeout_s` without anything, an empty list."""
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait(timeout_s)
            taken, self._waiting, self._size = self._waiting, [], 0
            if taken:
                self._changed.notify_all()
        return taken

    @property
    def closed(self) -> bool:
        """Whether nothing more is taken in."""
        return self._closed

    def close(self) -> None:
        """Take no more in; what waits can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

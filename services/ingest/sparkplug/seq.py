"""The numbering of one session's messages, 0 to 255 and again: which is due, and what waits for those before it."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from services.ingest.messages.envelope import Envelope
from services.ingest.sparkplug.topics import Address
from shared.sparkplug import next_seq

NUMBERS = 256
_NEAR = 64


class Place(Enum):
    """Where a message stands: due now, late (given up before), early (some are missing), or taken before."""

    DUE = auto()
    LATE = auto()
    EARLY = auto()
    REPEATED = auto()


class Message(NamedTuple):
    """A message with what tells its place: number, sender's time (Unix ms, 0 unknown), and a digest of its bytes."""

    envelope: Envelope
    address: Address
    seq: int
    sent_ms: int
    digest: int

    def follows(self, birth: "Message") -> bool:
        """Whether the message was sent after that birth; at the same millisecond, their numbers tell."""
        if self.sent_ms != birth.sent_ms:
            return self.sent_ms > birth.sent_ms
        return 0 < (self.seq - birth.seq) % NUMBERS < NUMBERS // 2


@dataclass
class SeqTracker:
    """Where a session stands. expected None: no message has told yet."""

    expected: int | None = None
    held: list[Message] = field(default_factory=list)
    given_up: set[int] = field(default_factory=set)
    _digests: "array[int]" = field(default_factory=lambda: array("q"))

    def place(self, message: Message) -> Place:
        """Where the message stands; nothing changes."""
        if message.seq == self.expected:
            return Place.DUE
        if self._digests and self._digests[message.seq] == message.digest:
            return Place.REPEATED
        if any(message.digest == each.digest and message.seq == each.seq for each in self.held):
            return Place.REPEATED
        return Place.LATE if message.seq in self.given_up else Place.EARLY

    def take(self, message: Message) -> None:
        """Note that the message is taken; the next is expected, unless this one was late."""
        if not self._digests:
            self._digests = array("q", bytes(8 * NUMBERS))
        self._digests[message.seq] = message.digest
        if message.seq in self.given_up:
            self.given_up.remove(message.seq)
            if message.seq != self.expected:
                return
        self.expected = next_seq(message.seq)

    def ready(self) -> Iterator[Message]:
        """Take, one after another, the held messages whose turn it is."""
        while (message := self._held_as(self.expected)) is not None:
            self.held.remove(message)
            self.take(message)
            yield message

    def skip(self) -> None:
        """Give up what is missing before the first of the held messages."""
        start = self.held[0].seq if self.expected is None else self.expected
        ahead = min(_ahead(start, message.seq) for message in self.held)
        if self.expected is not None:
            self.given_up.update((start + step) % NUMBERS for step in range(ahead))
        self.expected = (start + ahead) % NUMBERS

    def is_near(self, seq: int) -> bool:
        """Whether the number is one of those that have just been or are about to be."""
        return self.expected is not None and _ahead(self.expected, seq) < _NEAR

    def oldest_us(self) -> int:
        """Since when a held message has waited, Unix µs."""
        return min(message.envelope.received_us for message in self.held)

    def _held_as(self, seq: int | None) -> Message | None:
        return next((message for message in self.held if message.seq == seq), None)


def _ahead(start: int, seq: int) -> int:
    """How far `seq` is ahead of `start`; negative behind it, which it can be by a few numbers only."""
    return (seq - start + _NEAR) % NUMBERS - _NEAR

"""How much a number of messages is, and how much is enough for one transaction."""

from collections.abc import Iterable
from typing import NamedTuple

from services.ingest.messages.readings import Decoded


class Size(NamedTuple):
    """How many messages, with how many samples, and the bytes of their payloads, which a message without samples has
    too."""

    messages: int = 0
    samples: int = 0
    payload_bytes: int = 0

    def plus(self, other: "Size") -> "Size":
        """Both together."""
        return Size(
            self.messages + other.messages, self.samples + other.samples, self.payload_bytes + other.payload_bytes
        )

    def minus(self, part: "Size") -> "Size":
        """The rest without a part."""
        return Size(self.messages - part.messages, self.samples - part.samples, self.payload_bytes - part.payload_bytes)

    def reaches(self, bound: "Size") -> bool:
        """Whether it is as much as `bound` in one of the three."""
        return (
            self.samples >= bound.samples
            or self.messages >= bound.messages
            or self.payload_bytes >= bound.payload_bytes
        )


FULL = Size(messages=3_000, samples=20_000, payload_bytes=16_000_000)
"""Of a batch: greater ones are stored no faster, and hold up what came after them."""


def size_of(batch: Iterable[Decoded]) -> Size:
    """Of all the messages."""
    messages = samples = payload_bytes = 0
    for decoded in batch:
        messages += 1
        samples += decoded.samples
        payload_bytes += len(decoded.envelope.payload)
    return Size(messages, samples, payload_bytes)

"""MQTT's wire form, as far as speed asks for it: PUBLISH read from a stream, PUBACK written in bulk."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

_PUBLISH = 0x30
_QOS, _QOS_0, _QOS_1 = 0x06, 0x00, 0x02
_RETAIN = 0x01
_PUBACK = 0x4002_0000


class Publish(NamedTuple):
    """A PUBLISH as it came. `mid` is its packet identifier, 0 at QoS 0; `topic` that is not UTF-8 has surrogates."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    mid: int


class PublishStream:
    """Cuts one connection's bytes into packets. `version5`: a PUBLISH has properties, which are skipped.

    Only what is certain to be a PUBLISH of QoS 0 or 1 is read here. Everything else, and whatever is malformed, is
    for somebody else to judge: `feed` appends it, unchanged and in its order, to `others`.
    """

    def __init__(self, *, version5: bool) -> None:
        self.others = bytearray()
        self._version5 = version5
        self._held = bytearray()
        self._wanted = 0

    def feed(self, data: bytes) -> list[Publish]:
        """Take the next bytes of the stream; return the messages that are now complete, in order."""
        if self._held:
            self._held += data
            if len(self._held) < self._wanted:
                return []
            data, self._held = bytes(self._held), bytearray()
        found: list[Publish] = []
        start = 0
        while start < len(data):
            body, end = _bounds(data, start)
            if end > len(data):
                self._wanted = end - start
                break
            publish = _publish(data, start, body, end, version5=self._version5)
            if publish is None:
                self.others += data[start:end]
            else:
                found.append(publish)
            start = end
        self._held += data[start:]
        return found


def pubacks(mids: Sequence[int]) -> bytes:
    """The acknowledgements of these messages, one after another."""
    return (np.array(mids, np.uint32) | np.uint32(_PUBACK)).astype(">u4").tobytes()


def _bounds(data: bytes, start: int) -> tuple[int, int]:
    """Where the body of the packet at `start` begins, and where the packet ends: after `data` where more must come.

    A packet whose length cannot be read is malformed, and so is all that follows: its end is that of `data`.
    """
    try:
        length, body = _variable(data, start + 1)
    except IndexError:
        return len(data), len(data) + 1
    except ValueError:
        return len(data), len(data)
    return body, body + length


def _variable(data: bytes, start: int) -> tuple[int, int]:
    """A variable byte integer and the place after it.

    Raises IndexError when it is not all there, ValueError when it is longer than four bytes, which MQTT forbids.
    """
    byte = data[start]
    if byte < 0x80:
        return byte, start + 1
    value = byte & 0x7F
    for place in (1, 2, 3):
        byte = data[start + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, start + place + 1
    raise ValueError("a variable byte integer of more than four bytes")


def _publish(data: bytes, start: int, body: int, end: int, *, version5: bool) -> Publish | None:
    """The PUBLISH that has these bounds; None for all other packets, for QoS 2, and for a malformed one."""
    flags = data[start]
    qos = flags & _QOS
    if flags & 0xF0 != _PUBLISH or qos not in (_QOS_0, _QOS_1):
        return None
    topic_end = body + 2 + int.from_bytes(data[body : body + 2])
    payload = topic_end if qos == _QOS_0 else topic_end + 2
    if version5:
        try:
            length, after = _variable(data, payload)
        except (IndexError, ValueError):
            return None
        payload = after + length
    if payload > end:
        return None
    mid = 0 if qos == _QOS_0 else int.from_bytes(data[topic_end : topic_end + 2])
    topic = data[body + 2 : topic_end].decode(errors="surrogateescape")
    return Publish(topic, data[payload:end], qos >> 1, bool(flags & _RETAIN), mid)

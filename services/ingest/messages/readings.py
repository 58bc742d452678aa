"""What a decoder makes of a message, before anybody knows the database's ids."""

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.ingest.messages.envelope import Envelope
from shared.errors import DecodeError

Floats = NDArray[np.float64]

GOOD, UNCERTAIN, BAD = 192, 64, 0

EXACT_IN_FLOAT64 = 2**53
"""Integers up to this size are exact in a float64; beyond it they are kept as integers."""

MALFORMED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What reading a payload as JSON raises, whatever the bytes."""

MOST_READINGS = 100_000
"""In one message: decoded they take about 700 bytes each, whatever their payload took."""

MOST_VALUES = 500_000
"""In one message, counted by its commas before anything is made of it."""

LONGEST_NAME = 512
"""Characters of a device's or a metric's name."""

_EARLIEST_US = 631_152_000_000_000
_AHEAD_US = 86_400_000_000


class Reading(NamedTuple):
    """What one device said about one instant (`observed_us`, Unix µs).

    metrics and values go together, shape (n,); NaN is "no value". texts holds strings, integers that a float64
    cannot hold, and None for "no value" of a metric that is known to be one of those. quality: GOOD or UNCERTAIN,
    for everything that has a value. units: metric to unit, where the device says so.
    """

    source: str
    protocol: str
    device: str
    observed_us: int
    historical: bool
    metrics: tuple[str, ...]
    values: Floats
    texts: tuple[tuple[str, str | int | None], ...] = ()
    quality: int = GOOD
    units: tuple[tuple[str, str], ...] = ()


class Silence(NamedTuple):
    """The end of everything a device (None: all devices of the source) has said: "no value" from then on.

    observed_us: beside the instants that the device can name, since of two values for one the first stays; None: when
    ingest received it, on the source's own clock.
    """

    source: str
    device: str | None
    observed_us: int | None


class Decoded(NamedTuple):
    """One message decoded whole, or refused whole with a reason. `alive` None: it says nothing about that."""

    envelope: Envelope
    readings: tuple[Reading, ...] = ()
    silences: tuple[Silence, ...] = ()
    reason: str | None = None
    alive: bool | None = None
    rebirth: tuple[str, str] | None = None
    """(group, edge) of a Sparkplug node that should be asked for its births."""

    @property
    def is_ignored(self) -> bool:
        """Whether nothing follows from it, as from a retained copy of what was stored when it came."""
        said = self.readings or self.silences or self.reason is not None
        return not said and self.alive is None and self.rebirth is None

    @property
    def samples(self) -> int:
        """How many values its readings have."""
        count = 0
        for reading in self.readings:
            count += len(reading.metrics) + len(reading.texts)
        return count


def check_instant(topic: str, observed_us: int, received_us: int) -> int:
    """`observed_us` itself; raise DecodeError where it cannot be the time of an observation.

    A clock before 1990 has lost its battery, one more than a day ahead of ours is set wrong: stored, such samples
    would be history that never was. As dead letters they can be replayed once the reason is understood.
    """
    if observed_us < _EARLIEST_US:
        seconds = _EARLIEST_US <= observed_us * 1000 <= received_us + _AHEAD_US
        looks = "it looks like seconds where milliseconds are expected, or " if seconds else ""
        raise DecodeError(topic, f"the time is before 1990: {looks}the device's clock is not set")
    if observed_us > received_us + _AHEAD_US:
        raise DecodeError(topic, "the time is more than a day ahead of ours: the device's clock is wrong")
    return observed_us


def check_size(topic: str, payload: bytes) -> None:
    """Raise DecodeError for a payload that could become more values than fit into memory."""
    if payload.count(b",") > MOST_VALUES:
        raise DecodeError(topic, f"it has more than {MOST_VALUES} commas, so that it may be too much at once")


def check_count(topic: str, readings: int) -> None:
    """Raise DecodeError for more readings than are taken of one message."""
    if readings > MOST_READINGS:
        raise DecodeError(topic, f"it has more than {MOST_READINGS} readings")


def check_name(topic: str, name: str) -> str:
    """`name` itself; raise DecodeError for a device's or metric's name that the database cannot hold."""
    if not name or len(name) > LONGEST_NAME:
        raise DecodeError(topic, f"a name must have 1 to {LONGEST_NAME} characters, not {len(name)}")
    return check_text(topic, name)


def check_text(topic: str, text: str) -> str:
    """`text` itself; raise DecodeError for what is no Unicode text or has a NUL, which PostgreSQL cannot hold."""
    if "\x00" in text:
        raise DecodeError(topic, "a text contains the character NUL")
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise DecodeError(topic, "a text contains half a surrogate pair") from exc
    return text

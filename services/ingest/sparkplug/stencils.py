"""A message that differs from those before in times and values only, read at their places in its bytes.

Devices say the same metrics again and again, in as many bytes. A stencil is cut from one such message that was read the
long way: it knows which bytes stay, and where times and values stand. A message whose other bytes are all the same
means the same: names, types, flags, order. Fifty doubles take 60 µs instead of 110, two hundred 95 instead of 370.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ingest.messages.readings import Floats
from services.ingest.sparkplug.shapes import Shape
from services.ingest.sparkplug.wire import COUNTED, EIGHT_BYTES, FOUR_BYTES, VARINT, Field, fields_in, varint, varint_of

_FIXED: dict[int, np.dtype[Any]] = {EIGHT_BYTES: np.dtype("<f8"), FOUR_BYTES: np.dtype("<f4")}
_WINDOW = np.dtype("<i8")
_TIMESTAMP, _METRIC = 1, 2
_METRIC_TIMESTAMP, _BOOLEAN = 3, 14
_VALUES = {10: VARINT, 11: VARINT, 12: FOUR_BYTES, 13: EIGHT_BYTES, _BOOLEAN: VARINT}
_KEPT, _CONTINUATION, _ALL_BUT_TRUTH = 0xFF, 0x80, 0xFE

# A longer integer could be negative, or be cut to the width of its type: the long way sees to that.
_LONGEST_INTEGER, _LONGEST_TIME = 4, 7
_SIGN_OUT_OF_REACH_BITS = 32

_LEAST_METRICS = 16
_MOST_BYTES_A_METRIC = 128
_SEQ_TAG = b"\x18"
_STENCILS_KEPT = 2
_FIRST_PATIENCE, _MOST_PATIENCE = 8, 4096


class Said(NamedTuple):
    """What a usual message says: of each metric its own time (Unix ms, 0 for none) and value, NaN for "no value"."""

    shape: Shape
    historical: bool
    timestamps: Sequence[int]
    values: Floats


class _Places(NamedTuple):
    """Numbers of one layout: of which metrics, and where each begins. width: bytes of a varint, 0 for a fixed one."""

    metrics: NDArray[np.int32]
    starts: NDArray[np.int32]
    layout: np.dtype[Any]
    width: int


class Stencil(NamedTuple):
    """What stays in every such message, and where the rest stands. times: none where metrics have none of their own."""

    shape: Shape
    historical: bool
    mask: NDArray[np.uint8]
    kept: bytes
    times: tuple[_Places, ...]
    values: tuple[_Places, ...]

    def read(self, body: bytes) -> Said | None:
        """What the message says; None where it differs in more than times and values."""
        if (np.frombuffer(body, np.uint8) & self.mask).tobytes() != self.kept:
            return None
        padded = body + bytes(_WINDOW.itemsize)
        values = np.empty(len(self.shape.metrics), np.float64)
        for places in self.values:
            values[places.metrics] = _numbers(padded, places)
        finite = np.isfinite(values)
        if not finite.all():
            values[~finite] = np.nan
        return Said(self.shape, self.historical, self._timestamps(padded), values)

    def _timestamps(self, padded: bytes) -> list[int]:
        size = len(self.shape.metrics)
        if not self.times:
            return [0] * size
        first = self.times[0]
        if len(self.times) == 1:
            windows = _windows(padded, first) & ((1 << 8 * first.width) - 1)
            if (windows == windows[0]).all():
                return [varint(padded, int(first.starts[0]))[0]] * size
        times = np.empty(size, np.int64)
        for places in self.times:
            times[places.metrics] = _numbers(padded, places)
        return times.tolist()


def stencil_of(body: bytes, said: Said) -> Stencil | None:
    """The stencil of a message that was read the long way; None where it is not as usual as it must be.

    `body` is a payload without its sequence number at the end.
    """
    if any(each.bits < _SIGN_OUT_OF_REACH_BITS for each in said.shape.signed):
        return None
    mask = np.full(len(body), _KEPT, np.uint8)
    times, values = _Sorter(), _Sorter()
    try:
        for metric, place in enumerate(_metrics(body, mask)):
            for field in fields_in(body, place.start, place.end):
                if field.number == _METRIC_TIMESTAMP and field.kind == VARINT:
                    times.add(metric, field, longest=_LONGEST_TIME)
                    mask[field.start : field.end] = _CONTINUATION
                elif field.kind == _VALUES.get(field.number):
                    values.add(metric, field, longest=1 if field.number == _BOOLEAN else _LONGEST_INTEGER)
                    mask[field.start : field.end] = _value_mask(field)
    except ValueError:
        return None
    every = list(range(len(said.shape.metrics)))
    if values.metrics() != every or times.metrics() not in ([], every):
        return None
    kept = (np.frombuffer(body, np.uint8) & mask).tobytes()
    return Stencil(said.shape, said.historical, mask, kept, times.places(), values.places())


def _metrics(body: bytes, mask: NDArray[np.uint8]) -> Iterator[Field]:
    """Where the metrics stand; the payload's time is masked. Raises ValueError for anything else in it."""
    for field in fields_in(body, 0, len(body)):
        if field.end > len(body):
            raise ValueError("the body is cut within a field")
        if field.number == _METRIC and field.kind == COUNTED:
            yield field
        elif field.number == _TIMESTAMP and field.kind == VARINT:
            mask[field.start : field.end] = _CONTINUATION
        else:
            raise ValueError(f"field {field.number} is not usual")


class _Sorter:
    """Collects where numbers stand, by how they are read."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def add(self, metric: int, field: Field, *, longest: int) -> None:
        """Note a number, unless it is one that cannot be read by its place."""
        width = field.end - field.start if field.kind == VARINT else 0
        if field.kind in _FIXED or 0 < width <= longest:
            self._found.setdefault((field.kind, width), []).append((metric, field.start))

    def metrics(self) -> list[int]:
        """Of which metrics, in order."""
        return sorted(metric for some in self._found.values() for metric, _ in some)

    def places(self) -> tuple[_Places, ...]:
        """The numbers by layout."""
        return tuple(
            _Places(
                np.array([metric for metric, _ in some], np.int32),
                np.array([start for _, start in some], np.int32),
                _FIXED.get(kind, _WINDOW),
                width,
            )
            for (kind, width), some in self._found.items()
        )


def _value_mask(field: Field) -> int:
    if field.number == _BOOLEAN:
        return _ALL_BUT_TRUTH
    return _CONTINUATION if field.kind == VARINT else 0


def _windows(padded: bytes, places: _Places) -> NDArray[Any]:
    """What stands at the places, read from wherever it begins; for varints with what follows them."""
    layout = places.layout
    everywhere: NDArray[Any] = np.ndarray((len(padded) - layout.itemsize + 1,), layout, padded, strides=(1,))
    return everywhere[places.starts]


def _numbers(padded: bytes, places: _Places) -> NDArray[Any]:
    found = _windows(padded, places)
    if not places.width:
        return found
    number = found & 0x7F
    for place in range(1, places.width):
        number |= (found >> place) & (0x7F << 7 * place)
    return number


class Stencils:
    """The stencils of one device, by the length of the message. One is cut where many messages of a length came."""

    def __init__(self) -> None:
        self._by_length: dict[int, Stencil] = {}
        self._read_long = 0
        self._patience = _FIRST_PATIENCE

    def read(self, raw: bytes, seq: int) -> Said | None:
        """What the message says; None where no stencil fits it."""
        body = _without_seq(raw, seq)
        stencil = self._by_length.get(len(body))
        return None if stencil is None else stencil.read(body)

    def learn(self, raw: bytes, seq: int, said: Said) -> None:
        """Note that the message had to be read the long way."""
        self._read_long += 1
        if self._read_long < self._patience or len(said.shape.metrics) < _LEAST_METRICS:
            return
        self._read_long, self._patience = 0, min(2 * self._patience, _MOST_PATIENCE)
        body = _without_seq(raw, seq)
        if len(body) > _MOST_BYTES_A_METRIC * len(said.shape.metrics):
            return
        stencil = stencil_of(body, said)
        if stencil is not None:
            while len(self._by_length) >= _STENCILS_KEPT:
                del self._by_length[next(iter(self._by_length))]
            self._by_length[len(body)] = stencil


def _without_seq(raw: bytes, seq: int) -> bytes:
    """The payload without a last field that is its sequence number."""
    return raw.removesuffix(_SEQ_TAG + varint_of(seq))

"""A batch of decoded messages, put in the order of the database's columns."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from services.ingest.batch.binary_copy import Columns
from services.ingest.batch.device import Device
from services.ingest.messages.readings import BAD, Decoded, Reading

_NO_SAMPLES = Columns(
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0),
    np.empty(0, np.int16),
    np.empty(0, np.bool_),
)


class TextSample(NamedTuple):
    """One sample of a series that holds, or ever held, text; all three values None: "no value"."""

    series_id: int
    observed_us: int
    received_us: int
    text_value: str | None
    integer_value: int | None
    quality: int
    historical: bool
    number: float | None = None


class Rows(NamedTuple):
    """What a batch stores, each in the order of receipt; a series occurs in one of the two only."""

    samples: Columns
    texts: list[TextSample]


def rows_of(decoded: Iterable[Decoded], device_of: Callable[[Reading], Device]) -> Rows:
    """All samples of the messages."""
    readings = [(d.envelope.received_us, r) for d in decoded for r in d.readings if r.metrics or r.texts]
    for _, reading in readings:
        if reading.texts:
            device_of(reading).holds_text(metric for metric, _ in reading.texts)
    texts: list[TextSample] = []
    ids, values = [], []
    for received_us, reading in readings:
        device = device_of(reading)
        places = device.text_places(reading.metrics)
        ids.append(device.ids(reading.metrics))
        values.append(reading.values)
        if reading.texts or places:
            texts.extend(_texts(reading, device, received_us, places))
            ids[-1], values[-1] = np.delete(ids[-1], places), np.delete(values[-1], places)
    counts = [len(i) for i in ids]
    columns = Columns(
        np.concatenate([np.empty(0, np.int32), *ids]),
        np.repeat(np.array([reading.observed_us for _, reading in readings], np.int64), counts),
        np.repeat(np.array([received_us for received_us, _ in readings], np.int64), counts),
        np.concatenate([np.empty(0), *values]),
        np.repeat(np.array([reading.quality for _, reading in readings], np.int16), counts),
        np.repeat(np.array([reading.historical for _, reading in readings], np.bool_), counts),
    )
    return Rows(columns, texts)


def _texts(reading: Reading, device: Device, received_us: int, places: Sequence[int]) -> Iterable[TextSample]:
    """Texts, and what is said of series that hold text: their last word is taken back where it stands."""
    for metric, value in reading.texts:
        yield _text(device.series[metric], received_us, value, reading)
    for place in places:
        number = float(reading.values[place])
        said = None if math.isnan(number) else number
        yield _text(device.series[reading.metrics[place]], received_us, said, reading)


def _text(series_id: int, received_us: int, value: str | int | float | None, reading: Reading) -> TextSample:
    return TextSample(
        series_id=series_id,
        observed_us=reading.observed_us,
        received_us=received_us,
        text_value=value if isinstance(value, str) else None,
        integer_value=value if isinstance(value, int) else None,
        quality=BAD if value is None else reading.quality,
        historical=reading.historical,
        number=value if isinstance(value, float) else None,
    )


def silenced(devices: Iterable[Device], observed_us: int, received_us: int) -> Rows:
    """ "No value" for every series of the devices at one instant."""
    held = [(series_id, series_id in device.text) for device in devices for series_id in device.series.values()]
    numbers = np.array([series_id for series_id, text in held if not text], np.int32)
    size = len(numbers)
    return Rows(
        Columns(
            numbers,
            np.full(size, observed_us, np.int64),
            np.full(size, received_us, np.int64),
            np.full(size, np.nan),
            np.full(size, BAD, np.int16),
            np.zeros(size, np.bool_),
        ),
        [
            TextSample(series_id, observed_us, received_us, None, None, BAD, historical=False)
            for series_id, text in held
            if text
        ],
    )


def joined(parts: Sequence[Rows]) -> Rows:
    """The parts one after another."""
    samples = [_NO_SAMPLES, *(part.samples for part in parts)]
    columns = Columns(
        np.concatenate([s.series_id for s in samples]),
        np.concatenate([s.observed_us for s in samples]),
        np.concatenate([s.received_us for s in samples]),
        np.concatenate([s.values for s in samples]),
        np.concatenate([s.quality for s in samples]),
        np.concatenate([s.historical for s in samples]),
    )
    return Rows(columns, [text for part in parts for text in part.texts])

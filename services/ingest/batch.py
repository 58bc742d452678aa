"""A batch of decoded messages, put in the order of the database's columns."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from services.ingest.columns import Columns, selected
from services.ingest.device import Device
from services.ingest.readings import BAD, Decoded, Reading

_CLOCK_TOLERANCE_US = 300_000_000
_LEAST_SILENCE_US = 1_000


class TextSample(NamedTuple):
    """One row of `samples_text`; both values None: "no value"."""

    series_id: int
    observed_us: int
    received_us: int
    text_value: str | None
    integer_value: int | None
    quality: int
    historical: bool


class Heard(NamedTuple):
    """How far a source has told its time, and when we received that; in Unix µs.

    observed_through_us None: it has said nothing with a time, only (at received_us) that it is alive or not.
    """

    received_us: int
    observed_through_us: int | None
    alive: bool | None


class Rows(NamedTuple):
    """What a batch stores."""

    samples: Columns
    texts: list[TextSample]


def rows_of(decoded: Iterable[Decoded], device_of: Callable[[Reading], Device]) -> Rows:
    """All samples of the messages, in the order of receipt."""
    readings = [(d.envelope.received_us, reading) for d in decoded for reading in d.readings]
    texts: list[TextSample] = []
    ids, values = [], []
    for received_us, reading in readings:
        device = device_of(reading)
        ids.append(device.ids(reading.metrics))
        values.append(reading.values)
        if reading.texts or device.text:
            texts.extend(_texts(reading, device, received_us))
    counts = [len(i) for i in ids]
    columns = Columns(
        np.concatenate([np.empty(0, np.int32), *ids]),
        np.repeat(np.array([reading.observed_us for _, reading in readings], np.int64), counts),
        np.repeat(np.array([received_us for received_us, _ in readings], np.int64), counts),
        np.concatenate([np.empty(0), *values]),
        np.repeat(np.array([reading.quality for _, reading in readings], np.int16), counts),
        np.repeat(np.array([reading.historical for _, reading in readings], np.bool_), counts),
    )
    missing = np.isnan(columns.values)
    if missing.any():
        text_ids = {series_id for _, reading in readings for series_id in device_of(reading).text}
        columns = selected(columns, ~(missing & np.isin(columns.series_id, list(text_ids))))
    return Rows(columns, texts)


def _texts(reading: Reading, device: Device, received_us: int) -> Iterable[TextSample]:
    """Rows for texts, and for "no value" of series that hold text: their last word is taken back where it stands."""
    for metric, value in reading.texts:
        series_id = device.series[metric]
        device.text.add(series_id)
        yield _text(series_id, reading.observed_us, received_us, value, reading)
    for place in np.flatnonzero(np.isnan(reading.values)):
        series_id = device.series[reading.metrics[place]]
        if series_id in device.text:
            yield _text(series_id, reading.observed_us, received_us, None, reading)


def _text(series_id: int, observed_us: int, received_us: int, value: str | int | None, reading: Reading) -> TextSample:
    return TextSample(
        series_id=series_id,
        observed_us=observed_us,
        received_us=received_us,
        text_value=value if isinstance(value, str) else None,
        integer_value=value if isinstance(value, int) else None,
        quality=BAD if value is None else reading.quality,
        historical=reading.historical,
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
    if len(parts) == 1:
        return parts[0]
    samples = [part.samples for part in parts]
    columns = Columns(
        np.concatenate([s.series_id for s in samples]),
        np.concatenate([s.observed_us for s in samples]),
        np.concatenate([s.received_us for s in samples]),
        np.concatenate([s.values for s in samples]),
        np.concatenate([s.quality for s in samples]),
        np.concatenate([s.historical for s in samples]),
    )
    return Rows(columns, [text for part in parts for text in part.texts])


def hear(heard: dict[str, Heard], decoded: Decoded) -> None:
    """Note in `heard` (by topic prefix) what one message says about its source.

    Its instants of receipt and of observation move on together, or event time could not be reckoned from them: data
    that are older than what the source has told, and deaths, say only whether it is alive. Nobody's clock is believed
    further than five minutes ahead of ours.
    """
    received_us = decoded.envelope.received_us
    for reading in decoded.readings:
        at = min(reading.observed_us, received_us + _CLOCK_TOLERANCE_US)
        before = heard.get(reading.source)
        if before is None or before.observed_through_us is None or at > before.observed_through_us:
            heard[reading.source] = Heard(received_us, at, decoded.alive)
        else:
            heard[reading.source] = before._replace(alive=decoded.alive)
    for silence in decoded.silences:
        before = heard.get(silence.source, Heard(received_us, None, None))
        heard[silence.source] = before if decoded.alive is None else before._replace(alive=decoded.alive)


def event_time(source: Heard, received_us: int) -> int | None:
    """When, on the source's own clock, we received something: its newest time and what has passed since.

    None where the source never gave a time.
    """
    if source.observed_through_us is None:
        return None
    return source.observed_through_us + max(received_us - source.received_us, _LEAST_SILENCE_US)

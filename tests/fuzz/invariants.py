"""What must be true of everything that a decoder gives, whatever it was fed."""

import math

import numpy as np

from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import EXACT_IN_FLOAT64, GOOD, UNCERTAIN, Decoded, Reading, Silence

EARLIEST_US = 631_152_000_000_000
AHEAD_US = 86_400_000_000
LONGEST_NAME = 512
LARGEST = 10**30


def check_decoded(decoded: Decoded) -> None:
    """Whole or nothing: readings, or a reason, and all that is told can be stored.

    A birth that is refused ends the session before it all the same; nothing else that is refused ends anything.
    """
    if decoded.reason is not None:
        assert decoded.reason, "a refusal without a reason"
        assert not decoded.readings, "a refused message told something all the same"
        born = "BIRTH" in decoded.envelope.topic
        assert born or not decoded.silences, "a refused message silenced something all the same"
    for reading in decoded.readings:
        check_reading(decoded.envelope, reading)
    for silence in decoded.silences:
        check_silence(decoded.envelope, silence)


def check_reading(envelope: Envelope, reading: Reading) -> None:
    check_source(reading.source)
    check_name(reading.device)
    check_instant(envelope, reading.observed_us)
    assert isinstance(reading.historical, bool)
    assert reading.quality in {GOOD, UNCERTAIN}
    assert len(reading.metrics) == len(reading.values)
    assert reading.values.dtype == np.float64
    assert not np.isinf(reading.values).any(), "an infinity"
    for metric in (*reading.metrics, *(name for name, _ in reading.texts), *(name for name, _ in reading.units)):
        check_name(metric)
    for _, text in reading.texts:
        check_text_value(text)
    for _, unit in reading.units:
        check_text(unit)


def check_silence(envelope: Envelope, silence: Silence) -> None:
    check_source(silence.source)
    if silence.device is not None:
        check_name(silence.device)
    if silence.observed_us is not None:
        check_instant(envelope, silence.observed_us)


def check_instant(envelope: Envelope, observed_us: int) -> None:
    assert type(observed_us) is int
    assert EARLIEST_US <= observed_us <= envelope.received_us + AHEAD_US, "a time that cannot be an observation's"


def check_source(source: str) -> None:
    assert source, "no source"
    check_text(source)


def check_name(name: str) -> None:
    assert 0 < len(name) <= LONGEST_NAME, "a name of an impossible length"
    check_text(name)


def check_text(text: str) -> None:
    assert "\x00" not in text, "a text that the database cannot hold"
    text.encode()


def check_text_value(value: str | int | None) -> None:
    if isinstance(value, str):
        check_text(value)
    elif value is not None:
        assert EXACT_IN_FLOAT64 <= abs(value) < LARGEST, "an integer at the wrong place"


def same(left: object, right: object) -> bool:
    """Equality where NaN equals NaN."""
    both_missing = isinstance(left, float) and isinstance(right, float) and math.isnan(left) and math.isnan(right)
    return both_missing or left == right


def told(decoded: Decoded) -> list[tuple[object, ...]]:
    """Everything that is stored of a message, comparable."""
    return [
        (r.source, r.device, r.observed_us, r.historical, r.quality, r.metrics, r.values.tobytes(), r.texts, r.units)
        for r in decoded.readings
    ] + [tuple(silence) for silence in decoded.silences]

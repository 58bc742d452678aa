"""Envelopes for decoders, and what they are decoded to."""

import json

import numpy as np

from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded, Reading, Silence

NOW_US = 1_780_000_000_000_000
NOW_MS = NOW_US // 1000


def envelope(
    topic: str, payload: bytes | str | dict | list, *, retained: bool = False, at_us: int = NOW_US
) -> Envelope:
    if isinstance(payload, dict | list):
        payload = json.dumps(payload)
    raw = payload.encode() if isinstance(payload, str) else payload
    return Envelope(topic, raw, 1, retained, at_us, 1, 0)


def reading(
    metrics: tuple[str, ...],
    values: list[float],
    texts: tuple[tuple[str, str | int | None], ...] = (),
    observed_us: int = NOW_US,
) -> Reading:
    return Reading("s", "json", "d", observed_us, False, metrics, np.array(values, np.float64), texts)


def decoded(
    *readings: Reading, silences: tuple[Silence, ...] = (), at_us: int = NOW_US, alive: bool | None = True
) -> Decoded:
    return Decoded(envelope("t", b"", at_us=at_us), readings, silences, alive=alive)

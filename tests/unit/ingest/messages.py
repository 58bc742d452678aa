"""Envelopes for decoders."""

import json

from services.ingest.messages.envelope import Envelope

NOW_US = 1_780_000_000_000_000
NOW_MS = NOW_US // 1000


def envelope(
    topic: str, payload: bytes | str | dict | list, *, retained: bool = False, at_us: int = NOW_US
) -> Envelope:
    if isinstance(payload, dict | list):
        payload = json.dumps(payload)
    raw = payload.encode() if isinstance(payload, str) else payload
    return Envelope(topic, raw, 1, retained, at_us, 1, 0)

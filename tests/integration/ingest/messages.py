"""Decoded messages of one plant, for the store."""

from datetime import UTC, datetime, timedelta

import numpy as np

from services.ingest.messages.readings import Decoded, Reading
from tests.unit.ingest.messages import NOW_US, envelope

SECOND = 1_000_000
NOW = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=NOW_US)
SOURCE = "bellwether/v1/p"


def reading(
    observed_us: int = NOW_US, device: str = "d", texts=(), historical: bool = False, source: str = SOURCE, **values
) -> Reading:
    numbers = np.array(list(values.values()), np.float64)
    return Reading(source, "json", device, observed_us, historical, tuple(values), numbers, texts)


def message(*readings: Reading, at_us: int = NOW_US, **more) -> Decoded:
    return Decoded(envelope("bellwether/v1/p/d", b"body", at_us=at_us), readings, alive=True, **more)

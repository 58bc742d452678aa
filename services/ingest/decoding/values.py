"""Sorting mixed values into numbers and texts."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from services.ingest.messages.readings import EXACT_IN_FLOAT64, Floats, check_name, check_text
from shared.errors import DecodeError

Scalar = float | int | str | bool | None

TOO_LONG = 10**30
"""The database keeps integers of up to 30 digits."""


class Sorted(NamedTuple):
    """Metrics with their numbers, shape (n,), NaN for "no value"; and those that only a text or integer can say."""

    metrics: tuple[str, ...]
    values: Floats
    texts: tuple[tuple[str, str | int | None], ...]


def sort_values(topic: str, items: Iterable[tuple[str, Scalar]]) -> Sorted:
    """Numbers apart from texts; true and false are 1 and 0. Raises DecodeError for what cannot be stored.

    Integers beyond 2^53 go with the texts, since a float64 would change them. NaN and infinities, which some
    devices send for a broken sensor, are "no value".
    """
    metrics: list[str] = []
    values: list[float] = []
    texts: list[tuple[str, str | int | None]] = []
    for name, value in items:
        check_name(topic, name)
        if isinstance(value, str):
            texts.append((name, check_text(topic, value)))
        elif isinstance(value, int) and abs(value) > EXACT_IN_FLOAT64:
            texts.append((name, _storable(topic, name, value)))
        else:
            metrics.append(name)
            values.append(math.nan if value is None or not math.isfinite(value) else float(value))
    return Sorted(tuple(metrics), np.array(values, np.float64), tuple(texts))


def once_each(topic: str, items: Iterable[tuple[str, Scalar]]) -> Iterator[tuple[str, Scalar]]:
    """The same items; raise DecodeError where a name comes again: of two values at one instant only one could stay."""
    seen = set()
    for name, value in items:
        if name in seen:
            raise DecodeError(topic, f"it gives {name!r} twice")
        seen.add(name)
        yield name, value


def _storable(topic: str, name: str, value: int) -> int:
    if abs(value) >= TOO_LONG:
        raise DecodeError(topic, f"{name} is an integer of more than 30 digits")
    return value

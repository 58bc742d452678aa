"""Disjoint, ascending spans [from, until) of time: their union, and what lies in them. Pure."""

from collections.abc import Sequence

import numpy as np

from services.health.block import Bools, Floats

NEVER: Floats = np.empty((0, 2))


def union(spans: Sequence[tuple[float, float]], start: float, end: float) -> Floats:
    """The spans' union inside [start, end), ascending; shape (n, 2)."""
    if not spans:
        return NEVER
    found: Floats = np.clip(np.array(sorted(spans)), start, end)
    found = found[found[:, 1] > found[:, 0]]
    if not len(found):
        return found
    reach = np.maximum.accumulate(found[:, 1])
    first = np.append(True, found[1:, 0] > reach[:-1])
    return np.column_stack([found[first, 0], reach[np.append(first[1:], True)]])


def lies_in(spans: Floats, at: Floats) -> Bools:
    """Which moments lie in one of disjoint, ascending spans."""
    if not len(spans):
        return np.zeros(len(at), dtype=np.bool_)
    place = np.searchsorted(spans[:, 0], at, side="right") - 1
    found: Bools = (place >= 0) & (at < spans[np.maximum(place, 0), 1])
    return found

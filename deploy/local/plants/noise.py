"""Noise as a function of place: the same (key, instant) always gives the same number.

A counter-based generator (the finaliser of splitmix64, Steele, Lea, Flood 2014) instead of a sequence: any time range
can be generated on its own, and no number depends on how the range was cut.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SQRT_3 = math.sqrt(3.0)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def stream(*parts: int | str) -> int:
    """Key of an independent stream of noise, in 0..2^64-1, for what `parts` name, such as (seed, asset, metric)."""
    name = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def _bits(key: int, at: Ints) -> NDArray[np.uint64]:
    mixed = np.uint64(key) + at.astype(np.uint64) * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
    return mixed ^ (mixed >> np.uint64(31))


def uniform(key: int, at: Ints) -> Floats:
    """Uniform numbers in [0, 1), one for each whole number of `at`; same shape."""
    return (_bits(key, at) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normal(key: int, at: Ints) -> Floats:
    """Numbers of mean 0 and variance 1, within ±3.47: the sum of four uniform ones (Irwin-Hall); same shape as `at`."""
    bits = _bits(key, at)
    low = np.uint64(0xFFFF)
    total = (bits & low) + (bits >> np.uint64(16) & low) + (bits >> np.uint64(32) & low) + (bits >> np.uint64(48))
    spread: Floats = (total.astype(np.float64) * 2.0**-16 - 2.0) * _SQRT_3
    return spread


def drift(key: int, at: Ints, knot_s: int) -> Floats:
    """Slow noise of mean 0: normal numbers at every `knot_s` seconds, joined by straight lines."""
    knot = at // knot_s
    share: Floats = (at - knot * knot_s) / knot_s
    before, after = normal(key, knot), normal(key, knot + 1)
    joined: Floats = before + (after - before) * share
    return joined

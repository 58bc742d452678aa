"""How far smoothed deviations are from what chance explains; 1 is the limit. Pure arithmetic on (T, A, M) arrays.

A machines with M metrics each are judged at once. No sum depends on how many machines or buckets there are, so that a
machine judged alone, or bucket by bucket, is judged alike to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.reference import Weights

_ONLY = 1.5  # times as far from what its peers foretell as any of them is: only that one moved
_SUSPECT = 0.5  # of the limit: metrics together do not speak against the machine when it may be a sensor


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What T buckets of smoothed deviations say; the greatest of all spans, 1 is the limit.

    score: (T, A), of the machine. own: (T, A, M), of each metric for itself. apart: (T, A, M), distance of each from
    what its peers foretell; 0 where they do not foretell it well. alone: the same where only that one moved, else 0.
    """

    score: Floats
    own: Floats
    apart: Floats
    alone: Floats


def judge(weights: Weights, averages: Sequence[Floats], faulty: Bools) -> Judgement:
    """Judge smoothed deviations (T, A, M), one array a span, in the baseline's sigmas.

    faulty: (T, A, M), metrics whose sensor is to blame: they are left out of the machine's score. The conditional mean
    of a Gaussian is what peers foretell, and T2 of all metrics = T2 of the peers + distance squared.
    """
    score, own, left, alone = np.zeros(faulty.shape[:2]), *(np.zeros(faulty.shape) for _ in range(3))
    for average, noise in zip(averages, weights.noise, strict=True):
        y = average / noise
        single, foretold = np.abs(y) / weights.limit, _times(y, weights.precision)
        apart = np.abs(foretold / weights.spread)
        squared = (foretold * y).sum(axis=-1)
        distance = np.where(weights.foretold, apart / weights.limit, 0.0)
        still = squared[..., None] - apart**2 <= weights.peers_limit[:, None]
        only = still & (apart >= _ONLY * _greatest_other(apart))
        own, left = np.maximum(own, single), np.maximum(left, distance)
        alone = np.maximum(alone, np.where(only, distance, 0.0))
        suspect = faulty | (only & (distance > _SUSPECT))
        together = _together(weights, y, squared, apart, suspect)
        loudest = np.where(faulty, 0.0, single).max(axis=-1, initial=0.0)
        score = np.maximum(score, np.maximum(loudest, together))
    return Judgement(score=score, own=own, apart=left, alone=alone)


def _times(y: Floats, matrix: Floats) -> Floats:
    """Each machine's row vectors (T, A, M) times its own matrix (A, M, M)."""
    found = y[..., :1] * matrix[:, 0]
    for m in range(1, y.shape[-1]):
        found += y[..., m : m + 1] * matrix[:, m]
    return found


def _greatest_other(size: Floats) -> Floats:
    """For each metric the greatest of the others, (T, A, M)."""
    if size.shape[-1] < 2:
        return np.zeros_like(size)
    greatest = np.sort(size, axis=-1)
    return np.where(size == greatest[..., -1:], greatest[..., -2:-1], greatest[..., -1:])


def _together(weights: Weights, y: Floats, squared: Floats, apart: Floats, faulty: Bools) -> Floats:
    """Score of all metrics together: T2 in the leading dimensions and Q outside them, (T, A).

    Jackson (1991). Where one sensor is faulty, T2 of its peers; where several are, each metric stands for itself.
    """
    part = _times(y, weights.directions) ** 2
    whole = np.maximum((part * weights.in_t2).sum(axis=-1), (part * weights.in_q).sum(axis=-1))
    peers = (squared - np.where(faulty, apart**2, 0.0).sum(axis=-1)) / weights.peers_limit
    many = faulty.sum(axis=-1)
    return np.sqrt(np.where(many == 0, whole, np.where(many == 1, np.maximum(peers, 0.0), 0.0)))

"""How far smoothed deviations are from what chance explains; 1 is the limit. Pure arithmetic on (T, M) arrays."""

from dataclasses import dataclass

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.reference import ChangeReference

_FORETOLD = 0.5  # share of a metric's variance that its peers must foretell before they can speak against it
_ONLY = 1.5  # times as far from what its peers foretell as any of them is: only that one moved
_SUSPECT = 0.5  # of the limit: metrics together do not speak against the machine when it may be a sensor


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What T buckets of smoothed deviations of M metrics say; the greatest of all spans, 1 is the limit.

    score: (T,), of the machine. own: (T, M), of each metric for itself. apart: (T, M), distance of each from what its
    peers foretell; 0 where they do not foretell it well. alone: (T, M), the same where only that one moved, else 0.
    """

    score: Floats
    own: Floats
    apart: Floats
    alone: Floats


def judge(reference: ChangeReference, averages: list[Floats], faulty: Bools) -> Judgement:
    """Judge smoothed deviations (T, M), one array a span, in the baseline's sigmas.

    faulty: (T, M), metrics whose sensor is to blame: they are left out of the machine's score. The conditional mean
    of a Gaussian is what peers foretell, and T2 of all metrics = T2 of the peers + distance squared.
    """
    precision = np.linalg.inv(np.array(reference.correlation))
    limit, spread = np.array(reference.limit), np.sqrt(np.diag(precision))
    foretold = reference.judged & (1 - 1 / spread**2 >= _FORETOLD)
    score, own, left, alone = np.zeros(len(faulty)), *(np.zeros(faulty.shape) for _ in range(3))
    for average, noise in zip(averages, reference.noise, strict=True):
        y = np.where(reference.judged, average / np.array(noise), 0.0)
        single, apart = np.abs(y) / limit, y @ precision / spread
        squared = (y @ precision * y).sum(axis=1)
        distance = np.where(foretold, np.abs(apart) / limit, 0.0)
        still = squared[:, None] - apart**2 <= reference.peers_limit
        only = still & (np.abs(apart) >= _ONLY * _greatest_other(np.abs(apart)))
        own, left = np.maximum(own, single), np.maximum(left, distance)
        alone = np.maximum(alone, np.where(only, distance, 0.0))
        suspect = faulty | (only & (distance > _SUSPECT))
        together = _together(reference, y, squared, apart, suspect)
        score = np.fmax.reduce([score, np.where(faulty, 0.0, single).max(axis=1, initial=0.0), together])
    return Judgement(score=score, own=own, apart=left, alone=alone)


def _greatest_other(size: Floats) -> Floats:
    """For each metric the greatest of the others, (T, M)."""
    if size.shape[1] < 2:
        return np.zeros_like(size)
    greatest = np.sort(size, axis=1)
    return np.where(size == greatest[:, -1:], greatest[:, -2:-1], greatest[:, -1:])


def _together(reference: ChangeReference, y: Floats, squared: Floats, apart: Floats, faulty: Bools) -> Floats:
    """Score of all metrics together: T2 in the leading dimensions and Q outside them, (T,).

    Jackson (1991). Where one sensor is faulty, T2 of its peers; where several are, each metric stands for itself.
    """
    judged = reference.judged
    powers, directions = np.linalg.eigh(np.array(reference.correlation)[np.ix_(judged, judged)])
    part = (y[:, judged] @ directions)[:, ::-1]
    t2 = (part[:, : reference.leading] ** 2 / powers[::-1][: reference.leading]).sum(axis=1)
    q = (part[:, reference.leading :] ** 2).sum(axis=1)
    whole = np.maximum(t2 / reference.t2_limit, q / reference.q_limit)
    peers = (squared - np.where(faulty, apart**2, 0.0).sum(axis=1)) / reference.peers_limit
    many = faulty.sum(axis=1)
    return np.sqrt(np.where(many == 0, whole, np.where(many == 1, np.maximum(peers, 0.0), 0.0)))

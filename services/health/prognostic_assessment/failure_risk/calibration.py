"""Whether probabilities keep their word. Pure."""

import numpy as np

from services.health.block import Bools, Floats

BINS = 10


def calibration_error(probability: Floats, happened: Bools) -> float:
    """Mean distance between what was said and how often it happened, over ten bins of equally many cases (N,)."""
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, BINS)
    gaps = [len(part) * abs(probability[part].mean() - happened[part].mean()) for part in parts if len(part)]
    return float(sum(gaps)) / len(order)


def auc(score: Floats, happened: Bools) -> float:
    """P(a case in which it happened scores above one in which it did not), ties half (Mann & Whitney 1947); (N,)."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = np.cumsum(count) - (count - 1) / 2
    ones = happened.sum()
    return float((rank[place][happened].sum() - ones * (ones + 1) / 2) / (ones * (len(happened) - ones)))

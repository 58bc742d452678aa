"""Whether probabilities keep their word, and how they are made to. Pure."""

import numpy as np
from scipy.special import expit, logit

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.hazard import ridge

BINS = 10
_LEAST = 1e-9


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


def learn_calibration(probability: Floats, happened: Bools) -> Floats:
    """Intercept and slope of the log odds by which probabilities of cases not learned from, (N,), would have kept their
    word (Platt 1999): a strong penalty draws them to the average, and this takes it back."""
    z = np.column_stack([np.ones(len(probability)), logit(np.clip(probability, _LEAST, 1 - _LEAST))])
    return ridge(z, happened, np.ones(len(probability)), 0.0, np.array([0.0, 1.0]))


def calibrated(probability: Floats, calibration: Floats) -> Floats:
    """Probabilities (..., K) of ascending horizons by their calibration (K, 2), never less for a longer horizon."""
    odds = calibration[:, 0] + calibration[:, 1] * logit(np.clip(probability, _LEAST, 1 - _LEAST))
    return np.asarray(np.maximum.accumulate(expit(odds), axis=-1))

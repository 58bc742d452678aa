"""Scores of probabilities: Brier, its skill against the base rate, and reliability. Pure.

Brier score  mean of (p - o)^2     (Brier 1950)      skill = 1 - Brier / (b (1 - b)), b the share that happened
reliability  in bins of equally many forecasts: the mean told, and the share that happened (Murphy 1973)
"""

from dataclasses import dataclass

import numpy as np

from services.health.track_record.judging import Scored

MOST_BINS, LEAST_A_BIN = 10, 10


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Forecasts next to each other: how many, the mean probability, and the share that happened."""

    forecasts: int
    told: float
    happened: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Probabilities of one horizon against what came. base_rate and all scores are None while nothing happened."""

    horizon_days: int
    forecasts: int
    happened: int
    base_rate: float | None
    brier: float | None
    brier_skill: float | None
    calibration_error: float | None
    bins: tuple[Bin, ...]


def calibration(told: Scored, horizon_days: int) -> Calibration:
    """Score the forecasts of one horizon; those without a probability count for the base rate alone."""
    stated = ~np.isnan(told.probability)
    p, o = told.probability[stated], told.happened[stated].astype(np.float64)
    count = int(told.happened.sum())
    known = count > 0
    brier = float(((p - o) ** 2).mean()) if known and len(p) else None
    spread = float(o.mean() * (1 - o.mean())) if len(o) else 0.0
    bins = _bins(p, o) if brier is not None else ()
    return Calibration(
        horizon_days=horizon_days,
        forecasts=len(told.happened),
        happened=count,
        base_rate=count / len(told.happened) if known else None,
        brier=brier,
        brier_skill=None if brier is None or spread == 0 else 1 - brier / spread,
        calibration_error=sum(b.forecasts * abs(b.told - b.happened) for b in bins) / len(p) if bins else None,
        bins=bins,
    )


def _bins(p: np.ndarray, o: np.ndarray) -> tuple[Bin, ...]:
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(MOST_BINS, max(1, len(p) // LEAST_A_BIN)))
    return tuple(Bin(forecasts=len(part), told=float(p[part].mean()), happened=float(o[part].mean())) for part in parts)

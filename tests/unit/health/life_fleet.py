"""Seeded fleets that wear out, as the days that remaining life is learned from."""

import numpy as np

from services.health.prognostic_assessment.remaining_life.life_days import LifeDays
from services.health.prognostic_assessment.remaining_life.lives import Life

METRICS = ("current", "temperature", "vibration")


def worn_days(rng: np.random.Generator, life: int, *, parts: tuple[float, ...] = (1.0, -1.0, 2.0)) -> LifeDays:
    """A machine in two regimes of one operating point whose wear doubles every 12 days and is 6 sigmas at its end."""
    day = np.arange(life, dtype=np.float64)
    wear = 6 * 2.0 ** ((day - life + 1) / 12)
    point = np.where(day % 3 == 0, 1.0, 4.0)
    level = rng.normal(0, 0.5, size=len(parts))
    values = 10 + level + wear[:, None] * np.array(parts) + rng.normal(0, 1, size=(life, len(parts)))
    return LifeDays(
        day=20_000 + day,
        metrics=METRICS,
        values=values + 3 * point[:, None],
        terms=("load", "load * load"),
        terms_mean=np.column_stack([point, point * point]),
        deviation=np.where(day < 28, np.nan, wear + np.abs(rng.normal(0, 0.2, size=life))),
        confidence=np.where(day < 28, np.nan, np.where(wear > 2, 0.9, 0.0)),
        renewed=np.zeros(life, dtype=np.bool_),
    )


def worn_fleet(seed: int, machines: int = 12) -> list[Life]:
    """Machines that failed after 60 to 140 days."""
    rng = np.random.default_rng(seed)
    own = [worn_days(rng, int(rng.integers(60, 140))) for _ in range(machines)]
    return [Life(group=i, days=days, end=float(days.day[-1]), failed=True) for i, days in enumerate(own)]

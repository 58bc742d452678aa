"""Sixty days of one customer's two machines: shifts, faults, wear, and a gateway that falls silent. Seeded."""

from datetime import timedelta

import numpy as np

from .plant import HOUR, START, Customer, Machine, Plant, Sample

DAYS = 60
SILENT = range(30 * 24, 31 * 24 + 12)
"""Hours in which nothing comes."""


def told_by(customer: Customer, days: int = DAYS) -> list[Sample]:
    """All samples of the story, by time."""
    told = [sample for n, machine in enumerate(customer.machines) for sample in _machine(machine, n, days)]
    return sorted(told, key=lambda sample: (sample.at, sample.series_id))


def batches(samples: list[Sample], span: timedelta) -> list[list[Sample]]:
    """The samples cut into deliveries of so much time each."""
    cut: dict[int, list[Sample]] = {}
    for sample in samples:
        cut.setdefault((sample.at - START) // span, []).append(sample)
    return list(cut.values())


def _machine(machine: Machine, number: int, days: int) -> list[Sample]:
    noise = np.random.default_rng(number)
    told = []
    for hour in range(days * 24):
        vibration, temperature, jitter = noise.normal(size=3)
        if hour in SILENT:
            continue
        at = START + hour * HOUR + timedelta(minutes=7 * number)
        wear = 0.0 if number else max(0.0, hour / 24 - 40) ** 2 / 20
        running = hour % 24 < 20
        faulty = hour // 24 in (12, 25 + number, 50) and 5 <= hour % 24 < 9
        told += [
            Sample(machine.series["state"], at, "FAULT" if faulty else "RUN" if running else "WAIT"),
            Sample(machine.series["vibration"], at, 2 + 0.1 * vibration + wear),
            Sample(machine.series["temperature"], at, 60 + temperature + 3 * wear),
            Sample(machine.series["speed"], at, (1500.0 if hour % 2 else 1200.0) + jitter),
        ]
    return told


CONCLUSIONS = {
    "rollups_1h": "SELECT * FROM rollups_1h ORDER BY series_id, bucket",
    "rollups_1d": "SELECT * FROM rollups_1d ORDER BY series_id, bucket",
    "state_intervals": "SELECT * FROM state_intervals ORDER BY asset_id, started_at",
    "times_daily": "SELECT * FROM times_daily ORDER BY asset_id, day",
    "signals": "SELECT * FROM signals ORDER BY customer_id, scope_type, scope_id, kind, day",
    "customer_health": "SELECT * FROM customer_health ORDER BY customer_id, day",
    "value_monthly": "SELECT * FROM value_monthly ORDER BY customer_id, month, line_of_business",
    "value_cumulated": "SELECT * FROM value_cumulated ORDER BY customer_id, month, line_of_business",
    "value_outlooks": "SELECT * FROM value_outlooks ORDER BY customer_id, month, line_of_business, horizon",
    "update_effects": "SELECT * FROM update_effects ORDER BY customer_id, asset_type, version",
    "alerts": """
        SELECT customer_id, kind, scope_type, scope_id, tier, state, resolution, pending_since, opened_at, resolved_at,
               sentence, evidence, stake_hours, stake_contract_value, stake_money, currency, basis, expected_at,
               expected_low, expected_high, confidence, owner_role, play, issued_tier, issued_expected_at,
               issued_confidence
        FROM alerts WHERE resolution IS DISTINCT FROM 'data_gap'
        ORDER BY customer_id, kind, scope_type, scope_id, pending_since""",
    "life_days": "SELECT * FROM life_days ORDER BY asset_id, day",
    "risk_steps": "SELECT * FROM risk_steps ORDER BY asset_id, at",
    "outcomes": "SELECT * FROM outcomes ORDER BY customer_id, scope_type, scope_id, outcome, at",
    "forecasts": "SELECT * FROM forecasts ORDER BY customer_id, kind, scope_id, horizon_days, at",
    "track_records": "SELECT * FROM track_records ORDER BY kind, as_of",
    "portfolio": "SELECT * FROM portfolio ORDER BY as_of, figure, segment",
    "account_findings": "SELECT * FROM account_findings ORDER BY customer_id, kind, subject, day",
    "play_scores": "SELECT * FROM play_scores ORDER BY play, as_of",
    "assessed": "SELECT customer_id, assessed_through FROM model_states ORDER BY 1",
}


def conclusions(plant: Plant) -> dict[str, list[tuple[object, ...]]]:
    """Everything that health has concluded, apart from identities, versions and wall times."""
    return {table: plant.rows(query) for table, query in CONCLUSIONS.items()}


def difference(one: object, other: object, path: str = "") -> str | None:
    """Where two conclusions differ by more than rounding; None where nowhere."""
    if isinstance(one, float) and isinstance(other, float):
        close = one == other or abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1)
        return None if close else _unlike(path, one, other)
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return next((d for k in one if (d := difference(one[k], other[k], f"{path}/{k}"))), None)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for n, (a, b) in enumerate(zip(one, other, strict=False)):
            if d := difference(a, b, f"{path}[{n}]"):
                return f"{d} in {one} against {other}" if isinstance(one, tuple) else d
        return None if len(one) == len(other) else _unlike(f"{path} length", len(one), len(other))
    return None if one == other else _unlike(path, one, other)


def _unlike(path: str, one: object, other: object) -> str:
    return f"{path}: {one!r} against {other!r}"

"""Renewal by segment, and the new bookings that only make up for what will be lost. Pure.

Needed a year = contract value in force x (1 - exp(-losses a year)), in each currency by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from math import exp

from services.health.portfolio.contract_lives import ContractLife
from services.health.portfolio.survival import losses_a_year, survival


def renewal(lives: Sequence[ContractLife], day: date) -> dict[str, object]:
    """How contracts lasted, as of a day; losses a year None while nobody was followed."""
    followed = [life for life in lives if life.years > 0]
    years = sum(life.years for life in followed)
    lost = sum(life.lost for life in followed)
    yearly = [1 - exp(-rate) for rate in losses_a_year(lost, years)] if years > 0 else None
    return {
        "contracts": len(followed),
        "lost": lost,
        "running": sum(life.running for life in followed),
        "undecided": sum(life.undecided for life in followed),
        "contract_years": years,
        "lost_a_year": _estimate(yearly, 1.0),
        "survival": [asdict(at) for at in survival([x.years for x in followed], [x.lost for x in followed])],
        "to_stand_still": [
            {"currency": currency, "in_force": value, "needed": _estimate(yearly, value)}
            for currency, value in sorted(value_in_force(followed, day).items())
        ],
        "without_value": len([life for life in running_on(followed, day) if life.newest.annual_value is None]),
    }


def running_on(lives: Iterable[ContractLife], day: date) -> list[ContractLife]:
    """Lives that go on, each with the contract that it has come to."""
    return [life for life in lives if life.running and life.started_on <= day]


def value_in_force(lives: Iterable[ContractLife], day: date) -> dict[str, float]:
    """Currency to what the running contracts are worth a year; those of unknown worth are in none."""
    found: dict[str, float] = defaultdict(float)
    for life in running_on(lives, day):
        if life.newest.annual_value is not None and life.newest.currency is not None:
            found[life.newest.currency] += life.newest.annual_value
    return dict(found)


def _estimate(of: Sequence[float] | None, times: float) -> dict[str, float] | None:
    return None if of is None else dict(zip(("value", "low", "high"), (times * part for part in of), strict=True))

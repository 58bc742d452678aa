"""How long customers have been with us against how old their machines are. Pure.

Tenure runs from the first contract (signed, else begun), else from the first machine's commissioning; equipment is as
old as the median of the machines that stand there. What is not known has a band of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from statistics import median

from services.health.portfolio.contract_lives import ContractLife, contracts_known, years_between
from services.health.portfolio.portfolio_rows import PortfolioRows
from services.health.portfolio.renewal import value_in_force

EDGES = (1, 3, 7, 15)
BANDS = ("0-1", "1-3", "3-7", "7-15", "15+")
UNKNOWN = "unknown"


def band(years: float | None) -> str:
    """The band of an age in years, whose lower edge belongs to it."""
    return UNKNOWN if years is None else BANDS[sum(years >= edge for edge in EDGES)]


def maturity(rows: PortfolioRows, lives: Iterable[ContractLife], day: date) -> dict[str, object]:
    """Cells that have customers, each with how many machines and what contract value, a currency."""
    tenures, ages = _tenures(rows, day), _ages(rows, day)
    by_customer: dict[int, list[ContractLife]] = defaultdict(list)
    for life in lives:
        by_customer[life.customer_id].append(life)
    cells: dict[tuple[str, str], list[int]] = defaultdict(list)
    for customer in rows.customers:
        known = [age for age in ages.get(customer, ()) if age is not None]
        cells[band(tenures.get(customer)), band(median(known) if known else None)].append(customer)
    return {
        "cells": [
            {
                "tenure": tenure,
                "equipment_age": age,
                "customers": customers,
                "machines": sum(len(ages.get(customer, ())) for customer in customers),
                "contract_value": [
                    {"currency": currency, "amount": amount}
                    for currency, amount in sorted(
                        value_in_force((life for c in customers for life in by_customer[c]), day).items()
                    )
                ],
            }
            for (tenure, age), customers in sorted(cells.items(), key=lambda cell: _order(cell[0]))
        ]
    }


def _order(cell: tuple[str, str]) -> tuple[int, ...]:
    return tuple((*BANDS, UNKNOWN).index(name) for name in cell)


def _tenures(rows: PortfolioRows, day: date) -> Mapping[int, float]:
    begun: dict[int, date] = {}
    for contract in contracts_known(rows.contracts, day):
        since = min(contract.signed_on or contract.starts_on, contract.starts_on)
        if since <= day:
            begun[contract.customer_id] = min(since, begun.get(contract.customer_id, since))
    contracted = set(begun)
    for placed in rows.placed:
        if placed.commissioned_on is not None and placed.customer_id not in contracted:
            since = max(placed.commissioned_on, placed.since)
            if since <= day:
                begun[placed.customer_id] = min(since, begun.get(placed.customer_id, since))
    return {customer: years_between(since, day) for customer, since in begun.items()}


def _ages(rows: PortfolioRows, day: date) -> dict[int, list[float | None]]:
    found: dict[int, list[float | None]] = defaultdict(list)
    for placed in rows.placed:
        if placed.since <= day and (placed.until is None or day < placed.until):
            age = None if placed.commissioned_on is None else max(0.0, years_between(placed.commissioned_on, day))
            found[placed.customer_id].append(age)
    return found

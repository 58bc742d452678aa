"""Which version of a record holds on a day. Pure."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from services.health.block import Contract, CustomerBlock, Economics, Floats
from services.health.health_assessment.daily_history import day_of


def contracts_on(contracts: Iterable[Contract], day: date) -> list[Contract]:
    """The contracts in force on a day, each in the version that holds then."""
    newest: dict[str, Contract] = {}
    for contract in sorted(contracts, key=lambda c: c.valid_from):
        if contract.valid_from <= day:
            newest[contract.external_id] = contract
    return [c for c in newest.values() if c.starts_on <= day and (c.ends_on is None or day <= c.ends_on)]


def economics_on(rows: Iterable[Economics], site_id: int, line_of_business: str, day: date) -> Economics | None:
    """What a unit and an hour are worth to a line of business of a site on a day; None where nobody said."""
    told = [
        row
        for row in rows
        if row.site_id == site_id and row.line_of_business == line_of_business and row.valid_from <= day
    ]
    return max(told, key=lambda row: row.valid_from, default=None)


def annual_value_on(contracts: Iterable[Contract], day: date) -> tuple[float | None, str | None]:
    """The contract value a year and its currency; None where none is known or currencies differ."""
    known = [(c.annual_value, c.currency) for c in contracts_on(contracts, day) if c.annual_value is not None]
    if not known or len({currency for _, currency in known}) > 1:
        return None, None
    return float(sum(value for value, _ in known)), known[0][1]


def guarantee_on(contracts: Iterable[Contract], day: date) -> Contract | None:
    """The contract whose availability guarantee holds on a day, the strictest of several."""
    guaranteed = [c for c in contracts_on(contracts, day) if c.guaranteed_availability is not None]
    return max(guaranteed, key=lambda c: c.guaranteed_availability or 0.0, default=None)


def promised_availability_on(contracts: Iterable[Contract], day: date) -> float | None:
    """The availability promised at the sale; the highest of several promises."""
    promised = [c.promised_availability for c in contracts_on(contracts, day) if c.promised_availability is not None]
    return max(promised, default=None)


def promises_by_day(block: CustomerBlock, first_day: int, days: int) -> tuple[Floats, Floats]:
    """Guaranteed and promised availability on each day, shape (days,); NaN where there is none."""
    edges = {first_day}
    for contract in block.contracts:
        for day in (contract.valid_from, contract.starts_on):
            edges.add(max(first_day, (day - date(1970, 1, 1)).days))
        if contract.ends_on is not None:
            edges.add(max(first_day, (contract.ends_on - date(1970, 1, 1)).days + 1))
    guaranteed, promised = np.full(days, np.nan), np.full(days, np.nan)
    for edge in sorted(edges):
        if edge >= first_day + days:
            break
        guarantee, promise = (
            guarantee_on(block.contracts, day_of(edge)),
            promised_availability_on(block.contracts, day_of(edge)),
        )
        availability = None if guarantee is None else guarantee.guaranteed_availability
        guaranteed[edge - first_day :] = np.nan if availability is None else availability
        promised[edge - first_day :] = np.nan if promise is None else promise
    return guaranteed, promised

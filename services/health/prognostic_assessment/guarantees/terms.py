"""Which guarantee holds on a day and which days its window has. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from services.health.block import Contract, Floats
from services.health.health_assessment.daily_history import day_number, day_of
from services.health.health_assessment.records_in_force import contracts_on

DEFAULT_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One contract's guarantee as it holds on an evening; days since 1970-01-01.

    first, last: the window's, both included; of a rolling one the first that counts on that evening, and the last of
    the days ahead that are looked at: one window's length, or to the contract's end. origin: the contract's first day.
    """

    contract: Contract
    guaranteed: float
    rolling: bool
    length: int
    first: int
    last: int
    origin: int


def terms_on(contracts: Iterable[Contract], day: int) -> list[Terms]:
    """The guarantees in force on a day, ascending by the contract's id."""
    found = [_terms(c, day) for c in contracts_on(contracts, day_of(day)) if c.guaranteed_availability is not None]
    return sorted(found, key=lambda terms: terms.contract.external_id)


def _terms(contract: Contract, day: int) -> Terms:
    length = contract.guarantee_window_days or DEFAULT_DAYS
    origin = day_number(contract.starts_on)
    rolling = contract.guarantee_window == "rolling"
    first = max(origin, day - length + 1) if rolling else day - (day - origin) % length
    last = day + length if rolling else first + length - 1
    return Terms(
        contract=contract,
        guaranteed=float(contract.guaranteed_availability or 0.0),
        rolling=rolling,
        length=length,
        first=first,
        last=last if contract.ends_on is None else min(last, day_number(contract.ends_on)),
        origin=origin,
    )


def allowed_share(versions: Sequence[Contract], first: int, last: int) -> Floats:
    """Share of known time that may be lost on each day of [first, last], as the version of that day says.

    Days before all versions are the first one's. NaN on days of a version without a guarantee: they are in no window.
    """
    ordered = sorted(versions, key=lambda version: version.valid_from)
    shares = [1 - (nan if v.guaranteed_availability is None else v.guaranteed_availability) for v in ordered]
    begins = [day_number(version.valid_from) for version in ordered]
    place = np.searchsorted(begins, np.arange(first, last + 1), side="right") - 1
    return np.array(shares, dtype=np.float64)[np.maximum(place, 0)]

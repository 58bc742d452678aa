"""What a review is made from: rows as they are stored, and no column more than may be shown. Pure."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256


@dataclass(frozen=True, kw_only=True)
class PromiseRow:
    """A contract in the version that held on the last day of the period. Money a year."""

    contract: str
    starts_on: date
    currency: str | None
    promised_annual_value: float | None
    promised_availability: float | None
    promise_basis: str | None
    guaranteed_availability: float | None
    attributed_availability: float | None


@dataclass(frozen=True, kw_only=True)
class ValueRow:
    """Value of a month and line of business; money None where it is unknown."""

    month: date
    line_of_business: str
    counterfactual: str
    hours_avoided: float | None
    good_units_gained: float | None
    money: float | None
    money_low: float | None
    money_high: float | None
    maintenance: float | None
    fees: float | None
    net: float | None
    currency: str | None
    basis: str
    said_on: date | None
    promised_money: float | None


@dataclass(frozen=True, kw_only=True)
class SinceStartRow:
    """Value of all lines of business since the start up to the end of the period.

    money_months: of how many months money is, None where that was not stored; ratio: realized / promised of ratio_of,
    net or gross.
    """

    months: int
    money_months: int | None
    hours_avoided: float | None
    money: float | None
    net: float | None
    currency: str | None
    promised_money: float | None
    ratio: float | None
    ratio_of: str | None


@dataclass(frozen=True, kw_only=True)
class HoursRow:
    """Machine hours of a month at the customer: planned, known of them, and stopped by whose cause."""

    month: date
    planned_h: float
    known_h: float
    supplier_h: float
    customer_h: float
    operator_h: float
    external_h: float
    unknown_h: float


@dataclass(frozen=True, kw_only=True)
class WindowRow:
    """A window of a guarantee that ended on a day of the period, kept or not."""

    contract: str
    ended_on: date
    kept: bool


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """Something that was done for or with the customer; `where` None: for the whole customer.

    Of its attributes only those that a review may show are read, None where they are not told.
    """

    at: datetime
    kind: str
    where: str | None
    id: str | None
    title: str | None
    status: str | None
    capability: str | None
    version: str | None
    what: str | None
    due_on: str | None
    kept_on: str | None
    expected_hours: float | None
    expected_money: float | None
    currency: str | None
    objective: str | None


@dataclass(frozen=True, kw_only=True)
class SuggestionRow:
    """What is found to come next where nothing is under way. saved: hours a 1,000 planned ones at `others`."""

    day: date
    title: str
    hours: float | None
    objective: str | None
    others: int | None
    saved: float | None


@dataclass(frozen=True, kw_only=True)
class ReviewRows:
    """Everything of one customer that a review of [first, last] is made from."""

    customer: str
    demo: bool
    first: date
    last: date
    promises: Sequence[PromiseRow]
    values: Sequence[ValueRow]
    since_start: Sequence[SinceStartRow]
    suggestions: Sequence[SuggestionRow]
    hours: Sequence[HoursRow]
    windows: Sequence[WindowRow]
    events: Sequence[EventRow]
    commissioned: Sequence[tuple[date, str]]

    def digest(self) -> str:
        """A fingerprint: rows that say the same have the same, in whatever order they came."""
        told = {name: _ordered(said) for name, said in asdict(self).items()}
        return sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _ordered(said: object) -> object:
    if isinstance(said, list | tuple):
        return sorted(said, key=lambda each: json.dumps(each, sort_keys=True, default=str))
    return said

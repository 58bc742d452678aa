"""What the portfolio is reckoned from, and what it concludes. Pure.

All that was said is dated by event time; a figure as of an instant looks at nothing that came later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, kw_only=True)
class PortfolioCustomer:
    """Who the customer is; segment None where nobody said."""

    name: str
    segment: str | None


@dataclass(frozen=True, kw_only=True)
class ContractVersion:
    """One version of a contract, in force from `valid_from`; ends_on is its last day, None without an end."""

    customer_id: int
    contract: str
    valid_from: date
    signed_on: date | None
    starts_on: date
    ends_on: date | None
    annual_value: float | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event that concerns a customer, wherever it happened."""

    customer_id: int
    at: datetime
    kind: str
    attributes: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class MonthOfValue:
    """Value of a calendar month over all lines of business; None where that of any of them is not known.

    money: gross; net: less the customer's maintenance and fees.
    """

    customer_id: int
    month: date
    hours_avoided: float | None
    money: float | None
    net: float | None
    promised_money: float | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A machine that stood at the customer on the days [since, until); until None: it stands there still."""

    customer_id: int
    asset_id: int
    commissioned_on: date | None
    since: date
    until: date | None


@dataclass(frozen=True, kw_only=True)
class MonthOfStops:
    """Machine hours of a calendar month: stopped by the supplier's cause, and known planned time."""

    customer_id: int
    month: date
    supplier_down_h: float
    known_h: float


@dataclass(frozen=True, kw_only=True)
class RenewalRisk:
    """Risk that a contract is not renewed, 0 to 1, high is bad, as it was judged for a day; contract None: any."""

    customer_id: int
    contract: str | None
    day: date
    risk: float


@dataclass(frozen=True, kw_only=True)
class Room:
    """Whether a customer's uptime of a year up to a month's last day was below the frontier, sure of all errors."""

    customer_id: int
    day: date
    room: bool


@dataclass(frozen=True, kw_only=True)
class PortfolioRows:
    """Everything about all customers that the portfolio knows."""

    customers: Mapping[int, PortfolioCustomer]
    contracts: Sequence[ContractVersion]
    told: Sequence[Told]
    values: Sequence[MonthOfValue]
    placed: Sequence[Placed]
    stops: Sequence[MonthOfStops]
    risks: Sequence[RenewalRisk]
    rooms: Sequence[Room]


ALL = ""
"""The segment of figures over all customers, those of no segment among them."""


@dataclass(frozen=True, kw_only=True)
class PortfolioRow:
    """Row of `portfolio`: one figure as of a UTC midnight, of one segment or of ALL."""

    as_of: datetime
    figure: str
    segment: str
    body: dict[str, object]

"""Customers: who they are, what they bought, how they are."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from services.api.bodies.lists import AssessedThrough, Body, CustomerReference, Instant, Money, MoneyRange


class HealthDay(Body):
    """Health of one UTC day. High is good; null below the coverage floor, because unknown is not healthy."""

    day: date
    health: Annotated[float | None, Field(description="0 to 100.")]
    coverage: Annotated[float, Field(description="Share of the time for which data exists, 0 to 1.")]
    contributions: Annotated[dict[str, Any], Field(description="Measure to points lost.")]


class OpenAlerts(Body):
    """How many alerts are open or acknowledged and not snoozed, a tier."""

    act: int
    watch: int


class Customer(CustomerReference):
    """One customer in a list."""

    record_source: str
    segment: str | None
    health: HealthDay | None
    open_alerts: OpenAlerts
    assessed_through: AssessedThrough


class SiteReference(Body):
    """A site of the customer."""

    id: int
    external_id: str
    name: str
    timezone: str
    assets: Annotated[int, Field(description="How many assets stand there now.")]


class ContractInForce(Body):
    """The version of a contract that holds at `assessed_through`."""

    external_id: str
    valid_from: date
    starts_on: date
    ends_on: date | None
    annual_value: Money | None
    guaranteed_availability: float | None
    guarantee_window_days: int | None
    credit_per_point: Money | None
    promised_annual_value: Money | None
    promised_availability: float | None
    promise_basis: str | None


class Owner(Body):
    """Who looks after the customer in a role."""

    role: str
    person: str
    email: str | None


class ValueMonth(Body):
    """Value realized in a calendar month by a line of business, by the highest rung that the records allow."""

    month: date
    line_of_business: str
    rung: str
    counterfactual: str
    hours_avoided: float | None
    good_units_gained: float | None
    money: MoneyRange | None
    promised_money: Money | None
    basis: str
    coverage: float


class CustomerDetail(Customer):
    """One customer with its sites, contracts in force, owners, and the value of its last 24 months."""

    data_use: list[str]
    sites: list[SiteReference]
    contracts: list[ContractInForce]
    owners: list[Owner]
    value: list[ValueMonth]


class AssetState(Body):
    """State since `since`; null `cause` where it is no stop."""

    state: str
    since: Instant
    cause: str | None
    failure: bool


class AssetInList(Body):
    """One asset of a customer in a list."""

    id: int
    external_id: str
    name: str
    asset_type: str
    site_id: int
    line_id: int | None
    state: AssetState | None
    assessed_through: AssessedThrough

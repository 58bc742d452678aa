"""Customers: who they are, what they bought, how they are."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from services.api.bodies.lists import AssessedThrough, Body, CustomerReference, Expected, Instant, Money, MoneyRange
from services.api.bodies.world import BaselineProposal, Business, RecoverableLoss


class HealthDay(Body):
    """Health of one UTC day. High is good; null below the coverage floor, because unknown is not healthy."""

    day: date
    health: Annotated[float | None, Field(description="0 to 100.")]
    coverage: Annotated[float, Field(description="Share of the time for which data exists, 0 to 1.")]
    contributions: Annotated[
        dict[str, Any],
        Field(
            description="Measure to points lost, `not_known` to what the unknown costs, an exception to what it takes "
            "beyond these. They add up to 100 - health."
        ),
    ]


class HealthOfDay(HealthDay):
    """Health of one UTC day with all that it is made of."""

    groups: Annotated[
        dict[str, Any],
        Field(
            description="Group to its `weight` (a share of 1), `coverage`, `points` lost and `measures`, each with "
            "`goodness` (0 to 1, null where unknown), `coverage` and `freshness` of its evidence. `touchpoints`: how "
            "often somebody spoke with the customer."
        ),
    ]
    exceptions: Annotated[list[str], Field(description="What overrides all weights on that day.")]


class HealthScope(Body):
    """A machine or a site."""

    type: str
    id: int
    name: str


class HealthChangePart(Body):
    """What moved health by some points: hours, units or machine days that came into the windows that health looks at,
    and `past` ones that left them."""

    points: Annotated[float, Field(description="Above 0 it made health better.")]
    why: str
    scope: Annotated[HealthScope | None, Field(description="Null where it is no matter of one machine or site.")]
    line: str | None
    cause: Annotated[str | None, Field(description="Whose the downtime was.")]
    amount: float | None
    past: float | None
    unit: str | None
    measures: Annotated[dict[str, float], Field(description="Measure to its part of the points.")]
    sentence: str


class HealthChange(Body):
    """What moved health between the ends of two days; `points` is null where either day has no health."""

    first_day: date | None
    last_day: date | None
    health_before: float | None
    health_after: float | None
    points: float | None
    sentence: str
    parts: Annotated[list[HealthChangePart], Field(description="They add up to `points`.")]
    assessed_through: AssessedThrough


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


class RenewalRisk(Body):
    """How likely a contract is not to be renewed, as of the end of a month. High is bad; it is no part of health."""

    day: date
    risk: Annotated[float, Field(description="Probability, 0 to 1, that it ends for good.")]
    prior: Annotated[
        float,
        Field(description="What it would be without any sign: 0.25, else the nearest that the supplier's past allows."),
    ]
    learned_from: Annotated[
        int, Field(description="Contracts of the supplier that came due, against which `prior` was held; 0: none yet.")
    ]
    contributions: Annotated[
        dict[str, float], Field(description="Sign to its part of risk - prior; they add up to it.")
    ]


class Trend(Body):
    """How uptime of all machines has gone since the first month, in shares a year, with a 90 % interval.

    `not_enough_data` names the day on which more may be said, if nothing changes.
    """

    day: date
    verdict: Annotated[str, Field(description="improving, flat, declining or not_enough_data.")]
    months: Annotated[int, Field(description="Months known.")]
    ready_on: date | None
    slope: float | None
    low: float | None
    high: float | None
    p: Annotated[float | None, Field(description="Of Mann and Kendall's test, corrected for autocorrelation.")]
    year_over_year: Annotated[float | None, Field(description="Last twelve months less the twelve before.")]


class ContractInForce(Body):
    """The version of a contract that holds at `assessed_through`."""

    external_id: str
    valid_from: date
    starts_on: date
    ends_on: date | None
    annual_value: Money | None
    guaranteed_availability: float | None
    guarantee_window_days: int | None
    guarantee_window: Annotated[str, Field(description="fixed or rolling.")]
    guarantee_exclusions: list[str]
    credit_per_point: Money | None
    credit_cap: Money | None
    bonus_per_point: Money | None
    promised_annual_value: Money | None
    promised_availability: float | None
    promise_basis: str | None
    renewal_risk: Annotated[RenewalRisk | None, Field(description="Null until a month of the contract is over.")]


class Burn(Body):
    """Supplier-attributed downtime as a multiple of what the budget allows, over a long window and a twelfth of it."""

    hours: Annotated[int, Field(description="Length of the long window.")]
    long: float | None
    short: float | None
    threshold: Annotated[float, Field(description="Where both reach it, the budget burns too fast.")]


class Guarantee(Body):
    """An availability guarantee as of an evening; figures are null where nothing can be claimed, with the reason.

    Only supplier-attributed downtime counts, in known planned busy time; time without data is neither up nor down.
    """

    contract: str
    as_of: Annotated[date | None, Field(description="What was known at the beginning of this UTC day.")]
    guaranteed_availability: float
    attributed_availability: Annotated[float | None, Field(description="Of the window so far.")]
    window: Annotated[str | None, Field(description="fixed or rolling.")]
    first_day: date | None
    last_day: Annotated[date | None, Field(description="Of a rolling window: how far ahead is looked.")]
    coverage: Annotated[float | None, Field(description="Share of the planned time so far for which data exists.")]
    spent_h: Annotated[float | None, Field(description="Supplier-attributed downtime so far, machine hours.")]
    budget_h: Annotated[float | None, Field(description="What the guarantee allows in the window, machine hours.")]
    expected_h: Annotated[float | None, Field(description="What the downtime is expected to come to at the end.")]
    budget_spent: Annotated[float | None, Field(description="spent_h as a share of budget_h; 1 is all of it.")]
    machines: int | None
    machines_without_calendar: Annotated[
        int | None, Field(description="Left out, because nobody said when they should run.")
    ]
    burn: list[Burn]
    breach_probability: Annotated[float | None, Field(description="That it is broken by last_day, 0 to 1.")]
    breach_expected: Annotated[Expected | None, Field(description="When the budget runs out, if it does.")]
    credit: Annotated[MoneyRange | None, Field(description="Expected; null where the contract names none.")]
    bonus: Annotated[MoneyRange | None, Field(description="Expected; null where the contract names none.")]
    basis: str | None
    not_claimed: Annotated[str | None, Field(description="Why there are no figures; null where there are.")]


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
    """One customer with its sites, contracts in force and their guarantees, owners, value of its last 24 months."""

    data_use: list[str]
    sites: list[SiteReference]
    trend: Trend | None
    contracts: list[ContractInForce]
    guarantees: list[Guarantee]
    owners: list[Owner]
    value: list[ValueMonth]
    business: Business | None
    baseline_proposal: BaselineProposal | None
    recoverable_loss: RecoverableLoss | None


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

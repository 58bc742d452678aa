"""All customers together: renewal, fit, maturity, satisfaction, and where value is at risk."""

from typing import Annotated

from pydantic import Field

from services.api.bodies.lists import AssessedThrough, Body, CustomerReference, Instant

_Low = Annotated[float | None, Field(description="Of the 90 % interval; null where too few say one.")]


class Interval(Body):
    """A figure with its 90 % interval."""

    value: float
    low: _Low
    high: _Low


class Estimate(Interval):
    """A figure over so many customers; `few` below five, who say little about others."""

    customers: int
    few: bool


class MoneyEstimate(Estimate):
    """Of the customers whose value is known in that currency."""

    currency: str


class SurvivalAt(Body):
    """Share of contracts that last longer than so many years (Kaplan-Meier, right-censored)."""

    years: int
    share: float
    low: _Low
    high: _Low
    at_risk: Annotated[int, Field(description="Contracts that were followed so far.")]


class StandStill(Body):
    """What new bookings of a year would only make up for what will be lost, in one currency."""

    currency: str
    in_force: Annotated[float, Field(description="Value of running contracts a year.")]
    needed: Interval | None


class Renewal(Body):
    """How contracts last. Each chain of renewed contracts counts once, amendments within it."""

    contracts: int
    lost: Annotated[int, Field(description="Ended, and none followed within 90 days.")]
    running: int
    undecided: Annotated[int, Field(description="Ended less than 90 days ago, and nobody has said anything yet.")]
    contract_years: float
    lost_a_year: Annotated[Interval | None, Field(description="Probability that a contract is lost within a year.")]
    survival: list[SurvivalAt]
    to_stand_still: list[StandStill]
    without_value: Annotated[int, Field(description="Running contracts whose value nobody said.")]


class AgainstOthers(Body):
    """How much more of the promise a segment realizes than all other customers."""

    verdict: Annotated[str, Field(description="better, worse, no_difference_shown or not_known.")]
    difference: float | None
    low: float | None
    high: float | None


class Fit(Body):
    """A month's means over customers, of the last twelve whole months; null where no customer says it."""

    customers: int
    hours_avoided_a_month: Estimate | None
    money_a_month: Annotated[list[MoneyEstimate], Field(description="Value realized, gross.")]
    net_a_month: Annotated[list[MoneyEstimate], Field(description="Less the customer's maintenance and fees.")]
    of_promise: Annotated[
        Estimate | None, Field(description="Realized / promised; 1 is all of it. Net where that is known, else gross.")
    ]
    hours_served_a_month: Annotated[Estimate | None, Field(description="Hours of service that the supplier paid.")]
    cost_to_serve: Annotated[list[MoneyEstimate], Field(description="Cost that the supplier paid / value realized.")]
    against_others: AgainstOthers | None = None


class Segment(Body):
    """One segment, as customers name theirs; `segment` null: all customers, those of no segment among them."""

    segment: str | None
    renewal: Renewal
    fit: Fit


class ContractValue(Body):
    """Value of running contracts a year."""

    currency: str
    amount: float


class MaturityCell(Body):
    """Customers by how long they have been with us, and how old their machines are (median), both in years."""

    tenure: Annotated[str, Field(description="0-1, 1-3, 3-7, 7-15, 15+ or unknown.")]
    equipment_age: str
    customers: list[CustomerReference]
    machines: int
    contract_value: list[ContractValue]


class Satisfaction(Body):
    """What a customer says against what it gains; null where nobody spoke, or no trend over a year is known."""

    customer: CustomerReference
    survey_level: Annotated[float | None, Field(description="Mean of the last twelve months, 0 to 1.")]
    value_trend: Annotated[str | None, Field(description="growing, flat, falling or not_sure; of hours avoided.")]
    room: Annotated[
        bool | None,
        Field(description="Whether uptime of the last year was surely below the frontier: the best peers', else 97 %."),
    ] = None
    happy_but_flat: Annotated[
        bool | None, Field(description="At 70 % or more, and value falls, or is flat where `room` is not false.")
    ]
    complaints: Annotated[int, Field(description="In the last twelve months.")]
    voice: Annotated[str | None, Field(description="quiet_failing or noisy_healthy; null: neither is shown.")]


class ValueAtRisk(Body):
    """Contract value x renewal risk, and the customer's place in that currency."""

    currency: str
    rank: int
    in_force: float
    at_risk: Annotated[float | None, Field(description="Of contracts whose risk is known; null without any.")]


class Ranked(Body):
    """A customer's place among all of them, by machine hours that the supplier's stops cost in twelve months."""

    rank: int
    customer: CustomerReference
    hours_lost: float | None
    renewal_risk: Annotated[float | None, Field(description="0 to 1, high is bad; the highest of its contracts.")]
    contracts: list[ValueAtRisk]


class Portfolio(Body):
    """All customers as of a UTC midnight; money is never added over currencies."""

    as_of: Instant
    segments: list[Segment]
    maturity: list[MaturityCell]
    satisfaction: list[Satisfaction]
    ranking: list[Ranked]
    assessed_through: AssessedThrough

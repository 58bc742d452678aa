"""Value: what a customer gained, against what it was promised, and what it will come to."""

from datetime import date
from typing import Annotated

from pydantic import Field

from services.api.bodies.lists import AssessedThrough, Body, CustomerReference, Money, MoneyRange
from services.api.bodies.world import BaselineProposal


class Figure(Body):
    """A figure with its 5 % and 95 % points."""

    value: float
    low: float | None
    high: float | None


class Assumption(Body):
    """What money rests on: how it is known, who said so, and since when it holds; null where the record names none."""

    rung: Annotated[str, Field(description="hours, contract_value, money_assumed or money_agreed.")]
    basis: Annotated[str, Field(description="measured, assumed, supplier or agreed: the weakest of several.")]
    author: str | None
    said_on: Annotated[date | None, Field(description="The newest day from which a price holds; null for always.")]
    counterfactual: Annotated[
        str, Field(description="What it is compared with: declared, acceptance_window, peers, several, or none yet.")
    ]
    coverage: Annotated[float, Field(description="Share of the planned time for which data exists, 0 to 1.")]


class MonthOfBusiness(Assumption):
    """A calendar month of a line of business; net is gross less maintenance and fees, null where one is not known."""

    month: date
    line_of_business: str
    hours_avoided: Figure | None
    good_units_gained: Figure | None
    gross: MoneyRange | None
    maintenance: Annotated[Money | None, Field(description="What work orders cost the customer.")]
    fees: Annotated[Money | None, Field(description="Its part of contracts and entitlements in force.")]
    net: MoneyRange | None
    net_unknown: Annotated[str | None, Field(description="Why the net is not known; null where it is.")]
    promised: Money | None


class Ratio(Figure):
    """Realized over promised; of: whether the realized is net or gross."""

    of: str


class SinceStart(Assumption):
    """Value since the start up to the end of a month, of a line of business or of all (`*`)."""

    month: date
    line_of_business: str
    months: Annotated[int, Field(description="How many are added up.")]
    money_months: Annotated[
        int | None, Field(description="Of them, those whose money is known and added up; null in older rows.")
    ]
    hours_avoided: Figure | None
    good_units_gained: Figure | None
    gross: MoneyRange | None
    gross_unknown: str | None
    net: MoneyRange | None
    net_unknown: str | None
    promised: Annotated[Money | None, Field(description="In the months whose value is known in money.")]
    realized_over_promised: Ratio | None


class Outlook(Body):
    """What value since the start will have come to on a day, as foretold at the end of `month`."""

    month: date
    line_of_business: str
    horizon: Annotated[str, Field(description="renewal, 1_year, 3_years, 5_years or 15_years.")]
    at: date
    hours_avoided: Figure | None
    gross: MoneyRange | None
    net: MoneyRange | None
    promised: Money | None
    realized_over_promised: Ratio | None


class UpdateEffect(Body):
    """What a software release did to machines of a type, against those that did not get it; more is better.

    uptime: share of known planned time. good_rate: good units an hour of production, as a share of those before.
    """

    asset_type: str
    version: str
    released_on: date
    as_of: date
    days: Annotated[int, Field(description="Days after the release that were compared.")]
    machines: Annotated[int, Field(description="That got it.")]
    controls: Annotated[int, Field(description="That did not.")]
    uptime: Figure | None
    good_rate: Figure | None
    unknown: Annotated[str | None, Field(description="Why a figure is null.")]


class CustomerValue(Body):
    """A customer's value: by month and line of business, since the start, and as it will stand."""

    customer: CustomerReference
    months: list[MonthOfBusiness]
    since_start: list[SinceStart]
    outlook: Annotated[list[Outlook], Field(description="As of the newest month that is over.")]
    updates: list[UpdateEffect]
    baseline_proposal: Annotated[
        BaselineProposal | None, Field(description="Open: until it is answered, value keeps the old baseline.")
    ]
    assessed_through: AssessedThrough

"""What is found about an account, and the two questions that its customer asks."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from services.api.bodies.lists import AssessedThrough, Body, CustomerReference


class Finding(Body):
    """One finding at a day's midnight, from what was stored of the time before it."""

    kind: str
    subject: Annotated[str, Field(description="What of the account it is about; empty for the account as a whole.")]
    day: date
    verdict: Annotated[str, Field(description="A word of the kind; `not_known` where nobody can know.")]
    value: Annotated[float | None, Field(description="In `unit`; null where nobody can know.")]
    low: Annotated[float | None, Field(description="Lower end of a 90 % interval.")]
    high: Annotated[float | None, Field(description="Upper end of a 90 % interval.")]
    unit: str | None
    currency: Annotated[str | None, Field(description="Of an amount of money.")]
    basis: Annotated[str, Field(description="measured, assumed, supplier or agreed.")]
    ready_on: Annotated[date | None, Field(description="When there will be enough data.")]
    evidence: Annotated[
        dict[str, Any],
        Field(
            description="`facts` in words with their dates, and more of the kind. Of `version_lag` also `cost_a_year`: "
            "hours, good units and money that the missed releases whose effect was measured here would save, with low "
            "and high, and the money's basis; null where none was measured."
        ),
    ]


class AccountFindings(Body):
    """All findings of one account at one midnight, by kind."""

    customer: CustomerReference
    as_of: Annotated[date | None, Field(description="The midnight of the findings; null where there are none yet.")]
    findings: dict[str, list[Finding]]
    assessed_through: AssessedThrough


class AccountFinding(Body):
    """One finding of an account; null where there is none yet."""

    customer: CustomerReference
    finding: Finding | None
    assessed_through: AssessedThrough


class PlayScore(Body):
    """What acting on alerts of one kind brought up to a month's first day."""

    play: str
    as_of: date
    verdict: Annotated[str, Field(description="works, harms, not_shown or not_known.")]
    effect: Annotated[float | None, Field(description="Hours of stops saved a 1,000 known hours; null not known.")]
    low: Annotated[float | None, Field(description="Lower end of a 90 % interval.")]
    high: Annotated[float | None, Field(description="Upper end of a 90 % interval.")]
    acted: Annotated[int, Field(description="Episodes that somebody took on within 30 days.")]
    left_alone: Annotated[int, Field(description="Episodes that nobody took on.")]
    customers: Annotated[int, Field(description="Whose the episodes are that were acted on.")]
    needed: Annotated[int | None, Field(description="How many more of the rarer of both it takes at least.")]

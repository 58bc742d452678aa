"""Reviews that a customer may read."""

from calendar import monthrange
from datetime import date
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from services.api.bodies.alert_actions import Asked
from services.api.bodies.lists import Body, CustomerReference, Day, Instant
from shared.months import month_number


class ChangedFigure(Body):
    """What a version says otherwise than the one before it."""

    what: str
    before: str
    now: str


class Review(Body):
    """A review of whole months as it was made. `body` is all that its printed page says."""

    id: int
    customer: CustomerReference
    first_day: date
    last_day: date
    version: Annotated[int, Field(description="Of this period; a new one where its past turned out otherwise.")]
    changed: Annotated[list[ChangedFigure], Field(description="Against the version before.")]
    inputs_digest: Annotated[str, Field(description="SHA-256 of the rows that it was made from.")]
    made_at: Instant
    made_by: Annotated[str, Field(description="Not printed.")]
    body: Annotated[dict[str, Any], Field(description="Promise, realized, what changed, what we propose.")]
    page: Annotated[str, Field(description="Where it is printed as HTML, for who has signed in at `/`.")]


class ReviewAsked(Asked):
    """The period of a review: whole months that are over."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"first_day": "2026-01-01", "last_day": "2026-06-30"}]})
    first_day: Annotated[Day, Field(description="The first day of a month.")]
    last_day: Annotated[Day, Field(description="The last day of a month; of at most 60 months.")]

    @model_validator(mode="after")
    def _whole_months(self) -> Self:
        problem = period_problem(self.first_day, self.last_day)
        if problem is not None:
            raise ValueError(problem)
        return self


def period_problem(first: date, last: date) -> str | None:
    """Why no review can be of these days; None where one can."""
    if first.day != 1 or last.day != monthrange(last.year, last.month)[1]:
        return "a review is of whole months: from the first day of one to the last day of another"
    if last < first:
        return "the last day is before the first"
    if month_number(last) - month_number(first) >= 60 or first.year < 1980:
        return "a review is of at most 60 months, since 1980"
    return None

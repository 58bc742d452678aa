"""The change feed as it is shown."""

from typing import Annotated, Any

from pydantic import Field

from services.api.bodies.lists import AssessedThrough, Body, Instant


class Change(Body):
    """One transition, with the subject as it was after it."""

    sequence: Annotated[int, Field(description="Unique and growing, in the order of commit; not a cursor.")]
    at: Annotated[Instant, Field(description="Wall time of the change.")]
    customer_id: int
    subject: str
    subject_id: str
    transition: Annotated[
        str,
        Field(
            description="Of an alert: opened, updated, acknowledged, unacknowledged, assigned, commented, snoozed, "
            "unsnoozed, resolved, reopened; of a stop: corrected; others may come."
        ),
    ]
    body: dict[str, Any]


class ChangePage(Body):
    """Changes after the cursor. `next` is always there: keep it, and ask from it when `has_more` is false, too."""

    data: list[Change]
    has_more: bool
    next: str
    assessed_through: AssessedThrough

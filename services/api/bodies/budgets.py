"""How many new alerts owners get, and what the budget holds back."""

from typing import Annotated

from pydantic import Field

from services.api.bodies.lists import Body, CustomerReference


class OwnerBudget(Body):
    """One owner: a role at a customer. Weeks are UTC, Monday to Sunday, from the customer's first alert on."""

    customer: CustomerReference
    owner_role: str
    weeks: int
    shown: int
    new_a_week_p95: Annotated[float, Field(description="New alerts that were shown in a week, the quietest included.")]
    most_a_week: Annotated[int, Field(description="The cap, over any seven days.")]
    delayed: Annotated[int, Field(description="Shown when there was room, later than they opened.")]
    held_back: Annotated[int, Field(description="Waiting for room, or over before there was any.")]
    held_back_materialised: Annotated[int, Field(description="Of those: what they feared has happened.")]
    held_back_stake_hours: Annotated[float | None, Field(description="Sum over those whose hours are known.")]

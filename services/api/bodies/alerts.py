"""Alerts as they are shown."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.api.bodies.lists import AssessedThrough, Body, CustomerReference, Expected, Instant, Money, MoneyRange
from services.api.bodies.record import Skill
from shared.alerts import AlertState, Resolution, Tier


class ScopeType(StrEnum):
    """What an alert can be about."""

    CUSTOMER = "customer"
    CONTRACT = "contract"
    SITE = "site"
    LINE = "line"
    ASSET = "asset"


class Withheld(StrEnum):
    """Why an alert is not shown: its kind foretells no better than chance so far, it flaps, or the owner's budget of
    five new alerts a week is spent."""

    NO_SKILL = "no_skill"
    FLAPPING = "flapping"
    BUDGET = "budget"


class Scope(Body):
    """What the alert is about."""

    type: ScopeType
    id: int
    name: str


class Stake(Body):
    """What is lost if nobody acts; the parts have different bases and are never added."""

    hours: float | None
    contract_value: Money | None
    money: MoneyRange | None
    basis: str


class Alert(Body):
    """One episode of (customer, kind, scope)."""

    id: UUID
    url: Annotated[
        str | None, Field(description="Where a person opens it; null where the deployment was not told its address.")
    ]
    customer: CustomerReference
    kind: str
    scope: Scope
    tier: Tier
    state: AlertState
    resolution: Resolution | None
    sentence: Annotated[str, Field(description="For people who sell.")]
    play: Annotated[str, Field(description="The one recommended thing to do.")]
    owner_role: str
    stake: Stake
    expected: Expected | None
    confidence: Annotated[float | None, Field(description="0 to 1.")]
    skill: Annotated[
        Skill | None,
        Field(description="Whether this kind foretells on this fleet; null for one that states what was measured."),
    ]
    evidence: dict[str, Any]
    pending_since: Instant
    opened_at: Instant | None
    shown_at: Annotated[Instant | None, Field(description="Event time since which it is shown.")]
    withheld: Annotated[
        Withheld | None, Field(description="Why it is held back: scored like all others, but not shown.")
    ]
    acknowledged_at: Annotated[Instant | None, Field(description="Wall time.")]
    acknowledged_by: str | None
    resolved_at: Instant | None
    snoozed_until: Annotated[Instant | None, Field(description="Wall time.")]
    snooze_reason: str | None
    assigned_to: Annotated[str | None, Field(description="Whose it is: a person or a role; null: nobody's yet.")]
    version: Annotated[int, Field(description="Counts changes; the first part of the ETag.")]
    updated_at: Instant
    assessed_through: AssessedThrough


class Action(Body):
    """What a person did, in wall time."""

    at: Instant
    actor: str
    action: str
    until: Instant | None
    reason: Annotated[str | None, Field(description="Why it was snoozed or resolved; of a comment, its words.")]
    assigned_to: str | None


class AlertWithActions(Alert):
    """One alert with what people did to it, oldest first."""

    actions: list[Action]

"""Stops of an asset, their causes, and corrections of these."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from services.api.bodies.alert_actions import Asked, Words
from services.api.bodies.lists import AssessedThrough, Body, Instant

Cause = Literal["supplier", "customer", "external", "operator", "unknown"]


class Correction(Body):
    """What a person said of the cause."""

    cause: Cause
    reason: str
    actor: str
    said_at: Annotated[Instant, Field(description="Wall time.")]


class Stop(Body):
    """Time in which the machine stood for somebody's cause; one that changed its cause at a midnight is two."""

    started_at: Instant
    ended_at: Annotated[Instant | None, Field(description="Null where it still stood as of `assessed_through`.")]
    state: Annotated[str, Field(description="idle, down, repair, held, suspended.")]
    cause: Cause
    basis: Annotated[str | None, Field(description="What the cause was concluded from: default, rule, event, person.")]
    why: Annotated[str | None, Field(description="The same in words.")]
    failure: Annotated[bool, Field(description="The machine failed when it began.")]
    corrections: Annotated[
        list[Correction],
        Field(description="Oldest first; the last one wins, and counts once `basis` is person and `cause` its cause."),
    ]


class StopDetail(Stop):
    """One stop, with how far its asset is assessed."""

    assessed_through: AssessedThrough


class CauseBody(Asked):
    """A person's word on whose a stop is."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cause": "external", "reason": "Power cut of the whole street."}]}
    )

    cause: Cause
    reason: Words

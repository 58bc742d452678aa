"""What people ask for when they act on an alert."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.api.bodies.lists import Instant
from shared.alerts import Resolution

_PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]+$"
Words = Annotated[str, Field(min_length=1, max_length=500, pattern=_PRINTABLE)]


class Asked(BaseModel):
    """What a person asks for, on whose behalf."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    actor: Annotated[
        Words | None, Field(description="The person on whose behalf the key acts; stored with the key's name.")
    ] = None


class AcknowledgeBody(Asked):
    """Take the alert on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"actor": "r.lind@supplier.example"}]})


class UndoBody(Asked):
    """Take back what was done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"actor": "r.lind@supplier.example"}]})


class SnoozeBody(Asked):
    """Keep the alert out of default lists until then."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"until": "2030-05-04T06:00:00Z", "reason": "Part arrives on Friday."}],
        }
    )
    until: Annotated[Instant, Field(description="Wall time, in the future.")]
    reason: Words


class ResolveBody(Asked):
    """End the episode, and say how."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"resolution": "averted", "reason": "Bearing changed in time."}]}
    )
    resolution: Resolution
    reason: Words | None = None


class AssignBody(Asked):
    """Say whose it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "service_manager"}]})
    to: Annotated[Words | None, Field(description="A person, or a role such as service_manager; null: nobody.")]


class CommentBody(Asked):
    """Say something about it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "The plant manager knows; call on Monday."}]})
    text: Words

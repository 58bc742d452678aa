"""Webhooks and their deliveries as they are shown, and what is asked for."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.bodies.lists import Body, DatabaseId, Instant
from shared.alerts import Tier

_Word = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,62}$")]
_Words = Annotated[list[_Word], Field(min_length=1, max_length=30)]
_Url = Annotated[str, Field(min_length=8, max_length=2000, pattern="^(https?://[!-~]+|notify:[a-z][a-z0-9_-]{0,62})$")]


class Filters(Body):
    """Which changes are sent; null for all. Each counts beside the others."""

    transitions: Annotated[_Words | None, Field(description="As in the change feed: opened, resolved, ...")] = None
    tiers: Annotated[list[Tier] | None, Field(min_length=1, max_length=2)] = None
    kinds: _Words | None = None
    owner_roles: _Words | None = None
    customer_id: DatabaseId | None = None


class WebhookAsked(Filters):
    """A webhook to make."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://crm.example.com/bellwether", "tiers": ["act"]}]}
    )
    url: Annotated[
        _Url,
        Field(
            description="https, http only inside networks that the deployment allows; or `notify:NAME`, a channel of "
            "people that the deployment has, told in sentences of alerts that open and end unless `transitions` asks."
        ),
    ]


class WebhookChange(BaseModel):
    """What to change; what is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"state": "paused"}, {"tiers": None}]}
    )
    url: _Url | None = None
    state: Annotated[Literal["active", "paused"] | None, Field(description="active goes on from where it stopped.")] = (
        None
    )
    transitions: _Words | None = None
    tiers: Annotated[list[Tier] | None, Field(min_length=1, max_length=2)] = None
    kinds: _Words | None = None
    owner_roles: _Words | None = None
    customer_id: DatabaseId | None = None


class ReplayAsked(Body):
    """From where to send again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "1207-5e1f0a9b3c7d"}]})
    since: Annotated[
        str | None,
        Field(min_length=1, max_length=100, description="A cursor of /v1/changes; null for the oldest change kept."),
    ]


class Webhook(Filters):
    """A webhook; its secret was shown once, when it was made or rotated."""

    id: str
    url: str
    state: Annotated[
        Literal["active", "paused", "disabled", "ended"],
        Field(description="disabled: see `reason`; ended: the key that made it is revoked or expired."),
    ]
    reason: Annotated[str | None, Field(description="Why it is disabled.")]
    key_id: Annotated[str, Field(description="The key that made it; it is sent what that key may see.")]
    cursor: Annotated[str, Field(description="Of the change in the feed that was handed on last.")]
    created_at: Instant


class WebhookWithSecret(Webhook):
    """A webhook with its secret, the only time that it can be seen."""

    secret: Annotated[str, Field(description="Verifies signatures: `whsec_` and 32 random bytes in base64.")]
    old_secret_until: Annotated[
        Instant | None, Field(description="Until then messages are signed with the secret before, too.")
    ]


class Delivery(Body):
    """One message to the receiver, and how it stands."""

    id: Annotated[str, Field(description="The header `webhook-id`, the same for every attempt and replay.")]
    sequence: Annotated[int | None, Field(description="Of the change in the feed; null for a trial.")]
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    created_at: Instant
    last_attempt_at: Instant | None
    next_attempt_at: Instant | None
    status: Annotated[int | None, Field(description="What the receiver answered last.")]
    problem: Annotated[str | None, Field(description="Why there was no answer.")]

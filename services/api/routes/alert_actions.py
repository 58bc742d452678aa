"""`POST /v1/alerts/ID/...`: what people do about an alert, each with who and when in its timeline and in the feed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from services.api import examples
from services.api.access import Actor, Serving, actor_of
from services.api.answers import answer, required_versions
from services.api.bodies.alert_actions import (
    AcknowledgeBody,
    AssignBody,
    CommentBody,
    ResolveBody,
    SnoozeBody,
    UndoBody,
)
from services.api.bodies.alerts import AlertWithActions
from services.api.queries.alert_actions import PersonsAction, take_action
from services.api.queries.alerts import get_alert
from services.api.routes.declared import readable
from shared.alerts import Acknowledge, Assign, Resolve, Snooze, Unacknowledge, Unsnooze

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])
_IfMatch = Annotated[str | None, Header(description="The alert's ETag, or `*`. Required: 428 without.", max_length=500)]
_IfMatchOrNot = Annotated[str | None, Header(description="The alert's ETag, or `*`.", max_length=500)]
_ACTION = readable(400, 404, 409, 412, 413, 428, example=examples.ALERT_WITH_ACTIONS)
_COMMENT = readable(400, 404, 412, 413, example=examples.ALERT_WITH_ACTIONS)
del _ACTION[304], _COMMENT[304]


@router.post(
    "/{alert_id}/acknowledge", operation_id="acknowledge_alert", response_model=AlertWithActions, responses=_ACTION
)
def acknowledge(
    request: Request,
    serving: Serving,
    key: Actor,
    alert_id: UUID,
    body: AcknowledgeBody | None = None,
    if_match: _IfMatch = None,
) -> Response:
    """Take the alert on; the body may be left out. Acknowledging what is acknowledged changes nothing."""
    actor = actor_of(None if body is None else body.actor, key.name)
    action = PersonsAction(step=Acknowledge(actor), action="acknowledge", actor=actor)
    return _act(request, serving, key, alert_id, action, if_match)


@router.post(
    "/{alert_id}/unacknowledge", operation_id="unacknowledge_alert", response_model=AlertWithActions, responses=_ACTION
)
def unacknowledge(
    request: Request,
    serving: Serving,
    key: Actor,
    alert_id: UUID,
    body: UndoBody | None = None,
    if_match: _IfMatch = None,
) -> Response:
    """Take an acknowledgement back, as long as nobody did anything since: 409 otherwise."""
    actor = actor_of(None if body is None else body.actor, key.name)
    action = PersonsAction(step=Unacknowledge(actor), action="unacknowledge", actor=actor)
    return _act(request, serving, key, alert_id, action, if_match)


@router.post("/{alert_id}/assign", operation_id="assign_alert", response_model=AlertWithActions, responses=_ACTION)
def assign(
    request: Request, serving: Serving, key: Actor, alert_id: UUID, body: AssignBody, if_match: _IfMatch = None
) -> Response:
    """Say whose the alert is: a person's or a role's; its state stays what it is."""
    actor = actor_of(body.actor, key.name)
    action = PersonsAction(step=Assign(actor, body.to), action="assign", actor=actor, assigned_to=body.to)
    return _act(request, serving, key, alert_id, action, if_match)


@router.post(
    "/{alert_id}/comment", operation_id="comment_on_alert", response_model=AlertWithActions, responses=_COMMENT
)
def comment(
    request: Request, serving: Serving, key: Actor, alert_id: UUID, body: CommentBody, if_match: _IfMatchOrNot = None
) -> Response:
    """Say something about the alert, also when it is over; nothing is overwritten, so If-Match may be left out."""
    actor = actor_of(body.actor, key.name)
    action = PersonsAction(step=None, action="comment", actor=actor, reason=body.text)
    return _act(request, serving, key, alert_id, action, "*" if if_match is None else if_match)


@router.post("/{alert_id}/snooze", operation_id="snooze_alert", response_model=AlertWithActions, responses=_ACTION)
def snooze(
    request: Request, serving: Serving, key: Actor, alert_id: UUID, body: SnoozeBody, if_match: _IfMatch = None
) -> Response:
    """Keep the alert out of default lists until a moment of wall time; its state stays what it is."""
    actor = actor_of(body.actor, key.name)
    action = PersonsAction(
        step=Snooze(actor, body.until, body.reason),
        action="snooze",
        actor=actor,
        until=body.until,
        reason=body.reason,
    )
    return _act(request, serving, key, alert_id, action, if_match)


@router.post("/{alert_id}/unsnooze", operation_id="unsnooze_alert", response_model=AlertWithActions, responses=_ACTION)
def unsnooze(
    request: Request,
    serving: Serving,
    key: Actor,
    alert_id: UUID,
    body: UndoBody | None = None,
    if_match: _IfMatch = None,
) -> Response:
    """Show a snoozed alert again now; one that is awake stays as it is."""
    actor = actor_of(None if body is None else body.actor, key.name)
    action = PersonsAction(step=Unsnooze(actor), action="unsnooze", actor=actor)
    return _act(request, serving, key, alert_id, action, if_match)


@router.post("/{alert_id}/resolve", operation_id="resolve_alert", response_model=AlertWithActions, responses=_ACTION)
def resolve(
    request: Request, serving: Serving, key: Actor, alert_id: UUID, body: ResolveBody, if_match: _IfMatch = None
) -> Response:
    """End the episode and say how it ended."""
    actor = actor_of(body.actor, key.name)
    action = PersonsAction(step=Resolve(body.resolution), action="resolve", actor=actor, reason=body.reason)
    return _act(request, serving, key, alert_id, action, if_match)


def _act(
    request: Request,
    serving: Serving,
    key: Actor,
    alert_id: UUID,
    action: PersonsAction,
    if_match: str | None,
) -> Response:
    versions = required_versions(if_match)
    with serving.database.writing(key.customers) as conn:
        take_action(conn, key.customers, alert_id, action=action, versions=versions, now=serving.clock())
        found = get_alert(conn, key.customers, alert_id)
    return answer(request, AlertWithActions(**found), version=found["version"])

"""`/v1/webhooks`: who wants to be told of changes. The service `webhooks` sends; the API opens no connection itself."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from services.api import cursors
from services.api import examples_webhooks as examples
from services.api.access import Admin, Service, Serving
from services.api.answers import answer
from services.api.bodies.lists import ListOf
from services.api.bodies.webhooks import (
    Delivery,
    ReplayAsked,
    Webhook,
    WebhookAsked,
    WebhookChange,
    WebhookWithSecret,
)
from services.api.queries import webhooks as queries
from services.api.queries.changes import list_changes
from services.api.routes.declared import readable
from services.api.routes.paging import Cursor, Limit
from shared.targets import checked_addresses, read_target

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
_Id = Annotated[str, Path(pattern="^wh_[0-9a-f]{16}$")]


_CHANNEL = "notify:"


def _check(serving: Service, url: str) -> None:
    if not url.startswith(_CHANNEL):
        checked_addresses(read_target(url), serving.webhook_networks)


def _made(*statuses: int, example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    declared = readable(*statuses, example=example)
    del declared[304]
    return declared


@router.post(
    "",
    operation_id="create_webhook",
    response_model=WebhookWithSecret,
    responses=_made(400, 413, example=examples.WEBHOOK_WITH_SECRET),
)
def create_webhook(request: Request, serving: Serving, key: Admin, body: WebhookAsked) -> Response:
    """Send every change from now on that the filters let through and this key may see. Keep `secret`: it is not shown
    again. The webhook ends with the key."""
    _check(serving, body.url)
    asked, now = body.model_dump(), serving.clock()
    if body.url.startswith(_CHANNEL) and body.transitions is None:
        asked["transitions"] = ["opened", "resolved"]
    with serving.database.writing(key.customers) as conn:
        last = queries.last_change(conn)
        found, secret = queries.create_webhook(conn, key, asked, last=last, now=now)
    return answer(request, WebhookWithSecret(**found, secret=secret, old_secret_until=None))


@router.get(
    "", operation_id="list_webhooks", response_model=ListOf[Webhook], responses=readable(400, example=examples.WEBHOOKS)
)
def list_webhooks(request: Request, serving: Serving, key: Admin, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Webhooks of keys that see no more than this one."""
    bound = {"list": "webhooks"}
    after = "" if cursor is None else cursors.read(serving.secret, cursor, bound)["id"]
    with serving.database.reading(key.customers) as conn:
        found = queries.list_webhooks(conn, after=after, limit=limit + 1, now=serving.clock())
    page = [Webhook(**each) for each in found[:limit]]
    following = cursors.sign(serving.secret, {"id": page[-1].id}, bound) if len(found) > limit else None
    return answer(
        request, ListOf[Webhook](data=page, has_more=following is not None, next=following, assessed_through=None)
    )


@router.get(
    "/{webhook_id}",
    operation_id="get_webhook",
    response_model=Webhook,
    responses=readable(404, example=examples.WEBHOOK),
)
def get_webhook(request: Request, serving: Serving, key: Admin, webhook_id: _Id) -> Response:
    """One webhook as it stands."""
    with serving.database.reading(key.customers) as conn:
        return answer(request, Webhook(**queries.get_webhook(conn, webhook_id, now=serving.clock())))


@router.patch(
    "/{webhook_id}",
    operation_id="change_webhook",
    response_model=Webhook,
    responses=_made(400, 404, 413, example=examples.WEBHOOK),
)
def change_webhook(request: Request, serving: Serving, key: Admin, webhook_id: _Id, body: WebhookChange) -> Response:
    """Change address or filters, pause it, or turn it on again after it was disabled: it goes on where it stopped."""
    asked = body.model_dump(exclude_unset=True)
    columns = {name: value for name, value in asked.items() if name in queries.FILTERS or value is not None}
    if body.url is not None:
        _check(serving, body.url)
    with serving.database.writing(key.customers) as conn:
        return answer(request, Webhook(**queries.change_webhook(conn, webhook_id, columns, now=serving.clock())))


@router.delete(
    "/{webhook_id}",
    operation_id="delete_webhook",
    response_model=Webhook,
    responses=_made(404, example=examples.WEBHOOK),
)
def delete_webhook(request: Request, serving: Serving, key: Admin, webhook_id: _Id) -> Response:
    """End it; the answer is what it was."""
    with serving.database.writing(key.customers) as conn:
        return answer(request, Webhook(**queries.delete_webhook(conn, webhook_id, now=serving.clock())))


@router.post(
    "/{webhook_id}/rotate",
    operation_id="rotate_webhook_secret",
    response_model=WebhookWithSecret,
    responses=_made(404, example=examples.WEBHOOK_WITH_SECRET),
)
def rotate(request: Request, serving: Serving, key: Admin, webhook_id: _Id) -> Response:
    """A new secret; for 24 hours each message is signed with the old one, too."""
    with serving.database.writing(key.customers) as conn:
        found, secret, until = queries.rotate_secret(conn, webhook_id, now=serving.clock())
    return answer(request, WebhookWithSecret(**found, secret=secret, old_secret_until=until))


@router.get(
    "/{webhook_id}/deliveries",
    operation_id="list_webhook_deliveries",
    response_model=ListOf[Delivery],
    responses=readable(400, 404, example=examples.DELIVERIES),
)
def list_deliveries(
    request: Request, serving: Serving, key: Admin, webhook_id: _Id, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """What was sent in the last 30 days and what waits, the newest first."""
    bound = {"list": "deliveries", "webhook": webhook_id}
    stored = None if cursor is None else cursors.read(serving.secret, cursor, bound)
    before = None if stored is None else (datetime.fromisoformat(stored["at"]), stored["id"])
    with serving.database.reading(key.customers) as conn:
        found = queries.list_deliveries(conn, webhook_id, before=before, limit=limit + 1, now=serving.clock())
    page = [Delivery(**each) for each in found[:limit]]
    position = {"at": page[-1].created_at.isoformat(), "id": page[-1].id} if len(found) > limit else None
    following = None if position is None else cursors.sign(serving.secret, position, bound)
    return answer(
        request, ListOf[Delivery](data=page, has_more=following is not None, next=following, assessed_through=None)
    )


@router.post(
    "/{webhook_id}/replay",
    operation_id="replay_webhook",
    response_model=Webhook,
    responses=_made(400, 404, 410, 413, example=examples.WEBHOOK),
)
def replay(request: Request, serving: Serving, key: Admin, webhook_id: _Id, body: ReplayAsked) -> Response:
    """Send everything after that cursor again, each message under the id that it had."""
    with serving.database.writing(key.customers) as conn:
        list_changes(conn, key.customers, since=body.since, limit=1)
        after = 0 if body.since is None else cursors.feed_sequence(body.since)
        return answer(
            request, Webhook(**queries.change_webhook(conn, webhook_id, {"cursor": after}, now=serving.clock()))
        )


@router.post(
    "/{webhook_id}/test",
    operation_id="test_webhook",
    response_model=Delivery,
    responses=_made(404, example=examples.DELIVERY),
)
def try_webhook(request: Request, serving: Serving, key: Admin, webhook_id: _Id) -> Response:
    """Send a `bellwether.webhook.test` once and now; its entry in `deliveries` says what came of it."""
    with serving.database.writing(key.customers) as conn:
        return answer(request, Delivery(**queries.add_trial(conn, webhook_id, now=serving.clock())))

"""`/v1/alerts`: what will happen, when, why, how sure, what to do; and what people did about it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import cursors, examples
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.alerts import Alert, AlertWithActions
from services.api.bodies.lists import DatabaseId, Instant, ListOf
from services.api.queries import alerts as queries
from services.api.queries.alerts import AlertFilters, Position
from services.api.queries.assessed import assessed_through
from services.api.routes.declared import readable
from services.api.routes.paging import Cursor, Limit
from shared.alerts import AlertState, Tier

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])
_LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
_Word = Annotated[str | None, Query(pattern="^[a-z][a-z0-9_]{0,62}$")]


def _filters(
    customer: Annotated[DatabaseId | None, Query()] = None,
    site: Annotated[DatabaseId | None, Query(description="The site, its lines, and the assets there now.")] = None,
    asset: Annotated[DatabaseId | None, Query()] = None,
    kind: _Word = None,
    tier: Annotated[Tier | None, Query()] = None,
    state: Annotated[
        list[AlertState] | None, Query(description="May be repeated. Without it: open and acknowledged.")
    ] = None,
    owner_role: _Word = None,
    expected_before: Annotated[Instant | None, Query(description="Expected earlier than this.")] = None,
    expected_after: Annotated[Instant | None, Query(description="Expected at this or later.")] = None,
    withheld: Annotated[bool, Query(description="Show those that are held back, too: see `withheld`.")] = False,
    snoozed: Annotated[bool, Query(description="Show those that are snoozed now, too.")] = False,
) -> AlertFilters:
    return AlertFilters(
        customer=customer,
        site=site,
        asset=asset,
        kind=kind,
        tier=tier,
        state=tuple(sorted(_LIVE if state is None else set(state))),
        owner_role=owner_role,
        expected_before=expected_before,
        expected_after=expected_after,
        withheld=withheld,
        snoozed=snoozed,
    )


@router.get(
    "", operation_id="list_alerts", response_model=ListOf[Alert], responses=readable(400, example=examples.ALERTS)
)
def list_alerts(
    request: Request,
    serving: Serving,
    key: Reader,
    filters: Annotated[AlertFilters, Depends(_filters)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Alerts, the newest condition first: open and acknowledged ones that nobody snoozed, unless asked otherwise."""
    bound = {"list": "alerts", **filters.__dict__}
    after = None if cursor is None else _position(cursors.read(serving.secret, cursor, bound))
    with serving.database.reading(key.customers) as conn:
        found = queries.list_alerts(conn, key.customers, filters, after=after, limit=limit + 1, now=serving.clock())
        through = assessed_through(conn, key.customers, of=filters.customer)
    page = [Alert(**each) for each in found[:limit]]
    following = None
    if len(found) > limit:
        position = {"pending_since": page[-1].pending_since, "alert_id": page[-1].id}
        following = cursors.sign(serving.secret, position, bound)
    return answer(
        request, ListOf[Alert](data=page, has_more=following is not None, next=following, assessed_through=through)
    )


@router.get(
    "/{alert_id}",
    operation_id="get_alert",
    response_model=AlertWithActions,
    responses=readable(404, example=examples.ALERT_WITH_ACTIONS),
)
def get_alert(request: Request, serving: Serving, key: Reader, alert_id: UUID) -> Response:
    """One alert with what people did to it; its ETag is what an action sends as If-Match."""
    with serving.database.reading(key.customers) as conn:
        found = queries.get_alert(conn, key.customers, alert_id)
    return answer(request, AlertWithActions(**found), version=found["version"])


def _position(stored: dict[str, str]) -> Position:
    return Position(datetime.fromisoformat(stored["pending_since"]), UUID(stored["alert_id"]))

"""`/v1/alerts`: what will happen, when, why, how sure, what to do; and what people did about it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import cursors, examples
from services.api.access import Reader, Serving
from services.api.answers import answer, answer_page
from services.api.bodies.alerts import Alert, AlertWithActions
from services.api.bodies.lists import DatabaseId, Instant, ListOf
from services.api.memo import keep_until
from services.api.problems import UnknownParameterError
from services.api.queries import alerts as queries
from services.api.queries.alert_orders import AlertSort
from services.api.queries.alerts import AlertFilters
from services.api.queries.assessed import assessed_through, next_awakening
from services.api.routes.declared import readable
from services.api.routes.paging import Cursor, Limit
from shared.alerts import AlertState, Tier

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])
_LIVE = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
_SORTS = (
    "`newest`: the start of the condition, newest first. `urgency`: expected soonest first, then by what is at stake. "
    "`stake`: money where it is known, else contract value, else hours, each group after the other and never added; "
    "within money and contract value one currency after the other, as amounts of two are not comparable."
)
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
    minimum_money: Annotated[
        float | None,
        Query(ge=0, allow_inf_nan=False, description="At least this much money at stake, in `currency`."),
    ] = None,
    currency: Annotated[
        str | None, Query(pattern="^[A-Z]{3}$", description="Of `minimum_money`, which it is given with.")
    ] = None,
    expected_before: Annotated[Instant | None, Query(description="Expected earlier than this.")] = None,
    expected_after: Annotated[Instant | None, Query(description="Expected at this or later.")] = None,
    withheld: Annotated[bool, Query(description="Show those that are held back, too: see `withheld`.")] = False,
    snoozed: Annotated[bool, Query(description="Show those that are snoozed now, too.")] = False,
) -> AlertFilters:
    if (minimum_money is None) != (currency is None):
        raise UnknownParameterError("`minimum_money` counts only with `currency`, and that only with it: give both")
    return AlertFilters(
        customer=customer,
        site=site,
        asset=asset,
        kind=kind,
        tier=tier,
        state=tuple(sorted(_LIVE if state is None else set(state))),
        owner_role=owner_role,
        minimum_money=minimum_money,
        currency=currency,
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
    sort: Annotated[AlertSort, Query(description=_SORTS)] = AlertSort.NEWEST,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Alerts, the newest condition first: open and acknowledged ones that nobody snoozed, unless asked otherwise."""
    bound = {"list": "alerts", "sort": sort, **filters.__dict__}
    after = None if cursor is None else cursors.read(serving.secret, cursor, bound)["after"]
    now = serving.clock()
    with serving.database.reading(key.customers) as conn:
        page = queries.page_of_alerts(conn, key.customers, filters, sort=sort, after=after, limit=limit, now=now)
        keep_until(request, now, next_awakening(conn, key.customers, now=now))
        through = assessed_through(conn, key.customers, of=filters.customer)
    following = None if page.following is None else cursors.sign(serving.secret, {"after": page.following}, bound)
    return answer_page(request, page.bodies, following=following, through=through)


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
    keep_until(request, serving.clock())
    return answer(request, AlertWithActions(**found), version=found["version"])

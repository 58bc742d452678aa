"""`/v1/customers`: who they are, how they are, and what stands at their sites."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import cursors, examples
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.customers import AssetInList, Customer, CustomerDetail, HealthChange, HealthOfDay
from services.api.bodies.lists import DatabaseId, Day, ListOf
from services.api.health_changes import health_change
from services.api.memo import keep_until
from services.api.queries import customers as queries
from services.api.queries.assessed import assessed_through, next_awakening
from services.api.queries.health_changes import moved_between
from services.api.routes.declared import readable
from services.api.routes.paging import Cursor, Limit

router = APIRouter(prefix="/v1/customers", tags=["customers"])


@router.get(
    "",
    operation_id="list_customers",
    response_model=ListOf[Customer],
    responses=readable(400, example=examples.CUSTOMERS),
)
def list_customers(
    request: Request, serving: Serving, key: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Customers by id, each with its newest health and its open alerts."""
    filters = {"list": "customers"}
    after = 0 if cursor is None else cursors.read(serving.secret, cursor, filters)["id"]
    with serving.database.reading(key.customers) as conn:
        now = serving.clock()
        found = queries.list_customers(conn, key.customers, after=after, limit=limit + 1, now=now)
        keep_until(request, now, next_awakening(conn, key.customers, now=now))
        through = assessed_through(conn, key.customers)
    page = [Customer(**each) for each in found[:limit]]
    following = cursors.sign(serving.secret, {"id": page[-1].id}, filters) if len(found) > limit else None
    return answer(
        request,
        ListOf[Customer](data=page, has_more=following is not None, next=following, assessed_through=through),
    )


@router.get(
    "/{customer_id}",
    operation_id="get_customer",
    response_model=CustomerDetail,
    responses=readable(404, example=examples.CUSTOMER),
)
def get_customer(request: Request, serving: Serving, key: Reader, customer_id: DatabaseId) -> Response:
    """One customer: sites, contracts in force, owners, health, and the value of its last 24 months."""
    with serving.database.reading(key.customers) as conn:
        now = serving.clock()
        found = queries.get_customer(conn, key.customers, customer_id, now=now)
        keep_until(request, now, next_awakening(conn, key.customers, now=now))
    return answer(request, CustomerDetail(**found))


@router.get(
    "/{customer_id}/health",
    operation_id="list_customer_health",
    response_model=ListOf[HealthOfDay],
    responses=readable(400, 404, example=examples.HEALTH),
)
def list_customer_health(
    request: Request,
    serving: Serving,
    key: Reader,
    customer_id: DatabaseId,
    first: Annotated[Day | None, Query(description="First day, included.")] = None,
    last: Annotated[Day | None, Query(description="Last day, included.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Cursor = None,
) -> Response:
    """Health of each UTC day with its groups and the points that each measure cost, newest first."""
    filters = {"list": "health", "customer": customer_id, "first": first, "last": last}
    before = None if cursor is None else date.fromisoformat(cursors.read(serving.secret, cursor, filters)["day"])
    with serving.database.reading(key.customers) as conn:
        through = queries.customer_assessed_through(conn, key.customers, customer_id)
        found = queries.list_health(conn, customer_id, first=first, last=last, before=before, limit=limit + 1)
    keep_until(request, serving.clock())
    page = [HealthOfDay(**each) for each in found[:limit]]
    following = cursors.sign(serving.secret, {"day": page[-1].day}, filters) if len(found) > limit else None
    return answer(
        request,
        ListOf[HealthOfDay](data=page, has_more=following is not None, next=following, assessed_through=through),
    )


@router.get(
    "/{customer_id}/health/changes",
    operation_id="get_health_change",
    response_model=HealthChange,
    responses=readable(400, 404, example=examples.HEALTH_CHANGE),
)
def get_health_change(
    request: Request,
    serving: Serving,
    key: Reader,
    customer_id: DatabaseId,
    first: Annotated[
        Day | None, Query(alias="from", description="Seven days before `to` where it is left out.")
    ] = None,
    last: Annotated[Day | None, Query(alias="to", description="The newest day where it is left out.")] = None,
) -> Response:
    """What moved health from the end of one day to the end of another: which machines, which hours, whose cause."""
    with serving.database.reading(key.customers) as conn:
        through = queries.customer_assessed_through(conn, key.customers, customer_id)
        found = moved_between(conn, [customer_id], first=first, last=last)
    ends = found[0] if found else {"first": first, "last": last, "before": None, "after": None, "parts": []}
    return answer(request, HealthChange(**health_change(ends), assessed_through=through))


@router.get(
    "/{customer_id}/assets",
    operation_id="list_customer_assets",
    response_model=ListOf[AssetInList],
    responses=readable(400, 404, example=examples.ASSETS),
)
def list_customer_assets(
    request: Request,
    serving: Serving,
    key: Reader,
    customer_id: DatabaseId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Assets that stand at the customer's sites, by id, each with its state."""
    filters = {"list": "assets", "customer": customer_id}
    after = 0 if cursor is None else cursors.read(serving.secret, cursor, filters)["id"]
    with serving.database.reading(key.customers) as conn:
        through = queries.customer_assessed_through(conn, key.customers, customer_id)
        found = queries.list_assets(conn, key.customers, customer_id, after=after, limit=limit + 1, now=serving.clock())
    page = [AssetInList(**each) for each in found[:limit]]
    following = cursors.sign(serving.secret, {"id": page[-1].id}, filters) if len(found) > limit else None
    return answer(
        request,
        ListOf[AssetInList](data=page, has_more=following is not None, next=following, assessed_through=through),
    )

"""`/v1/record`: how often alerts were right; `/v1/budgets`: how many there were, and what was held back."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from services.api import cursors, examples
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.budgets import OwnerBudget
from services.api.bodies.lists import ListOf
from services.api.bodies.record import TrackRecord
from services.api.queries import budgets
from services.api.queries import record as queries
from services.api.queries.assessed import assessed_through
from services.api.routes.declared import readable
from services.api.routes.paging import Cursor, Limit

router = APIRouter(prefix="/v1", tags=["record"])


@router.get(
    "/record",
    operation_id="get_record",
    response_model=ListOf[TrackRecord],
    responses=readable(example=examples.RECORD),
)
def get_record(request: Request, serving: Serving, key: Reader) -> Response:
    """The newest record of every kind that forecasts, over all customers: it says how good Bellwether is, not how one
    customer does. Kinds that state what was measured have none. Empty until there is a week of data."""
    with serving.database.reading(key.customers) as conn:
        found = [TrackRecord(**each) for each in queries.newest_records(conn)]
        through = assessed_through(conn, key.customers)
    return answer(request, ListOf[TrackRecord](data=found, has_more=False, next=None, assessed_through=through))


@router.get(
    "/record/{kind}",
    operation_id="list_record",
    response_model=ListOf[TrackRecord],
    responses=readable(400, 404, example=examples.RECORD),
)
def list_record(
    request: Request,
    serving: Serving,
    key: Reader,
    kind: Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,62}$")],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """One kind's record as it stood each Monday and at the newest midnight, newest first."""
    filters = {"list": "record", "kind": kind}
    before = None if cursor is None else cursors.read(serving.secret, cursor, filters)["as_of"]
    with serving.database.reading(key.customers) as conn:
        found = queries.list_records(conn, kind, before=before, limit=limit + 1)
        through = assessed_through(conn, key.customers)
    page = [TrackRecord(**each) for each in found[:limit]]
    following = None
    if len(found) > limit:
        following = cursors.sign(serving.secret, {"as_of": page[-1].as_of.isoformat()}, filters)
    return answer(
        request,
        ListOf[TrackRecord](data=page, has_more=following is not None, next=following, assessed_through=through),
    )


@router.get(
    "/budgets",
    operation_id="list_budgets",
    response_model=ListOf[OwnerBudget],
    responses=readable(example=examples.BUDGETS),
)
def list_budgets(request: Request, serving: Serving, key: Reader) -> Response:
    """Each owner's new alerts a week, and what the cap held back with what that cost. What is held back is scored like
    all other alerts, and listed by `/v1/alerts?withheld=true`."""
    with serving.database.reading(key.customers) as conn:
        found = [OwnerBudget(**each) for each in budgets.list_budgets(conn, key.customers)]
        through = assessed_through(conn, key.customers)
    return answer(request, ListOf[OwnerBudget](data=found, has_more=False, next=None, assessed_through=through))

"""`/v1/changes`: the one feed, in the order of commit."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import examples
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.changes import Change, ChangePage
from services.api.memo import keep_until
from services.api.queries.assessed import assessed_through
from services.api.queries.changes import list_changes as query_changes
from services.api.routes.declared import readable

router = APIRouter(prefix="/v1/changes", tags=["changes"])


@router.get(
    "",
    operation_id="list_changes",
    response_model=ChangePage,
    responses=readable(400, 410, example=examples.CHANGES),
)
def list_changes(
    request: Request,
    serving: Serving,
    key: Reader,
    since: Annotated[
        str | None,
        Query(
            min_length=1, max_length=100, description="`next` of the answer before; without it, from the oldest kept."
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    """Every transition after `since`, exactly once and in the order of commit; keep `next` and ask from it again.

    410 where nobody can go on from `since` without a gap.
    """
    with serving.database.reading(key.customers) as conn:
        page = query_changes(conn, key.customers, since=since, limit=limit)
        through = assessed_through(conn, key.customers)
    # `next` moves on with everybody's changes, of which a key of some customers is not told.
    if key.customers is None:
        keep_until(request, serving.clock())
    return answer(
        request,
        ChangePage(
            data=[Change(**each) for each in page.data],
            has_more=page.has_more,
            next=page.next,
            assessed_through=through,
        ),
    )

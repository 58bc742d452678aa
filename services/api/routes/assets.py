"""`/v1/assets`: one machine, and whose its stops were."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import cursors, examples
from services.api.access import PlantActor, PlantReader, Serving
from services.api.answers import answer
from services.api.bodies.assets import AssetDetail
from services.api.bodies.lists import DatabaseId, Day, Instant, ListOf
from services.api.bodies.stops import Cause, CauseBody, Stop, StopDetail
from services.api.queries import stops as queries
from services.api.queries.assets import get_asset as query_asset
from services.api.queries.stops import Correction, StopFilters
from services.api.routes.declared import readable
from services.api.routes.paging import Cursor, Limit
from shared.kpis import FailureCount

PerFailure = Annotated[
    FailureCount, Query(description="What MTBF, MTTF and MTTR divide by; the second is the standard's older reading.")
]

router = APIRouter(prefix="/v1/assets", tags=["assets"])


@router.get(
    "/{asset_id}",
    operation_id="get_asset",
    response_model=AssetDetail,
    responses=readable(404, example=examples.ASSET),
)
def get_asset(
    request: Request,
    serving: Serving,
    key: PlantReader,
    asset_id: DatabaseId,
    days: Annotated[int, Query(ge=1, le=3660, description="How many days KPIs and signals cover.")] = 30,
    per: PerFailure = "failures",
) -> Response:
    """One asset: where it stands, its state, its KPIs (ISO 22400) and its signals."""
    with serving.database.reading(key.customers) as conn:
        found = query_asset(conn, key.customers, asset_id, days=days, per=per, today=serving.clock().date())
    return answer(request, AssetDetail(**found))


_STOP = readable(400, 404, 413, example=examples.STOP)
del _STOP[304]


@router.get(
    "/{asset_id}/stops",
    operation_id="list_asset_stops",
    response_model=ListOf[Stop],
    responses=readable(400, 404, example=examples.STOPS),
)
def list_stops(
    request: Request,
    serving: Serving,
    key: PlantReader,
    asset_id: DatabaseId,
    first: Annotated[Day | None, Query(description="First day on which one began, included.")] = None,
    last: Annotated[Day | None, Query(description="Last day on which one began, included.")] = None,
    cause: Annotated[Cause | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Stops of an asset at its present customer, newest first, each with its cause and why."""
    filters = StopFilters(first=first, last=last, cause=cause)
    bound = {"list": "stops", "asset": asset_id, **filters.__dict__}
    before = None if cursor is None else datetime.fromisoformat(cursors.read(serving.secret, cursor, bound)["at"])
    with serving.database.reading(key.customers) as conn:
        found, through = queries.list_stops(
            conn, key.customers, asset_id, filters, before=before, limit=limit + 1, today=serving.clock().date()
        )
    page = [Stop(**each) for each in found[:limit]]
    following = None
    if len(found) > limit:
        following = cursors.sign(serving.secret, {"at": page[-1].started_at}, bound)
    return answer(
        request, ListOf[Stop](data=page, has_more=following is not None, next=following, assessed_through=through)
    )


@router.post(
    "/{asset_id}/stops/{started_at}/cause",
    operation_id="correct_stop_cause",
    response_model=StopDetail,
    responses=_STOP,
)
def correct_cause(
    request: Request, serving: Serving, key: PlantActor, asset_id: DatabaseId, started_at: Instant, body: CauseBody
) -> Response:
    """Say whose a stop is. It wins over every rule and is kept; the time since is assessed again within a minute."""
    actor = key.name if body.actor is None else f"{body.actor} (key: {key.name})"
    said = Correction(cause=body.cause, reason=body.reason, actor=actor)
    now = serving.clock()
    with serving.database.writing(key.customers) as conn:
        queries.correct_cause(conn, key.customers, asset_id, started_at, said=said, now=now)
        found, through = queries.get_stop(conn, key.customers, asset_id, started_at, today=now.date())
    return answer(request, StopDetail(**found, assessed_through=through))

"""`/v1/assets`: one machine."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import examples
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.assets import AssetDetail
from services.api.bodies.lists import DatabaseId
from services.api.queries.assets import get_asset as query_asset
from services.api.routes.declared import readable

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
    key: Reader,
    asset_id: DatabaseId,
    days: Annotated[int, Query(ge=1, le=3660, description="How many days KPIs and signals cover.")] = 30,
) -> Response:
    """One asset: where it stands, its state, its KPIs (ISO 22400) and its signals."""
    with serving.database.reading() as conn:
        found = query_asset(conn, key.customers, asset_id, days=days, today=serving.clock().date())
    return answer(request, AssetDetail(**found))

"""`/v1/lines`, `/v1/sites` and a customer's KPIs: how plants run, by the constraint of each line."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import examples
from services.api.access import PlantReader, Serving
from services.api.answers import answer
from services.api.bodies.lists import DatabaseId
from services.api.bodies.plants import CustomerKpis, LineDetail, SiteDetail
from services.api.queries import plants as queries
from services.api.routes.assets import PerFailure
from services.api.routes.declared import readable

router = APIRouter(prefix="/v1", tags=["plants"])
_Days = Annotated[int, Query(ge=1, le=3660, description="How many days, up to the newest, the KPIs cover.")]


@router.get(
    "/lines/{line_id}",
    operation_id="get_line",
    response_model=LineDetail,
    responses=readable(404, example=examples.LINE),
)
def get_line(
    request: Request,
    serving: Serving,
    key: PlantReader,
    line_id: DatabaseId,
    days: _Days = 30,
    per: PerFailure = "failures",
) -> Response:
    """One line, its machines, and the one that it waits for."""
    with serving.database.reading(key.customers) as conn:
        found = queries.get_line(conn, key.customers, line_id, days=days, per=per)
    return answer(request, LineDetail(**found))


@router.get(
    "/sites/{site_id}",
    operation_id="get_site",
    response_model=SiteDetail,
    responses=readable(404, example=examples.SITE),
)
def get_site(
    request: Request,
    serving: Serving,
    key: PlantReader,
    site_id: DatabaseId,
    days: _Days = 30,
    per: PerFailure = "failures",
) -> Response:
    """One site and its lines."""
    with serving.database.reading(key.customers) as conn:
        found = queries.get_site(conn, key.customers, site_id, days=days, per=per)
    return answer(request, SiteDetail(**found))


@router.get(
    "/customers/{customer_id}/kpis",
    operation_id="get_customer_kpis",
    response_model=CustomerKpis,
    responses=readable(404, example=examples.CUSTOMER_KPIS),
)
def get_customer_kpis(
    request: Request,
    serving: Serving,
    key: PlantReader,
    customer_id: DatabaseId,
    days: _Days = 30,
    per: PerFailure = "failures",
) -> Response:
    """KPIs over all sites of a customer: of each line by its constraint, and of each machine on no line."""
    with serving.database.reading(key.customers) as conn:
        found = queries.get_customer_kpis(conn, key.customers, customer_id, days=days, per=per)
    return answer(request, CustomerKpis(**found))

"""`/v1/customers/ID/value`: what the customer gained, against what was promised, and what comes next."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import examples_value
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.lists import DatabaseId
from services.api.bodies.value import CustomerValue
from services.api.queries.value import get_value
from services.api.routes.declared import readable

router = APIRouter(prefix="/v1/customers", tags=["customers"])


@router.get(
    "/{customer_id}/value",
    operation_id="get_customer_value",
    response_model=CustomerValue,
    responses=readable(404, example=examples_value.VALUE),
)
def get_customer_value(
    request: Request,
    serving: Serving,
    key: Reader,
    customer_id: DatabaseId,
    months: Annotated[int, Query(ge=1, le=240, description="How many months back.")] = 24,
) -> Response:
    """Value by month and line of business, since the start against the promise, its outlook, effects of updates."""
    with serving.database.reading(key.customers) as conn:
        found = get_value(conn, key.customers, customer_id, months=months, now=serving.clock())
    return answer(request, CustomerValue(**found))

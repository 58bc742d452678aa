"""`/v1/portfolio`: all customers together, for keys that see all of them."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.lists import Day
from services.api.bodies.portfolio import Portfolio
from services.api.examples_portfolio import PORTFOLIO
from services.api.problems import ForbiddenError
from services.api.queries.assessed import assessed_through
from services.api.queries.portfolio import get_portfolio
from services.api.routes.declared import readable

router = APIRouter(prefix="/v1/portfolio", tags=["portfolio"])


@router.get(
    "",
    operation_id="get_portfolio",
    response_model=Portfolio,
    responses=readable(404, example=PORTFOLIO),
)
def portfolio(
    request: Request,
    serving: Serving,
    key: Reader,
    on: Annotated[Day | None, Query(description="As of that day, or the newest before it that is kept.")] = None,
) -> Response:
    """Renewal and fit by segment, maturity, satisfaction and value at risk, as of the newest midnight; kept of each
    month's first day. For keys that see all customers."""
    if key.customers is not None:
        raise ForbiddenError("this key sees only some customers; the portfolio is of all of them")
    with serving.database.reading(key.customers) as conn:
        found = get_portfolio(conn, on)
        through = assessed_through(conn, key.customers)
    return answer(request, Portfolio(**found, assessed_through=through))

"""`/v1/customers/ID/account`: what is found about the account as a whole, and what comes next for it."""

from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import examples
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.accounts import AccountFindings
from services.api.bodies.lists import DatabaseId, Day
from services.api.queries.accounts import get_account as query_account
from services.api.routes.declared import readable

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["accounts"])

On = Annotated[Day | None, Query(description="As it was known at the newest kept midnight up to this day.")]


@router.get(
    "/account",
    operation_id="get_account",
    response_model=AccountFindings,
    responses=readable(404, example=examples.ACCOUNT),
)
def get_account(request: Request, serving: Serving, key: Reader, customer_id: DatabaseId, on: On = None) -> Response:
    """Every finding about the account: onboarding, commitments, objectives, the two questions, what comes next. They
    are kept for each month's first day and the newest midnight."""
    with serving.database.reading() as conn:
        found = query_account(conn, key.customers, customer_id, on=on)
    return answer(request, AccountFindings(**found | {"findings": _by_kind(found["findings"])}))


def _by_kind(findings: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {kind: list(own) for kind, own in groupby(findings, key=lambda each: each["kind"])}

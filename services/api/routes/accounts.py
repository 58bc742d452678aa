"""`/v1/customers/ID/account`: what is found about the account as a whole, and what comes next for it."""

from datetime import date
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api import examples_accounts
from services.api.access import Reader, Serving
from services.api.answers import answer
from services.api.bodies.accounts import AccountFinding, AccountFindings, PlayScore
from services.api.bodies.lists import DatabaseId, Day, ListOf
from services.api.queries.accounts import get_account as query_account
from services.api.queries.accounts import newest_plays
from services.api.queries.assessed import assessed_through
from services.api.routes.declared import readable

router = APIRouter(prefix="/v1/customers/{customer_id}", tags=["accounts"])
plays = APIRouter(prefix="/v1", tags=["record"])

On = Annotated[Day | None, Query(description="As it was known at the newest kept midnight up to this day.")]


@router.get(
    "/account",
    operation_id="get_account",
    response_model=AccountFindings,
    responses=readable(404, example=examples_accounts.ACCOUNT),
)
def get_account(request: Request, serving: Serving, key: Reader, customer_id: DatabaseId, on: On = None) -> Response:
    """Every finding about the account: onboarding, commitments, objectives, the two questions, what comes next. They
    are kept for each month's first day and the newest midnight."""
    with serving.database.reading(key.customers) as conn:
        found = query_account(conn, key.customers, customer_id, on=on)
    return answer(request, AccountFindings(**found | {"findings": _by_kind(found["findings"])}))


@router.get(
    "/questions/backs",
    operation_id="get_question_backs",
    response_model=AccountFinding,
    responses=readable(404, example=examples_accounts.BACKS),
)
def get_backs(request: Request, serving: Serving, key: Reader, customer_id: DatabaseId, on: On = None) -> Response:
    """Will you have our backs? Repairs, responses, failures that come again, support, versions, commitments."""
    return _one(request, serving, key, customer_id, "question_backs", on)


@router.get(
    "/questions/competitive",
    operation_id="get_question_competitive",
    response_model=AccountFinding,
    responses=readable(404, example=examples_accounts.COMPETITIVE),
)
def get_competitive(
    request: Request, serving: Serving, key: Reader, customer_id: DatabaseId, on: On = None
) -> Response:
    """Will you keep us competitive? Trend, position against other customers, improvements a year, headroom."""
    return _one(request, serving, key, customer_id, "question_competitive", on)


@router.get(
    "/next-improvement",
    operation_id="get_next_improvement",
    response_model=AccountFinding,
    responses=readable(404, example=examples_accounts.NEXT_IMPROVEMENT),
)
def get_next_improvement(
    request: Request, serving: Serving, key: Reader, customer_id: DatabaseId, on: On = None
) -> Response:
    """The one improvement that comes next, under way or to be proposed: what it recovers, who owns it, which objective
    it serves, and what such a play brought elsewhere."""
    return _one(request, serving, key, customer_id, "next_improvement", on)


def _one(request: Request, serving: Serving, key: Reader, customer_id: int, kind: str, on: date | None) -> Response:
    with serving.database.reading(key.customers) as conn:
        found = query_account(conn, key.customers, customer_id, on=on, kind=kind)
    told = {name: found[name] for name in ("customer", "assessed_through")}
    return answer(request, AccountFinding(**told, finding=next(iter(found["findings"]), None)))


def _by_kind(findings: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {kind: list(own) for kind, own in groupby(findings, key=lambda each: each["kind"])}


@plays.get(
    "/plays",
    operation_id="list_plays",
    response_model=ListOf[PlayScore],
    responses=readable(example=examples_accounts.PLAYS),
)
def list_plays(request: Request, serving: Serving, key: Reader) -> Response:
    """What acting on alerts of each kind brought over all customers, against those that nobody acted on. Nobody is
    named, and nothing is told of fewer than five episodes of either; to a key of some customers, of five customers."""
    with serving.database.reading(key.customers) as conn:
        found = [PlayScore(**each) for each in newest_plays(conn, key.customers)]
        through = assessed_through(conn, key.customers)
    return answer(request, ListOf[PlayScore](data=found, has_more=False, next=None, assessed_through=through))

"""`/v1/customers/{id}/reviews`: what a customer may read about a period, made once and printed again exactly."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.api import cursors
from services.api.access import Actor, PlantReader, Serving, actor_of
from services.api.answers import answer
from services.api.bodies.lists import DatabaseId, ListOf
from services.api.bodies.reviews import Review, ReviewAsked
from services.api.examples_reviews import REVIEW, REVIEWS
from services.api.queries import reviews as queries
from services.api.queries.assessed import assessed_through
from services.api.routes.declared import readable
from services.api.routes.paging import Cursor, Limit

router = APIRouter(prefix="/v1/customers", tags=["reviews"])
_MADE = readable(400, 404, 409, 413, example=REVIEW)
del _MADE[304]


@router.get(
    "/{customer_id}/reviews",
    operation_id="list_reviews",
    response_model=ListOf[Review],
    responses=readable(400, 404, example=REVIEWS),
)
def list_reviews(
    request: Request,
    serving: Serving,
    key: PlantReader,
    customer_id: DatabaseId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Reviews that were made for the customer, the newest first, every version."""
    filters = {"list": "reviews", "customer": customer_id}
    before = None if cursor is None else cursors.read(serving.secret, cursor, filters)["id"]
    with serving.database.reading(key.customers) as conn:
        found = queries.list_reviews(conn, key.customers, customer_id, before=before, limit=limit + 1)
        through = assessed_through(conn, key.customers, of=customer_id)
    page = [_review(each) for each in found[:limit]]
    following = cursors.sign(serving.secret, {"id": page[-1].id}, filters) if len(found) > limit else None
    return answer(
        request, ListOf[Review](data=page, has_more=following is not None, next=following, assessed_through=through)
    )


@router.get(
    "/{customer_id}/reviews/{review_id}",
    operation_id="get_review",
    response_model=Review,
    responses=readable(404, example=REVIEW),
)
def get_review(
    request: Request, serving: Serving, key: PlantReader, customer_id: DatabaseId, review_id: DatabaseId
) -> Response:
    """One review as it was made; its page for people and for paper is at `page`."""
    with serving.database.reading(key.customers) as conn:
        found = queries.get_review(conn, key.customers, customer_id, review_id)
    return answer(request, _review(found))


@router.post("/{customer_id}/reviews", operation_id="make_review", response_model=Review, responses=_MADE)
def make_review(request: Request, serving: Serving, key: Actor, customer_id: DatabaseId, body: ReviewAsked) -> Response:
    """Make the review of a period, from what is stored now. Where nothing has changed since it was made last, that one
    is the answer; where the past turned out otherwise, a new version that says what changed."""
    by = actor_of(body.actor, key.name)
    with serving.database.writing(key.customers) as conn:
        found = queries.make_review(
            conn,
            key.customers,
            customer_id,
            first=body.first_day,
            last=body.last_day,
            now=serving.clock(),
            by=by,
        )
    return answer(request, _review(found))


def _review(found: dict[str, object]) -> Review:
    review = Review.model_validate(found | {"page": ""})
    return review.model_copy(update={"page": f"/customers/{review.customer.id}/reviews/{review.id}"})

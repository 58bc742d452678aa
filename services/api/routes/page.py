"""`/`: a small page for people; one sign-in with the API key."""

from datetime import datetime
from importlib.resources import files
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from services.api.access import Service, Serving
from services.api.bodies.alerts import Alert
from services.api.bodies.customers import Customer
from services.api.bodies.lists import DatabaseId
from services.api.database import NOBODY
from services.api.health_changes import sentence_of_move
from services.api.keys import READ, ApiKey, find_key, valid_key
from services.api.page import MAY_NOT_READ, UNKNOWN_KEY, Overview, overview_page, sign_in_page, unavailable_page
from services.api.problems import RETRY_LATER
from services.api.queries.alerts import AlertFilters, list_alerts
from services.api.queries.assessed import assessed_through
from services.api.queries.customers import is_demo, list_customers
from services.api.queries.health_changes import moved_between
from services.api.queries.reviews import get_review
from services.api.review.printing import CONTENT_SECURITY_POLICY, review_page
from services.api.sessions import LIFETIME, key_of_session, session_for

router = APIRouter(include_in_schema=False)
_COOKIE = "bellwether_session"
PATHS = frozenset({"/", "/sign-in"})
_SHOWN = 200
_LONGEST_FORM = 1000
_STYLE = files("services.api").joinpath("page.css").read_text(encoding="utf-8")
_PRIVATE = {"Cache-Control": "no-store"}


def unavailable() -> HTMLResponse:
    """The page while the database is away, for every one of PATHS."""
    return HTMLResponse(unavailable_page(), status_code=503, headers={**_PRIVATE, **RETRY_LATER})


@router.get("/page.css")
def style() -> PlainTextResponse:
    """The page's style sheet."""
    return PlainTextResponse(_STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=300"})


@router.get("/")
def overview(request: Request, serving: Serving) -> Response:
    """Accounts with health and open alerts for who has signed in; the sign-in form for everybody else."""
    now = serving.clock()
    key, demo = _signed_in(request, serving, now)
    if key is None:
        return HTMLResponse(sign_in_page(wrong=None, demo=demo), headers=_PRIVATE)
    with serving.database.reading(key.customers) as conn:
        customers = list_customers(conn, key.customers, after=0, limit=_SHOWN + 1, now=now)
        live = AlertFilters(state=("acknowledged", "open"))
        alerts = list_alerts(conn, key.customers, live, limit=_SHOWN + 1, now=now)
        through = assessed_through(conn, key.customers)
        moved = moved_between(conn, [each["id"] for each in customers[:_SHOWN]], first=None, last=None)
    shown = Overview(
        customers=[Customer(**each) for each in customers[:_SHOWN]],
        alerts=[Alert(**each) for each in alerts[:_SHOWN]],
        assessed_through=through,
        moved={each["customer_id"]: told for each in moved if (told := sentence_of_move(each)) is not None},
        complete=len(customers) <= _SHOWN and len(alerts) <= _SHOWN,
        demo=demo,
    )
    return HTMLResponse(overview_page(shown, url=str(request.base_url)), headers=_PRIVATE)


@router.get("/customers/{customer_id}/reviews/{review_id}")
def review(request: Request, serving: Serving, customer_id: DatabaseId, review_id: DatabaseId) -> Response:
    """A review as it is printed, for who has signed in; the sign-in form for everybody else."""
    key, demo = _signed_in(request, serving, serving.clock())
    if key is None:
        return HTMLResponse(sign_in_page(wrong=None, demo=demo), status_code=401, headers=_PRIVATE)
    with serving.database.reading(key.customers) as conn:
        found = get_review(conn, key.customers, customer_id, review_id)
    page = review_page(found["body"], version=found["version"], made_at=found["made_at"], changed=found["changed"])
    return HTMLResponse(page, headers={**_PRIVATE, "Content-Security-Policy": CONTENT_SECURITY_POLICY})


def _signed_in(request: Request, serving: Service, now: datetime) -> tuple[ApiKey | None, bool]:
    """The key that signed in and may still read, and whether this is a demonstration."""
    key_id = key_of_session(serving.secret, request.cookies.get(_COOKIE, ""), now)
    with serving.database.reading(NOBODY) as conn:
        key = None if key_id is None else valid_key(conn, key_id, now=now)
        return (key if key is not None and READ in key.scopes else None), is_demo(conn)


async def _form(request: Request) -> dict[str, list[str]]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return {}
    return parse_qs(body.decode("latin-1"))


@router.post("/sign-in")
def sign_in(request: Request, serving: Serving, form: Annotated[dict[str, list[str]], Depends(_form)]) -> Response:
    """Take the key once and give a session cookie for it."""
    now = serving.clock()
    presented = form.get("key", [""])[0].strip()
    with serving.database.reading(NOBODY) as conn:
        demo = is_demo(conn)
        key = find_key(conn, presented, now=now)
    if key is None:
        return HTMLResponse(sign_in_page(wrong=UNKNOWN_KEY, demo=demo), status_code=401, headers=_PRIVATE)
    if READ not in key.scopes:
        return HTMLResponse(sign_in_page(wrong=MAY_NOT_READ, demo=demo), status_code=403, headers=_PRIVATE)
    response = RedirectResponse("/", status_code=303, headers=_PRIVATE)
    response.set_cookie(
        _COOKIE,
        session_for(serving.secret, key.key_id, now),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
def sign_out() -> Response:
    """Forget the session."""
    response = RedirectResponse("/", status_code=303, headers=_PRIVATE)
    response.delete_cookie(_COOKIE, httponly=True, samesite="strict")
    return response

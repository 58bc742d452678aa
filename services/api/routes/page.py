"""`/`, signing in and out, the page's own files, and what it shows when something is wrong."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.api.access import Serving
from services.api.bodies.accounts import Finding
from services.api.bodies.alerts import Alert
from services.api.bodies.customers import Customer
from services.api.bodies.lists import DatabaseId
from services.api.bodies.value import Ratio
from services.api.database import NOBODY
from services.api.keys import READ, find_key
from services.api.page.accounts import Row, acting_first, grouped, headline, stakes
from services.api.page.marks import month_ticks
from services.api.page.rendering import render
from services.api.page.served import BY_NAME
from services.api.problems import RETRY_LATER, ForbiddenError
from services.api.queries.alert_orders import AlertSort
from services.api.queries.alerts import AlertFilters, list_alerts
from services.api.queries.assessed import assessed_through
from services.api.queries.customers import list_customers
from services.api.queries.health_changes import moved_between
from services.api.queries.overviews import overviews
from services.api.queries.reviews import get_review
from services.api.review.printing import CONTENT_SECURITY_POLICY, review_page
from services.api.routes.visits import COOKIE, PRIVATE, Form, SignInError, Visitor, require_our_own_page, sign_in_page
from services.api.sessions import LIFETIME, session_for
from shared.errors import BellwetherError, NotFoundError

router = APIRouter(include_in_schema=False)
_SHOWN = 500
_LATE = timedelta(days=1)
_UNKNOWN_KEY = "That key is unknown, revoked or expired."
_MAY_NOT_READ = "That key may not read; use one with the scope read."
_SCREENS = ("/customers", "/alerts", "/track-record", "/sign-")
_Words = Annotated[str, Query(max_length=200)]


def is_screen(path: str) -> bool:
    """Whether a person looks at this address, who wants to be told in a page what is wrong."""
    return path == "/" or path.startswith(_SCREENS)


def unavailable() -> HTMLResponse:
    """The page while the database is away."""
    lines = ["Load this page again in a minute."]
    lines.append("If it stays so, tell whoever runs Bellwether; the log of the API says why.")
    return _message(503, "Bellwether cannot reach its database just now", lines, headers=RETRY_LATER)


def in_words(request: Request, error: BellwetherError) -> HTMLResponse | None:
    """The page for an error that a person can do something about; None for all others."""
    match error:
        case SignInError():
            path = request.url.path if request.method == "GET" else "/"
            return sign_in_page(demo=error.demo, following=path, status=200 if path == "/" else 401)
        case NotFoundError():
            return _message(404, "There is nothing at this address for you", ["It does not exist, or is not yours."])
        case ForbiddenError():
            return _message(403, "That is not allowed", [f"{error}.".capitalize()])
    return None


def _message(status: int, heading: str, lines: list[str], headers: dict[str, str] | None = None) -> HTMLResponse:
    content = render("message.html", short=heading, heading=heading, lines=lines)
    return HTMLResponse(content, status_code=status, headers={**PRIVATE, **(headers or {})})


@router.get("/assets/{name}")
def asset(name: Annotated[str, Path(max_length=100)]) -> Response:
    """One of the page's own files; its name has its hash, so it never changes."""
    found = BY_NAME.get(name)
    if found is None:
        raise NotFoundError(f"no file {name}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found.content, media_type=found.media_type, headers=headers)


@router.get("/")
def overview(
    request: Request,
    serving: Serving,
    visit: Visitor,
    find: _Words = "",
    segment: _Words = "",
    owner_role: _Words = "",
    quiet: _Words = "",
) -> Response:
    """Accounts that need a decision first, then the quiet ones, then those that cannot be judged."""
    now, scope = serving.clock(), visit.key.customers
    with serving.database.reading(scope) as conn:
        customers = [Customer(**e) for e in list_customers(conn, scope, after=0, limit=_SHOWN + 1, now=now)]
        live = AlertFilters(state=("acknowledged", "open"))
        alerts = [Alert(**e) for e in list_alerts(conn, scope, live, sort=AlertSort.STAKE, limit=_SHOWN + 1, now=now)]
        through = assessed_through(conn, scope)
        ids = [each.id for each in customers[:_SHOWN]]
        moved = {e["customer_id"]: e for e in moved_between(conn, ids, first=None, last=None)}
        beside = overviews(conn, ids)
    today = (through or now).date()
    by_customer: dict[int, list[Alert]] = {}
    for alert in acting_first(alerts[:_SHOWN]):
        by_customer.setdefault(alert.customer.id, []).append(alert)
    places = {customer: place for place, customer in enumerate(by_customer)}
    rows = [
        Row(
            customer=each,
            alerts=by_customer.get(each.id, []),
            weekly=beside[each.id]["weekly"],
            moved=_points(moved.get(each.id)),
            promise=None if beside[each.id]["promise"] is None else Ratio(**beside[each.id]["promise"]),
            next_improvement=_finding(beside[each.id]["next_improvement"]),
            sites=beside[each.id]["sites"],
            today=today,
            place=places.get(each.id, len(places)),
        )
        for each in customers[:_SHOWN]
    ]
    complete = len(customers) <= _SHOWN and len(alerts) <= _SHOWN
    chosen = [row for row in rows if _matches(row, find, segment, owner_role)]
    content = render(
        "accounts.html",
        here="/",
        assessed_through=through,
        today=today,
        demo=visit.demo,
        headline=headline(chosen if chosen else rows, today, complete=complete),
        stakes=stakes(chosen),
        groups=grouped(chosen, all_quiet=quiet == "all"),
        months=month_ticks(today),
        shown=len(chosen),
        total=len(rows),
        find=find,
        segment=segment,
        role=owner_role,
        segments=sorted({each.segment for each in customers if each.segment}),
        roles=sorted({alert.owner_role for alert in alerts}),
        complete=complete,
        newest=max((e.assessed_through for e in customers if e.assessed_through is not None), default=None),
        late=_LATE,
        url=str(request.base_url).rstrip("/"),
    )
    return HTMLResponse(content, headers=PRIVATE)


def _points(moved: dict[str, float | None] | None) -> float | None:
    if moved is None or moved["before"] is None or moved["after"] is None:
        return None
    return moved["after"] - moved["before"]


def _finding(found: dict[str, object] | None) -> Finding | None:
    return None if found is None else Finding.model_validate(found)


def _matches(row: Row, find: str, segment: str, role: str) -> bool:
    named = not find or find.casefold() in row.customer.name.casefold()
    owned = not role or any(alert.owner_role == role for alert in row.alerts)
    return named and owned and (not segment or row.customer.segment == segment)


@router.get("/customers/{customer_id}/reviews/{review_id}")
def review(serving: Serving, visit: Visitor, customer_id: DatabaseId, review_id: DatabaseId) -> Response:
    """A review as it is printed."""
    with serving.database.reading(visit.key.customers) as conn:
        found = get_review(conn, visit.key.customers, customer_id, review_id)
    page = review_page(found["body"], version=found["version"], made_at=found["made_at"], changed=found["changed"])
    return HTMLResponse(page, headers={**PRIVATE, "Content-Security-Policy": CONTENT_SECURITY_POLICY})


@router.post("/sign-in")
def sign_in(request: Request, serving: Serving, form: Form) -> Response:
    """Take the key once and give a session cookie for it."""
    require_our_own_page(request)
    now = serving.clock()
    with serving.database.reading(NOBODY) as conn:
        key = find_key(conn, form.get("key", "").strip(), now=now)
    following = form.get("next", "/")
    if key is None:
        return sign_in_page(demo=False, wrong=_UNKNOWN_KEY, following=following, status=401)
    if READ not in key.scopes:
        return sign_in_page(demo=False, wrong=_MAY_NOT_READ, following=following, status=403)
    response = RedirectResponse(following if _is_ours(following) else "/", status_code=303, headers=PRIVATE)
    response.set_cookie(
        COOKIE,
        session_for(serving.secret, key.key_id, now),
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _is_ours(path: str) -> bool:
    return is_screen(path) and "\\" not in path and "//" not in path


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """Forget the session."""
    require_our_own_page(request)
    response = RedirectResponse("/", status_code=303, headers=PRIVATE)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response

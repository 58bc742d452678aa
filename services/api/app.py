"""The application: routers, one error map, one OpenAPI document."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from services.api.access import Service
from services.api.database import Database
from services.api.feed_hub import FeedHub
from services.api.headers import Measures, Requests
from services.api.known_keys import KnownKeys
from services.api.limits import BodyLimit
from services.api.memo import Memo
from services.api.problems import (
    HTTP,
    INTERNAL,
    INVALID,
    METHOD,
    NOT_FOUND,
    TOO_LONG,
    UNAVAILABLE,
    QuotaExceededError,
    kind_of,
    problem,
)
from services.api.rates import Rates
from services.api.routes import (
    accounts,
    alert_actions,
    alerts,
    assets,
    change_stream,
    changes,
    customers,
    operations,
    page,
    page_accounts,
    page_alerts,
    plants,
    portfolio,
    record,
    reviews,
    value,
    webhooks,
)
from services.api.routes.declared import PROBLEM_SCHEMA
from services.api.versions import Listener, Versions
from shared.errors import BellwetherError
from shared.targets import Network

_log = structlog.get_logger()
_VERSION = "1.0.0"
_DESCRIPTION = """\
Tells an industrial supplier which customers are about to stop getting the value they bought.

Instants are RFC 3339 in UTC. Money has a currency and a basis; what is not known is null, never zero. Every answer
says in `assessed_through` how far in event time it is assessed: of one customer where it concerns one; in a list over
customers the least of those that the key may see and that have been assessed at all, while each row says its own.
Every answer has an ETag; send it as If-None-Match and an unchanged answer is a 304. Every error is an RFC 9457
problem."""
_ROOMS = (
    customers,
    accounts,
    value,
    reviews,
    assets,
    plants,
    portfolio,
    alerts,
    alert_actions,
    record,
    changes,
    change_stream,
    webhooks,
    operations,
    page,
)
_ROUTERS = (*(room.router for room in _ROOMS), accounts.plays, page_accounts.router, page_alerts.router)


def build_app(
    database: Database,
    *,
    secret: bytes,
    clock: Callable[[], datetime],
    listener: Listener | None = None,
    webhook_networks: Sequence[Network] = (),
    requests_a_minute: int = 1200,
) -> FastAPI:
    """The whole API on a database; `clock` tells wall time in UTC, `secret` signs cursors and sign-ins.

    listener: by which answers and keys are kept while they stand; without one the database is asked each time.
    """
    versions = Versions() if listener is None else listener.versions
    keys, rates = KnownKeys(versions), Rates(requests_a_minute)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        database.open()
        if listener is not None:
            listener.open()
        try:
            yield
        finally:
            if listener is not None:
                listener.close()
            database.close()

    app = FastAPI(title="Bellwether", version=_VERSION, docs_url=None, redoc_url=None, lifespan=lifespan)
    feed = FeedHub(database, clock)
    app.state.service = Service(
        database=database,
        feed=feed,
        clock=clock,
        secret=secret,
        keys=keys,
        rates=rates,
        webhook_networks=webhook_networks,
    )
    app.state.registry = CollectorRegistry()
    app.add_middleware(BodyLimit)
    measures = Measures(app.state.registry)
    app.add_middleware(Requests, measures=measures)
    app.add_middleware(Memo, versions=versions, keys=keys, rates=rates, measures=measures, clock=clock)
    for router in _ROUTERS:
        app.include_router(router)
    app.add_exception_handler(BellwetherError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the application."""
    document = get_openapi(
        title="Bellwether", version=_VERSION, openapi_version="3.1.0", description=_DESCRIPTION, routes=app.routes
    )
    document["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    return document


def _ours(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, BellwetherError)  # noqa: S101 - registered for this class
    kind = kind_of(exc)
    # What the driver says of a failure, hosts and users among it, is for the log.
    ours = kind is INTERNAL or kind is UNAVAILABLE
    screen = page.is_screen(request.url.path)
    told = page.in_words(request, exc) if screen else None
    if told is not None:
        return told
    if ours:
        _log.error("request_failed", path=request.url.path, reason=str(exc))
    if kind is UNAVAILABLE and screen:
        return page.unavailable()
    headers = {"Retry-After": str(exc.wait_s)} if isinstance(exc, QuotaExceededError) else None
    return problem(kind, detail=None if ours else str(exc), instance=request.url.path, headers=headers)


def _invalid(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)  # noqa: S101 - registered for this class
    errors = [{"location": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in exc.errors()]
    detail = "; ".join(f"{each['location']}: {each['message']}" for each in errors)
    return problem(INVALID, detail=detail, instance=request.url.path, errors=errors)


def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this class
    kind = {404: NOT_FOUND, 405: METHOD, 413: TOO_LONG}.get(exc.status_code, HTTP)
    detail = None if kind in (NOT_FOUND, METHOD) else exc.detail
    headers = {"Allow": _allowed(request)} if kind is METHOD else exc.headers
    return problem(kind, detail=detail, instance=request.url.path, status=exc.status_code, headers=headers)


def _allowed(request: Request) -> str:
    """The methods that the address takes; the router would name those of its first route alone."""
    routes = [route for router in (request.app.router, *_ROUTERS) for route in router.routes]
    found = [r for r in routes if isinstance(r, Route) and r.matches(request.scope)[0] != Match.NONE]
    return ", ".join(sorted({method for route in found for method in route.methods or ()}))


def _unexpected(request: Request, exc: Exception) -> Response:
    _log.error("request_failed", path=request.url.path, exc_info=exc)
    return problem(INTERNAL, instance=request.url.path)

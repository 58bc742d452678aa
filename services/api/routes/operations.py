"""For those who run it: is it alive, can it answer, how is it doing; and what each problem means."""

from html import escape

import psycopg
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from services.api.access import Serving
from services.api.database import NOBODY, SchemaMissingError, row
from services.api.page.served import STYLE
from services.api.problems import ALL, UNAVAILABLE, problem
from shared.errors import NotFoundError

router = APIRouter(include_in_schema=False)
_KINDS = {kind.slug: kind for kind in ALL}


@router.get("/livez")
def livez() -> PlainTextResponse:
    """The process answers; it asks nobody else."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


@router.get("/readyz")
def readyz(serving: Serving) -> Response:
    """The database answers and has our tables; 503 otherwise."""
    try:
        with serving.database.reading(NOBODY) as conn:
            row(conn, "SELECT count(*) FROM deployment", [])
    except (SchemaMissingError, psycopg.errors.UndefinedTable):
        return problem(
            UNAVAILABLE, detail="the database has no schema yet; run `bellwether migrate`", instance="/readyz"
        )
    return PlainTextResponse("ready\n", headers={"Cache-Control": "no-store"})


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus text: how many requests, how fast; nothing about customers, so no key is needed."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/problems/{slug}")
def explain(slug: str) -> HTMLResponse:
    """What a problem's `type` means and what to do about it."""
    kind = _KINDS.get(slug)
    if kind is None:
        raise NotFoundError(f"no problem of the name {slug}")
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(kind.title)}</title>'
        f'<link rel="stylesheet" href="/assets/{STYLE.name}"><main><h1>{escape(kind.title)}</h1>'
        f"<p>Status {kind.status}.</p><p>{escape(kind.remedy)}</p></main></html>"
    )

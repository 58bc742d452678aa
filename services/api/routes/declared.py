"""How the OpenAPI document declares errors and headers."""

from typing import Any

from services.api.problems import ALL, MEDIA_TYPE, ProblemKind

_BY_STATUS: dict[int, ProblemKind] = {kind.status: kind for kind in reversed(ALL)}
_EVERYWHERE = (401, 403, 422, 429, 500, 503)
PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "remedy"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "Explained at this address."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "remedy": {"type": "string", "description": "What to do about it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["location", "message"],
                "properties": {"location": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_HEADER = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_NOT_MODIFIED = {"description": "If-None-Match has the ETag of the present answer."}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a keyed route can answer with, each with an example: the usual ones and `statuses`."""
    return {status: _declared(_BY_STATUS[status]) for status in sorted((*_EVERYWHERE, *statuses))}


def readable(*statuses: int, example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """`errors`, and what a GET with an ETag answers besides."""
    etag = {"schema": {"type": "string"}, "description": "Of exactly this body."}
    found = {"headers": {"ETag": etag}, "content": {"application/json": {"example": example}}}
    return {200: found, 304: {**_NOT_MODIFIED, "headers": {"ETag": etag}}, **errors(*statuses)}


def _declared(kind: ProblemKind) -> dict[str, Any]:
    example = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title,
        "instance": "/v1/alerts",
        "remedy": kind.remedy,
    }
    headers: dict[str, Any] = {}
    if kind.status in _HEADER:
        headers = {"headers": {_HEADER[kind.status]: {"schema": {"type": "string"}}}}
    return {
        "description": kind.title,
        **headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }

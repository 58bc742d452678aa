"""Answers with an ETag, 304 for who has them already, and If-Match for who acts on them."""

import re
from hashlib import sha256

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.api.problems import PreconditionRequiredError

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_VERSIONED = re.compile(r'"([0-9]{1,9})-[0-9a-f]{20}"')
_NO_VERSION: frozenset[int] = frozenset()


def answer(request: Request, body: BaseModel, *, version: int | None = None) -> Response:
    """The body as JSON with a strong ETag, or 304 where If-None-Match has it.

    The ETag is a hash of the body, after the version of a row that people can change.
    """
    content = body.model_dump_json().encode()
    digest = sha256(content).hexdigest()[:20]
    etag = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if request.method == "GET" and _matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def required_versions(if_match: str | None) -> frozenset[int] | None:
    """The row versions that If-Match allows, None for `*`; raise PreconditionRequiredError without one.

    Only the version counts: the rest of the ETag moves on with `assessed_through`, by which nobody loses a change.
    Weak and unknown tags match nothing (RFC 9110, strong comparison).
    """
    if if_match is None:
        raise PreconditionRequiredError("send the alert's ETag as If-Match")
    if if_match.strip() == "*":
        return None
    tags = (_VERSIONED.fullmatch(tag.strip()) for tag in if_match.split(","))
    return _NO_VERSION.union(int(tag[1]) for tag in tags if tag)


def _matches(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag.strip('"') in _TAG.findall(if_none_match)

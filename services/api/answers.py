"""Answers with an ETag, 304 for who has them already, and If-Match for who acts on them."""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.api.bodies.lists import ListOf
from services.api.problems import PreconditionRequiredError

_TAG = re.compile(r'(?:W/)?"([^"]*)"')
_VERSIONED = re.compile(r'"([0-9]{1,9})-[0-9a-f]{20}"')
_NO_VERSION: frozenset[int] = frozenset()
_POLL = {"X-Poll-Interval": "5"}


def answer(request: Request, body: BaseModel, *, version: int | None = None) -> Response:
    """The body as JSON with a strong ETag, or 304 where If-None-Match has it.

    The ETag is a hash of the body, after the version of a row that people can change.
    """
    following = body.next if isinstance(body, ListOf) else None
    return _answer(request, body.model_dump_json().encode(), version=version, following=following)


def answer_page(
    request: Request, bodies: Sequence[str], *, following: str | None, through: datetime | None
) -> Response:
    """A page of a list whose rows are JSON already, as `ListOf` has it: with an ETag, and a link to the next page."""
    end = ListOf[Any](data=[], has_more=following is not None, next=following, assessed_through=through)
    content = f'{{"data":[{",".join(bodies)}],{end.model_dump_json(exclude={"data"})[1:]}'
    return _answer(request, content.encode(), following=following)


def _answer(request: Request, content: bytes, *, version: int | None = None, following: str | None = None) -> Response:
    digest = sha256(content).hexdigest()[:20]
    etag = f'"{digest}"' if version is None else f'"{version}-{digest}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization", **_POLL}
    if following is not None:
        url = request.url.include_query_params(cursor=following)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    if request.method == "GET" and matches(request.headers.get("if-none-match"), etag):
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


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether who asks has the answer with this ETag already."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag.strip('"') in _TAG.findall(if_none_match)

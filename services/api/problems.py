"""Every error as an RFC 9457 problem: one map from our errors to status, slug, title and what to do."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from services.api.headers import SECURITY_HEADERS
from shared.errors import (
    BellwetherError,
    ConflictError,
    InvalidActionError,
    NotFoundError,
    PermanentError,
    TransientError,
)
from shared.targets import TargetError

MEDIA_TYPE = "application/problem+json"


class UnauthorizedError(PermanentError):
    """No key, or none that is valid."""


class ForbiddenError(PermanentError):
    """The key is valid and its scopes do not allow this."""


class BadCursorError(PermanentError):
    """A cursor that this deployment did not give for these filters."""


class UnknownParameterError(PermanentError):
    """A query parameter that would not count: a misspelt filter would otherwise show everything, a second one win."""


class GoneError(PermanentError):
    """A feed cursor from which nobody can go on without a gap."""


class QuotaExceededError(TransientError):
    """The key has asked as often as it may for now."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"this key has spent its requests of a minute; ask again in {wait_s} s")
        self.wait_s = wait_s


class PreconditionRequiredError(PermanentError):
    """An action without If-Match."""


@dataclass(frozen=True, kw_only=True)
class ProblemKind:
    """One kind of problem; `/problems/<slug>` explains it."""

    status: int
    slug: str
    title: str
    remedy: str


INVALID = ProblemKind(
    status=422,
    slug="invalid-request",
    title="The request does not fit the interface",
    remedy="`detail` names each part and what is wrong with it; /openapi.json says what is allowed.",
)
TOO_LONG = ProblemKind(
    status=413,
    slug="too-long",
    title="The body is too long",
    remedy="An action needs a few words; shorten `reason` and `actor`.",
)
METHOD = ProblemKind(
    status=405,
    slug="method-not-allowed",
    title="This address does not take that method",
    remedy="The Allow header lists the methods that it takes.",
)
NOT_FOUND = ProblemKind(
    status=404,
    slug="not-found",
    title="There is nothing at this address for you",
    remedy="Either it does not exist or the key may not see its customer.",
)
INTERNAL = ProblemKind(
    status=500,
    slug="internal-error",
    title="Something went wrong on our side",
    remedy="Asking again later may help; read an alert again before you repeat an action. The service's log says more.",
)
UNAVAILABLE = ProblemKind(
    status=503,
    slug="unavailable",
    title="The database is away or too busy",
    remedy="Ask again after the seconds in Retry-After; read an alert again before you repeat an action.",
)
KINDS: Mapping[type[BellwetherError], ProblemKind] = {
    NotFoundError: NOT_FOUND,
    UnknownParameterError: INVALID,
    UnauthorizedError: ProblemKind(
        status=401,
        slug="unauthorized",
        title="A valid API key is required",
        remedy="Send `Authorization: Bearer KEY` with a key that is neither revoked nor expired.",
    ),
    ForbiddenError: ProblemKind(
        status=403,
        slug="forbidden",
        title="The key's scopes do not allow this",
        remedy="Use a key with the scope that `detail` names.",
    ),
    BadCursorError: ProblemKind(
        status=400,
        slug="bad-cursor",
        title="This cursor does not belong to this request",
        remedy="Use `next` as it was given, with the same filters; or start again without a cursor.",
    ),
    GoneError: ProblemKind(
        status=410,
        slug="cursor-gone",
        title="The feed cannot go on from this cursor without a gap",
        remedy="Read /v1/alerts once in full, then follow the feed again from the start, without `since`.",
    ),
    PreconditionRequiredError: ProblemKind(
        status=428,
        slug="precondition-required",
        title="If-Match is required",
        remedy="Read the alert and send its ETag as If-Match, so that nobody's change is overwritten unseen.",
    ),
    ConflictError: ProblemKind(
        status=412,
        slug="changed-meanwhile",
        title="The alert changed since you read it",
        remedy="Read it again, decide again, and send the new ETag.",
    ),
    InvalidActionError: ProblemKind(
        status=409,
        slug="action-not-possible",
        title="The alert's state does not allow this",
        remedy="`detail` says why.",
    ),
    TargetError: ProblemKind(
        status=422,
        slug="target-refused",
        title="Nothing is sent to this address",
        remedy="`detail` says why; whoever runs Bellwether can allow a private network: "
        "BELLWETHER_WEBHOOK_ALLOWED_NETWORKS.",
    ),
    QuotaExceededError: ProblemKind(
        status=429,
        slug="quota-exceeded",
        title="This key asks too often",
        remedy="Ask again after the seconds in Retry-After. Poll with If-None-Match: a 304 is not charged.",
    ),
    TransientError: UNAVAILABLE,
}
HTTP = ProblemKind(
    status=400, slug="http-error", title="The request could not be served", remedy="`detail` says what was wrong."
)
ALL = (*KINDS.values(), TOO_LONG, METHOD, INTERNAL, HTTP)
RETRY_LATER = {"Retry-After": "5"}
_HEADERS: Mapping[int, Mapping[str, str]] = {401: {"WWW-Authenticate": 'Bearer realm="bellwether"'}, 503: RETRY_LATER}


def kind_of(error: BellwetherError) -> ProblemKind:
    """The kind of the error's nearest class in the map; `INTERNAL` for errors that no request should cause."""
    return next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), INTERNAL)


def problem(
    kind: ProblemKind,
    *,
    detail: str | None = None,
    instance: str,
    status: int | None = None,
    errors: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response for one problem; `instance` is the path that was asked for, `remedy` says what to do."""
    code = kind.status if status is None else status
    body = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": code,
        "detail": kind.title if detail is None else detail,
        "instance": instance,
        "remedy": kind.remedy,
    }
    if errors is not None:
        body["errors"] = errors
    return Response(
        json.dumps(body, ensure_ascii=True),
        status_code=code,
        media_type=MEDIA_TYPE,
        headers={**SECURITY_HEADERS, "Cache-Control": "no-store", **_HEADERS.get(code, {}), **(headers or {})},
    )

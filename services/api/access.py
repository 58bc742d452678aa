"""Who asks: the key of the request, and what it may see and do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, get_args, get_origin

from fastapi import Depends, Security
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from services.api.database import NOBODY, Database
from services.api.feed_hub import FeedHub
from services.api.keys import ACT, ADMIN, CUSTOMER, READ, ApiKey, Scope, find_key
from services.api.known_keys import KnownKeys
from services.api.memo import asked
from services.api.problems import ForbiddenError, QuotaExceededError, UnauthorizedError, UnknownParameterError
from services.api.rates import Rates
from shared.targets import Network

_bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="`Authorization: Bearer KEY`, KEY being `<id>.<secret>`."
)


@dataclass(frozen=True, kw_only=True)
class Service:
    """What every router works with: the database, the feed's end, the clock of the wall, the secret that signs cursors,
    the keys shown lately, and how often each may ask."""

    database: Database
    feed: FeedHub
    clock: Callable[[], datetime]
    secret: bytes
    keys: KnownKeys
    rates: Rates
    webhook_networks: Sequence[Network] = ()
    """Private networks inside which webhooks may lead."""


def service(request: Request) -> Service:
    """The one that this application was built with."""
    found: Service = request.app.state.service
    return found


Serving = Annotated[Service, Depends(service)]


def _refuse_parameters_that_would_not_count(request: Request) -> None:
    parameters = get_flat_params(request.scope["route"].dependant)
    known = {field.alias: field.field_info.annotation for field in parameters if isinstance(field.field_info, Query)}
    given = [name for name, _ in request.query_params.multi_items()]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UnknownParameterError(f"unknown query parameters {unknown}; this address takes {sorted(known)}")
    repeated = sorted(name for name in set(given) if given.count(name) > 1 and not _takes_many(known[name]))
    if repeated:
        raise UnknownParameterError(f"the query parameters {repeated} are given more than once; ask once for each")


def _takes_many(annotation: object) -> bool:
    return get_origin(annotation) is list or any(map(_takes_many, get_args(annotation)))


def require_key(
    request: Request, serving: Serving, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> ApiKey:
    """The valid key of the request; raise UnauthorizedError otherwise, UnknownParameterError for a doubtful query."""
    if credentials is None:
        raise UnauthorizedError("the request has no `Authorization: Bearer KEY`")
    now, presented = serving.clock(), credentials.credentials
    key = serving.keys.find(presented, lambda: _looked_up(serving, presented, now), now)
    if key is None:
        raise UnauthorizedError("this API key is unknown, revoked or expired")
    if not serving.rates.take(key.key_id):
        raise QuotaExceededError(serving.rates.wait_s(key.key_id))
    asked(request).key = key
    _refuse_parameters_that_would_not_count(request)
    return key


def _looked_up(serving: Service, presented: str, now: datetime) -> ApiKey | None:
    with serving.database.reading(NOBODY) as conn:
        return find_key(conn, presented, now=now)


def require_scope(*scopes: Scope) -> Callable[[ApiKey], ApiKey]:
    """A dependency that gives the key if it has one of these scopes, and raises ForbiddenError otherwise."""

    def required(key: Annotated[ApiKey, Depends(require_key)]) -> ApiKey:
        if not set(scopes) & set(key.scopes):
            raise ForbiddenError(f"this key lacks the scope {' or '.join(map(repr, scopes))}")
        return key

    return required


Reader = Annotated[ApiKey, Depends(require_scope(READ))]
"""Who may read what the supplier knows of the customers."""
Actor = Annotated[ApiKey, Depends(require_scope(ACT))]
"""Who may act on alerts and accounts."""
PlantReader = Annotated[ApiKey, Depends(require_scope(READ, CUSTOMER))]
"""Who may read what a plant sees of itself: the plant, and the supplier."""
PlantActor = Annotated[ApiKey, Depends(require_scope(ACT, CUSTOMER))]
"""Who may say why a machine stopped: the plant, and the supplier."""
Admin = Annotated[ApiKey, Depends(require_scope(ADMIN))]
"""Who may say where things are sent."""


def actor_of(person: str | None, key_name: str) -> str:
    """Who did something: the key, and the person on whose behalf."""
    return key_name if person is None else f"{person} (key: {key_name})"

"""Answers given before, given again while nothing that they are made of has changed: without routing and without SQL.

Kept are answers of GET with an ETag whose route says until when wall time leaves them alone; by key, path and query,
with the version of what the key may see. A 304 is made of a kept answer, too, and is not charged to the key.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from time import perf_counter
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.answers import matches
from services.api.headers import Measures
from services.api.keys import ApiKey
from services.api.known_keys import KnownKeys
from services.api.rates import Rates
from services.api.versions import Versions

_ASKED: Final = "bellwether.asked"
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_ANSWERS: Final = 20_000
_BODY_ONLY: Final = frozenset({b"content-length", b"content-type"})
Headers = list[tuple[bytes, bytes]]
_Place = tuple[str, str, bytes, bytes]


@dataclass
class Asked:
    """What is learnt of a request on its way: whose key it shows, and until when its answer may be kept."""

    key: ApiKey | None = None
    until: datetime | None = None


def asked(request: Request) -> Asked:
    """What is learnt of this request so far."""
    found: Asked = request.scope[_ASKED]
    return found


def keep_until(request: Request, now: datetime, next_change: datetime | None = None) -> None:
    """Let the answer be kept: wall time changes it at `next_change` (None: never) or at midnight in UTC."""
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    asked(request).until = midnight if next_change is None else min(midnight, next_change)


@dataclass(frozen=True, kw_only=True)
class _Kept:
    etag: str
    headers: Headers
    body: bytes
    version: tuple[int, int]
    until: datetime | None
    route: str


class Memo:
    """ASGI middleware before all others; also tells each key what is left of its quota."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        versions: Versions,
        keys: KnownKeys,
        rates: Rates,
        measures: Measures,
        clock: Callable[[], datetime],
    ) -> None:
        self._app = app
        self._versions = versions
        self._keys = keys
        self._rates = rates
        self._measures = measures
        self._clock = clock
        self._kept: OrderedDict[_Place, _Kept] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory where that is right; otherwise pass on, and keep the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        presented, if_none_match, accept = _credentials(scope["headers"])
        if scope["method"] == "GET" and presented is not None:
            kept, key = self._found(scope, presented, accept)
            if kept is not None and key is not None:
                fresh = matches(if_none_match, kept.etag)
                if fresh or self._rates.take(key.key_id):
                    await self._send(send, kept.headers, b"" if fresh else kept.body, key, fresh=fresh)
                    self._measures.record("GET", kept.route, 304 if fresh else 200, perf_counter() - began)
                    return
        await self._pass_on(scope, receive, send, if_none_match)

    def _found(self, scope: Scope, presented: str, accept: bytes) -> tuple[_Kept | None, ApiKey | None]:
        now = self._clock()
        key = self._keys.get(presented, now)
        if key is None:
            return None, None
        place = (key.key_id, scope["path"], scope["query_string"], accept)
        kept = self._kept.get(place)
        if kept is None or kept.version != self._versions.of(key.customers) or kept.until is None or now >= kept.until:
            return None, key
        self._kept.move_to_end(place)
        return kept, key

    async def _send(self, send: Send, headers: Headers, body: bytes, key: ApiKey, *, fresh: bool) -> None:
        shown = [each for each in headers if each[0] not in _BODY_ONLY] if fresh else headers
        shown = [*shown, *self._rates.headers(key.key_id)]
        await send({"type": "http.response.start", "status": 304 if fresh else 200, "headers": shown})
        await send({"type": "http.response.body", "body": body})

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, if_none_match: str | None) -> None:
        learnt = Asked()
        data = self._versions.data
        reads = scope["method"] == "GET"
        # The whole answer is asked for, so that there is one to keep.
        headers = [each for each in scope["headers"] if each[0] != b"if-none-match"] if reads else scope["headers"]
        inner = {**scope, "headers": headers, _ASKED: learnt}
        start: Message | None = None
        body = b""

        async def complete(message: Message) -> None:
            nonlocal start, body
            key = learnt.key
            if message["type"] == "http.response.start":
                if key is not None and not reads:
                    self._versions.count_everybody()
                if key is not None and reads and message["status"] == 200 and _etag(message["headers"]) is not None:
                    start = message
                    return
                if key is not None:
                    message = {**message, "headers": [*message["headers"], *self._rates.headers(key.key_id)]}
            elif start is not None and key is not None:
                body += message.get("body", b"")
                if message.get("more_body", False):
                    return
                kept = self._answered(inner, key, learnt, start["headers"], body, data)
                fresh = matches(if_none_match, kept.etag)
                if fresh:
                    self._rates.give_back(key.key_id)
                await self._send(send, kept.headers, b"" if fresh else kept.body, key, fresh=fresh)
                return
            await send(message)

        await self._app(inner, receive, complete)

    def _answered(self, scope: Scope, key: ApiKey, learnt: Asked, headers: Headers, body: bytes, data: int) -> _Kept:
        answered = _Kept(
            etag=_etag(headers) or "",
            headers=headers,
            body=body,
            version=self._versions.of(key.customers),
            until=learnt.until,
            route=getattr(scope.get("route"), "path", "none"),
        )
        # What changed while the answer was made may be missing from it.
        if learnt.until is not None and data == self._versions.data:
            *_, accept = _credentials(scope["headers"])
            self._keep((key.key_id, scope["path"], scope["query_string"], accept), answered)
        return answered

    def _keep(self, place: _Place, answered: _Kept) -> None:
        before = self._kept.pop(place, None)
        self._bytes += len(answered.body) - (0 if before is None else len(before.body))
        self._kept[place] = answered
        while self._bytes > _MOST_BYTES or len(self._kept) > _MOST_ANSWERS:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)


def _credentials(headers: Headers) -> tuple[str | None, str | None, bytes]:
    """The key presented, If-None-Match and Accept."""
    presented, if_none_match, accept = None, None, b""
    for name, value in headers:
        if name == b"authorization" and value[:7] == b"Bearer ":
            presented = value[7:].decode("latin-1")
        elif name == b"if-none-match":
            if_none_match = value.decode("latin-1")
        elif name == b"accept":
            accept = value
    return presented, if_none_match, accept


def _etag(headers: Headers) -> str | None:
    return next((value.decode() for name, value in headers if name == b"etag"), None)

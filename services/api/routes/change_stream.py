"""`/v1/changes/stream`: the change feed as server-sent events, whose ids are the feed's cursors."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.api import examples
from services.api.access import Reader, Service, Serving
from services.api.cursors import feed_sequence
from services.api.feed_hub import Listener
from services.api.keys import ApiKey
from services.api.problems import GoneError
from services.api.queries.changes import Entry, FeedPage, entry_of, list_changes
from services.api.routes.declared import errors
from shared.errors import StorageError

router = APIRouter(prefix="/v1/changes", tags=["changes"])
HEARTBEAT_S = 15.0
_AT_ONCE = 500
_RETRY = b"retry: 2000\n\n"
_HEADERS = {"Cache-Control": "no-store", "Vary": "Authorization", "X-Accel-Buffering": "no"}
_STREAM = {
    "description": "Each event's `data` is one change as `/v1/changes` shows it, its `id` the cursor after it. "
    "Comments keep the connection alive.",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "example": examples.CHANGE_STREAM}},
}
_Cursor = Annotated[
    str | None, Query(min_length=1, max_length=100, description="As of `/v1/changes`; Last-Event-ID wins over it.")
]
_LastEventId = Annotated[
    str | None, Header(min_length=1, max_length=100, description="The id of the last event that came.")
]


class ChangeStream(Response):
    """Everything after a page of the feed, as it is committed, until the client goes, its key ends or we do."""

    media_type = "text/event-stream"

    def __init__(self, serving: Service, key: ApiKey, first: FeedPage) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._serving, self._key, self._first = serving, key, first

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until one of both sides has had enough."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        gone = asyncio.ensure_future(_gone(receive))
        try:
            with self._serving.feed.listening(self._key) as listener:
                async for chunk in self._chunks(listener, gone):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except (GoneError, StorageError):
            pass  # asking again tells what is wrong, in an answer that can say it
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunks(self, listener: Listener, gone: asyncio.Future[None]) -> AsyncIterator[bytes]:
        feed = self._serving.feed
        page: FeedPage | None = self._first
        cursor = self._first.next
        yield _RETRY
        while not (gone.done() or listener.ended):
            if page is not None:
                cursor = page.next
                if page.data:
                    yield b"".join(entry_of(each).event for each in page.data)
                page = await self._page(cursor) if page.has_more else None
                continue
            turn = feed.turn()
            entries = feed.after(feed_sequence(cursor))
            if entries is None:
                page = await self._page(cursor)
            elif entries:
                cursor = entries[-1].cursor
                if own := self._own(entries):
                    yield own
            elif not (await asyncio.wait({gone, turn}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED))[0]:
                # An id alone is no event, and remembered: a listener of a quiet customer keeps up with the feed.
                yield f": still here\nid: {cursor}\n\n".encode()

    async def _page(self, cursor: str) -> FeedPage:
        return await run_in_threadpool(_read_page, self._serving, self._key, cursor)

    def _own(self, entries: list[Entry]) -> bytes:
        seen = self._key.customers
        return b"".join(each.event for each in entries if seen is None or each.customer_id in seen)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _read_page(serving: Service, key: ApiKey, since: str | None) -> FeedPage:
    with serving.database.reading(key.customers) as conn:
        return list_changes(conn, key.customers, since=since, limit=_AT_ONCE)


@router.get(
    "/stream",
    operation_id="stream_changes",
    response_class=Response,
    responses={200: _STREAM, **errors(400, 410)},
)
def stream_changes(
    serving: Serving, key: Reader, since: _Cursor = None, last_event_id: _LastEventId = None
) -> Response:
    """The feed of `/v1/changes` as server-sent events (`curl -N`): what is committed comes within a second, each
    change once and in the order of commit.

    A connection that broke goes on where it ended by Last-Event-ID, as every browser's EventSource does. Without a
    cursor it begins with the oldest change kept; 410 where nobody can go on without a gap. The stream ends when its key
    does, and when the server stops: come back.
    """
    return ChangeStream(serving, key, _read_page(serving, key, last_event_id or since))

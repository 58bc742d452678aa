"""How much a request may send: bodies are read before the key is looked at, so anybody could fill the memory."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY = 64 * 1024


class BodyLimit:
    """ASGI middleware: status 413 as soon as more than LONGEST_BODY bytes have come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and count what is read."""
        left = LONGEST_BODY

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, f"the body is longer than {LONGEST_BODY} bytes")
            return message

        await self._app(scope, limited, send)

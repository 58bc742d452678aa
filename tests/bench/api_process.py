"""The API, and beside it in the same process a bare FastAPI route that returns a constant, as one uvicorn worker.

`python -m tests.bench.api_process DATABASE_URL`; prints the port once it listens.
"""

import socket
import sys
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from services.api.app import build_app
from services.api.database import Database
from services.api.versions import Listener

_UNBOUNDED = 10**9
_bare = FastAPI()


@_bare.get("/bare")
async def constant() -> dict[str, str]:
    return {"state": "open"}


def main() -> None:
    """Serve until the end of standard input."""
    url = sys.argv[1]
    ours = build_app(
        Database(url),
        secret=b"0" * 32,
        clock=lambda: datetime.now(UTC),
        listener=Listener(url),
        requests_a_minute=_UNBOUNDED,
    )

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        await (_bare if scope.get("path") == "/bare" else ours)(scope, receive, send)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(both, log_config=None, access_log=False)).run(sockets=[listener])


if __name__ == "__main__":
    main()

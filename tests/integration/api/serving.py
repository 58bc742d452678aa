"""A real uvicorn on a free port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from services.api.server import Server


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """URL of the application while it is served."""
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on"), app)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "uvicorn ended before it had started"
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()

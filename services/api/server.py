"""uvicorn, with an end for those who listen: their answers never end by themselves."""

import socket

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """Serves the application; streams end before it waits for the requests that are under way."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._application = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams, then everything else as uvicorn does."""
        self._application.state.service.feed.close()
        await super().shutdown(sockets)

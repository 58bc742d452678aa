"""A network between two programs that can be cut: connections stalled, reset, or left half open."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from typing import Literal

_RESET = struct.pack("ii", 1, 0)

Direction = Literal["up", "down", "both"]


class Proxy:
    """Forwards 127.0.0.1:`port` to another port of this machine, in a thread of its own."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._orphans: set[asyncio.StreamWriter] = set()
        self._losing: set[str] = set()
        self._damaged: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._refusing = False
        self._loop = asyncio.new_event_loop()
        self._flow = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        self._do(self._mend)

    def close(self) -> None:
        self._do(self._mend)
        self._do(self._refuse)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def stall(self, direction: Direction = "both") -> None:
        """Let nothing through that way, and keep everything: a cable pulled, or a firewall that forgot."""
        self._do(lambda: [self._flow[way].clear() for way in self._flow if direction in (way, "both")])

    def lose(self, direction: Direction = "both") -> None:
        """Swallow what goes that way; when the network is mended, connections that lost something are reset."""
        self._do(lambda: self._losing.update(way for way in self._flow if direction in (way, "both")))

    def refuse(self) -> None:
        """Reset every connection, and every new one too."""
        self._do(self._refuse)

    def reset(self) -> None:
        """Reset every connection once; new ones are let through."""
        self._do(self._reset_all)

    def half_open(self) -> None:
        """The far end is gone and the near end is not told: what it still says is taken and forgotten."""
        self._do(self._half_open)

    def mend(self) -> None:
        """Everything flows again; what was left half open, or has lost something, is reset."""
        self._do(self._mend)

    def _mend(self) -> None:
        self._refusing = False
        self._losing.clear()
        for near, far in self._damaged & self._open:
            _reset(near)
            _reset(far)
        self._open -= self._damaged
        self._damaged.clear()
        for way in self._flow.values():
            way.set()
        for near in self._orphans:
            _reset(near)
        self._orphans.clear()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self._loop), return_exceptions=True))
        self._loop.close()

    def _do(self, what: Callable[[], object]) -> None:
        async def run() -> None:
            what()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def _refuse(self) -> None:
        self._refusing = True
        self._reset_all()

    def _reset_all(self) -> None:
        for near, far in self._open:
            _reset(near)
            _reset(far)
        self._open.clear()

    def _half_open(self) -> None:
        for near, far in self._open:
            _reset(far)
            self._orphans.add(near)
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self._refusing:
            _reset(near)
            return
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(near)
            return
        pair = (near, far)
        self._open.add(pair)
        ways = (self._pump(reader, far, "up", pair), self._pump(far_reader, near, "down", pair))
        await asyncio.gather(*ways)
        if near not in self._orphans:
            self._open.discard(pair)
            near.close()
            far.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        way: str,
        pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:
        """Until either end says goodbye; an orphan's words are read and dropped."""
        try:
            while data := await reader.read(1 << 16):
                await self._flow[way].wait()
                if way in self._losing:
                    self._damaged.add(pair)
                elif pair in self._open:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        if pair in self._open:
            self._open.discard(pair)
            for end in pair:
                end.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()

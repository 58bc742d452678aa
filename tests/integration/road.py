"""A TCP way to the database that tests can cut off and open again."""

import contextlib
import socket
import threading

import psycopg
from sqlalchemy.engine import URL


class Road:
    """A TCP way to the database that can be cut off and opened again."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._info = conn.info
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        way = URL.create(
            "postgresql",
            username=self._info.user,
            password=self._info.password or None,
            host="127.0.0.1",
            port=self._listener.getsockname()[1],
            database=self._info.dbname,
        )
        return way.render_as_string(hide_password=False)

    def cut(self) -> None:
        self._open = False
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def restore(self) -> None:
        self._open = True

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._open:
                near.close()
                continue
            far = _reached(self._info.host, self._info.port)
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _reached(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    end = socket.socket(socket.AF_UNIX)
    end.connect(f"{host}/.s.PGSQL.{port}")
    return end


def _carry(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        return

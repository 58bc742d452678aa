"""A way to the database that can be cut after the server has committed and before anybody hears of it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

import psycopg
from psycopg.conninfo import make_conninfo


class CuttingProxy:
    """Passes bytes between one client at a time and the server; `cut_next_commit` loses the answer to a COMMIT."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._server = (conn.info.host, conn.info.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = make_conninfo(
            "",
            user=conn.info.user,
            password=conn.info.password,
            dbname=conn.info.dbname,
            host="127.0.0.1",
            port=port,
            sslmode="disable",
        )
        self.cut_next_commit = Event()
        self.has_cut = Event()

    def serve(self) -> None:
        """Serve until closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._pass, args=(client,), daemon=True).start()

    def close(self) -> None:
        # Closing alone would leave `accept` waiting.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _pass(self, client: socket.socket) -> None:
        with client, self._connected() as server:
            back = Thread(target=self._pass_back, args=(server, client), daemon=True)
            back.start()
            with suppress(OSError):
                while sent := client.recv(65536):
                    if self.cut_next_commit.is_set() and b"COMMIT\0" in sent:
                        self.cut_next_commit.clear()
                        self.has_cut.set()
                    server.sendall(sent)
                server.shutdown(socket.SHUT_WR)
            back.join()

    def _pass_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(65536):
                if self.has_cut.is_set():
                    break
                client.sendall(answer)
            client.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> socket.socket:
        if self._server[0].startswith("/"):
            path = f"{self._server[0]}/.s.PGSQL.{self._server[1]}"
            server = socket.socket(socket.AF_UNIX)
            server.connect(path)
            return server
        return socket.create_connection(self._server)


@contextmanager
def cutting_proxy(conn: psycopg.Connection) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(conn)
    thread = Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()

"""A cable between two programs that a test may cut and mend: a TCP forwarder."""

import socket
import threading
from contextlib import suppress

from deploy.local.ports import free_port


class Cable:
    """Forwards `port` to `target`, unless cut: then connections end, and new ones are refused."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []

    def mend(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            listening = [] if self._listener is None else [self._listener]
            for end in (*listening, *self._ends):
                # A mere close() would wait until the thread that reads from it has something to read.
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._listener = None
            self._ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            with self._lock:
                self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_forward, args=(source, sink), daemon=True).start()


def _forward(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)

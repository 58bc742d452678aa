"""Composition root of the webhooks: settings, and a few workers that deliver until they are asked to stop."""

import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from prometheus_client import start_http_server

from services.webhooks.channels import read_channels
from services.webhooks.delivering import Post, deliver_next, posting
from services.webhooks.sending import Sender
from services.webhooks.settings import DeliverySettings
from shared.database import connect, storage_errors
from shared.errors import SetupError, TransientError
from shared.logs import configure_logs
from shared.settings import DatabaseSettings, read_settings

_WORKERS = 4
_LOOKED_EVERY_S = 1.0

log = structlog.get_logger()


def main() -> None:
    """Deliver until SIGTERM or SIGINT; several processes may, each taking the webhooks that no other holds."""
    configure_logs("webhooks")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    url = read_settings(DatabaseSettings).database_url.get_secret_value()
    settings = read_settings(DeliverySettings)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port)
    post = posting(Sender(allowed=settings.allowed()), read_channels(settings.channels_file))
    workers = [threading.Thread(target=work, args=(url, post, stop), daemon=True) for _ in range(_WORKERS)]
    for worker in workers:
        worker.start()
    log.info("delivering", workers=_WORKERS)
    while not stop.is_set() and all(worker.is_alive() for worker in workers):
        stop.wait(_LOOKED_EVERY_S)
    died = not stop.is_set()
    stop.set()
    for worker in workers:
        worker.join()
    if died:
        sys.exit("a worker ended by itself; the log says why")


def work(database_url: str, post: Post, stop: threading.Event) -> None:
    """Deliver what is due, and look again every second, over outages of the database."""
    while not stop.is_set():
        holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4()}"
        try:
            with storage_errors(), connect(database_url, application="webhooks") as conn:
                conn.autocommit = True
                while not stop.is_set():
                    if not deliver_next(conn, post, holder=holder, clock=lambda: datetime.now(UTC)):
                        stop.wait(_LOOKED_EVERY_S)
        except TransientError as exc:
            log.warning("storage_away", problem=str(exc))
            stop.wait(_LOOKED_EVERY_S)


if __name__ == "__main__":
    try:
        main()
    except SetupError as exc:
        sys.exit(str(exc))

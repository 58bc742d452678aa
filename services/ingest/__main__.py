"""Composition root of ingest: settings from the environment, wiring, signals."""

import os
import signal
import sys
from threading import Event

import structlog
from prometheus_client import start_http_server

from services.ingest.pipeline import Pipeline
from services.ingest.service import Ingest
from shared.errors import BellwetherError
from shared.logs import configure_logs
from shared.settings import BrokerSettings, DatabaseSettings

_AWAIT_DATABASE_S = 1.0

log = structlog.get_logger()


def main() -> None:
    """Run until SIGTERM or SIGINT, then commit and acknowledge what was taken and go.

    BELLWETHER_INGEST_METRICS_PORT: where Prometheus finds the metrics; absent or 0 for nowhere.
    """
    configure_logs("ingest")
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    port = int(os.environ.get("BELLWETHER_INGEST_METRICS_PORT", "0"))
    if port:
        start_http_server(port)
    try:
        run(DatabaseSettings(), BrokerSettings(), stopping)
    except BellwetherError as exc:
        log.critical("ingest cannot start", error=str(exc))
        sys.exit(1)


def run(database: DatabaseSettings, broker: BrokerSettings, stopping: Event) -> None:
    """Ingest until `stopping` is set."""
    ingest = Ingest(database.database_url.get_secret_value(), broker)
    while not stopping.is_set() and not ingest.ready():
        stopping.wait(_AWAIT_DATABASE_S)

    def stop_receiving() -> bool:
        if stopping.is_set():
            ingest.inbox.close()
        return stopping.is_set()

    pipeline = Pipeline(
        take=ingest.inbox.take,
        decode=ingest.decoder.decode,
        write=ingest.write,
        acknowledge=ingest.receiver.acknowledge,
        ask_for_births=ingest.receiver.ask_for_births,
        between=ingest.between,
    )
    try:
        if not stopping.is_set():
            ingest.receiver.start()
            log.info("ingest runs")
        pipeline.run(stop_receiving)
    finally:
        ingest.inbox.close()
        ingest.receiver.stop()
        ingest.close()
    log.info("ingest stopped")


if __name__ == "__main__":
    main()

"""Composition root of ingest: settings from the environment, wiring, signals."""

import os
import signal
import sys
from threading import Event, Thread

import structlog
from prometheus_client import start_http_server

from services.ingest.lanes.persistent import PersistentLane
from services.ingest.lanes.sparkplug import SparkplugLane
from services.ingest.settings import IngestSettings
from shared.errors import BellwetherError, SetupError
from shared.logs import configure_logs
from shared.settings import BrokerSettings, DatabaseSettings, read_settings

_STOPPED_WITHIN_S = 15.0

log = structlog.get_logger()


def main() -> None:
    """Run until SIGTERM or SIGINT, then commit and acknowledge what was taken and go."""
    configure_logs("ingest")
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        settings = read_settings(IngestSettings)
        _show_metrics(settings)
        run(read_settings(DatabaseSettings), read_settings(BrokerSettings), settings, stopping)
    except BellwetherError as exc:
        log.critical("ingest cannot go on", error=str(exc))
        sys.exit(1)


def _show_metrics(settings: IngestSettings) -> None:
    if settings.metrics_port:
        try:
            start_http_server(settings.metrics_port)
        except OSError as exc:
            raise SetupError(
                f"cannot show metrics on port {settings.metrics_port} ({exc.strerror}); set "
                "BELLWETHER_INGEST_METRICS_PORT to a free one"
            ) from exc


def run(database: DatabaseSettings, broker: BrokerSettings, settings: IngestSettings, stopping: Event) -> None:
    """Ingest until `stopping` is set: Sparkplug in threads of its own, everything else in this one."""
    url = database.database_url.get_secret_value()
    sparkplug = SparkplugLane(url, broker, settings)
    persistent = PersistentLane(url, broker, settings, sparkplug)
    ended = Event()
    Thread(target=_end_anyway, args=(stopping, ended, sparkplug), name="end", daemon=True).start()
    sparkplug.start()
    try:
        persistent.run(stopping)
    finally:
        persistent.leave()
        sparkplug.stop()
        persistent.close()
        ended.set()
    log.info("ingest stopped")


def _end_anyway(stopping: Event, ended: Event, sparkplug: SparkplugLane) -> None:
    """End the process though the database answers no more and the main thread waits for it.

    Sparkplug is spooled by then; what is not acknowledged the broker sends again.
    """
    stopping.wait()
    sparkplug.begin_to_stop()
    if not ended.wait(_STOPPED_WITHIN_S):
        sparkplug.stop()
        log.critical("ingest ends without an answer from the database")
        os._exit(1)


if __name__ == "__main__":
    main()

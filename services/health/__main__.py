"""Health's one composition root: settings, connection, lock, and the loop of cycles."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import structlog
from prometheus_client import start_http_server

from services.health.charge import Fence, SignsOfLife, fence_of, renewed, take_charge
from services.health.cycle import CycleLimits, Memory, run_cycle
from services.health.measurements import CYCLES, IN_CHARGE
from services.health.settings import HealthSettings
from shared.database import connect, storage_errors
from shared.errors import LeaseLostError, SetupError, TransientError
from shared.logs import configure_logs
from shared.settings import DatabaseSettings, read_settings

_RETRY_S = 1.0

log = structlog.get_logger()


def main(arguments: Sequence[str] = ()) -> None:
    """Run until SIGTERM or SIGINT, or with `--once` until there is nothing left to do."""
    parser = argparse.ArgumentParser(prog="bellwether health", description=__doc__)
    parser.add_argument("--once", action="store_true", help="assess what there is and stop")
    once = parser.parse_args(arguments).once
    configure_logs("health")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = read_settings(HealthSettings)
    database = read_settings(DatabaseSettings)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port)
    while not stop.is_set():
        try:
            with storage_errors(), connect(database.database_url.get_secret_value(), application="health") as conn:
                conn.autocommit = True
                holder = take_charge(conn, stop)
                if holder is None:
                    break
                IN_CHARGE.set(1)
                signs = SignsOfLife()
                with renewed(database.database_url.get_secret_value(), holder, signs):
                    _run(conn, settings, fence_of(holder, signs), stop, once=once)
        except LeaseLostError:
            IN_CHARGE.set(0)
            log.warning("charge_lost")
        except TransientError as exc:
            IN_CHARGE.set(0)
            log.warning("storage_away", problem=str(exc))
            stop.wait(_RETRY_S)
        else:
            break
    log.info("stopped")


def _run(
    conn: psycopg.Connection, settings: HealthSettings, fence: Fence, stop: threading.Event, *, once: bool
) -> None:
    memory, limits = Memory(), CycleLimits(retention=settings.retention())
    if once:
        limits = replace(limits, patience=timedelta(0))
    while not stop.is_set():
        report = run_cycle(conn, memory, limits, now=datetime.now(UTC), stopping=stop.is_set, fence=fence)
        CYCLES.inc()
        if once and not report.more:
            return
        if not report.more:
            stop.wait(settings.interval_s)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as exc:
        sys.exit(str(exc))

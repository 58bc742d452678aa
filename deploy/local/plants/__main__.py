"""`python -m deploy.local.plants`: the demo's plants, publishing until they are told to stop."""

import argparse
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.plants.progress import first_started_at
from deploy.local.plants.publisher import PublisherOptions, publish
from shared.errors import BellwetherError
from shared.logs import configure_logs
from shared.settings import BrokerSettings, read_settings


def main() -> int:
    """Run; return the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.plants", description=__doc__)
    parser.add_argument("--broker", help="mqtt:// or mqtts:// URL; default: BELLWETHER_BROKER_URL")
    parser.add_argument("--state-dir", type=Path, required=True, help="where it is kept how far each plant has come")
    parser.add_argument("--started-at", type=_moment, help="what the stories are dated by; default: the first start")
    parser.add_argument("--since", type=_moment, help="where history begins; default: three years before the start")
    parser.add_argument("--interval", type=int, default=10, help="seconds between live readings (default: 10)")
    arguments = parser.parse_args()
    configure_logs("plants")
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    now = datetime.now(UTC)
    try:
        options = PublisherOptions(
            broker=_broker(arguments.broker),
            state_directory=arguments.state_dir,
            started_at=arguments.started_at or first_started_at(arguments.state_dir, now),
            since_s=0 if arguments.since is None else int(arguments.since.timestamp()),
            interval_s=max(1, arguments.interval),
        )
        publish(options, time.time, stopped)
    except BellwetherError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


def _broker(url: str | None) -> BrokerSettings:
    return read_settings(BrokerSettings, **({} if url is None else {"broker_url": url}))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())

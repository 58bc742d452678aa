"""All plants of the demo, published from one process: whoever keeps up goes first, then the first that is behind.

Gaps are filled plant by plant, in the order of the stories, so that the first customers are complete within seconds.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from deploy.local.plants.fleet import customers
from deploy.local.plants.gateway import Gateway
from shared.errors import BrokerError
from shared.settings import BrokerSettings

_LONGEST_WAIT_S = 1.0


@dataclass(frozen=True, kw_only=True)
class PublisherOptions:
    """started_at dates the stories; since (Unix seconds) cuts the history short for plants that are new."""

    broker: BrokerSettings
    state_directory: Path
    started_at: datetime
    since_s: int
    interval_s: int


def publish(options: PublisherOptions, clock: Callable[[], float], stopped: threading.Event) -> None:
    """Publish until `stopped` is set; raise BrokerError when the broker cannot be reached at the start."""
    log = structlog.get_logger()
    options.state_directory.mkdir(parents=True, exist_ok=True)
    plants = [plant for customer in customers(options.started_at) for plant in customer.plants]
    now_s = int(clock())
    all_gateways = [
        Gateway(plant, options.broker, options.state_directory, since_s=options.since_s, now_s=now_s)
        for plant in plants
    ]
    gateways = [gateway for gateway in all_gateways if not gateway.finished]
    for gateway in gateways:
        gateway.connect()
    filling = {gateway.plant.id for gateway in gateways}
    try:
        while not stopped.is_set():
            now_s = int(clock())
            behind = _step(gateways, now_s, options.interval_s)
            for plant_id in sorted(filling - behind):
                log.info("plant_up_to_date", plant=plant_id)
            filling &= behind
            if not behind:
                stopped.wait(_LONGEST_WAIT_S)
    finally:
        for gateway in gateways:
            gateway.close(int(clock()))


def _step(gateways: Sequence[Gateway], now_s: int, interval_s: int) -> set[str]:
    """Send what is new from all gateways that keep up, and one stretch of the first that does not.

    Returns the plants that are behind. A gateway that loses its broker is left to reconnect and go on.
    """
    behind: set[str] = set()
    for gateway in gateways:
        gateway.confirm(now_s)
        try:
            stretch = gateway.due(now_s, interval_s)
            first = not behind
            if stretch is not None and stretch.historical:
                behind.add(gateway.plant.id)
            if stretch is not None and (first or not stretch.historical):
                gateway.send(stretch, now_s)
        except BrokerError as exc:
            structlog.get_logger().warning("plant_cannot_publish", plant=gateway.plant.id, reason=str(exc))
    return behind

"""Fixtures of health's tests on a real database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from services.health.cycle import CycleLimits, CycleReport, Memory, run_cycle
from shared.database import connect

from .plant import Plant

WALL_CLOCK = datetime(2030, 1, 1, tzinfo=UTC)

RunHealth = Callable[..., CycleReport]


@pytest.fixture
def plant(conn: psycopg.Connection) -> Plant:
    """Records and deliveries in the test's database."""
    return Plant(conn)


@contextmanager
def health_on(database_url: str) -> Iterator[RunHealth]:
    """One health process's cycles, each an hour of wall time after the last, until nothing is left to do."""
    with connect(database_url, application="test-health") as health:
        health.autocommit = True
        memory, clock = Memory(), [WALL_CLOCK]

        def run(limits: CycleLimits | None = None, *, once: bool = False) -> CycleReport:
            while True:
                clock[0] += timedelta(hours=1)
                report = run_cycle(health, memory, limits or CycleLimits(), now=clock[0])
                if once or not report.more:
                    return report

        yield run


@pytest.fixture
def run_health(database_url: str) -> Iterator[RunHealth]:
    """Runs cycles on the test's database."""
    with health_on(database_url) as run:
        yield run

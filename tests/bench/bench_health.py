"""What an advance of the whole fleet costs, how that grows with history and machines, and how fast history is lived.

`python -m tests.bench.bench_health [--only SCENARIO] [--assets N]`, on an embedded PostgreSQL that syncs to disk, with
the cycle that runs live. Every machine tells nine numbers a minute and its state every five minutes. An advance is
measured from the commit of the changed rollups to the commit of the rows concluded from them; the thirteen advances of
a run close one hour.

    advance     2,000 machines with 30 days of history
    history     the same with 3 years, beside 30 days
    fleet       a quarter of the machines, beside all of them
    lived       200 machines' history in blocks, from arrays to rows, without the database
    latency     from the commit of the samples that end the hour for which the silence of a gateway was pending to the
                alert, one of each customer, by a health process of its own while the whole fleet tells
"""

import argparse
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from statistics import median
from typing import NamedTuple

import psycopg
import structlog

from services.health.assess import assess
from services.health.cycle import CycleLimits, Memory, run_cycle
from services.health.data_acquisition.change_intake import newest_change, take_changes
from tests.bench.database import bench_database
from tests.bench.figures import Figure, report
from tests.bench.health_fleet import TODAY, add_silent_gateways, enter_records, remember
from tests.bench.health_history import machines_lived
from tests.bench.health_live import STEP, tell, tell_morning

_ADVANCES = 13
_FROM = timedelta(hours=13, minutes=30)
_MONTH, _YEARS = 30, 3 * 365
_LIVED_ASSETS, _LIVED_DAYS = 200, 30
_MOST_S, _MOST_BY_HISTORY, _MOST_BY_FLEET, _LEAST_LIVED, _MOST_TO_ALERT_S = 2.0, 1.2, 4.4, 0.2, 60.0


class Advances(NamedTuple):
    """Seconds of each advance of a run, and of the roll-up before it; of the first assessment after a start.

    cpu_s: what health's own process took of a processor in each advance.
    """

    first_s: float
    advance_s: list[float]
    cpu_s: list[float]
    roll_up_s: list[float]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


@cache
def advances(assets: int, days: int) -> Advances:
    """Run a fleet with so much history through an hour and five minutes."""
    now = TODAY + _FROM
    with bench_database("postgres") as url, psycopg.connect(url, autocommit=True) as conn:
        _say(f"  {assets} machines: records and {days} days of history")
        fleet = enter_records(conn, assets)
        remember(conn, fleet, days)
        tell_morning(conn, fleet, now)
        conn.execute("VACUUM ANALYZE")
        memory = Memory()
        first = _cycle(conn, memory, now)
        advance: list[float] = []
        cpu, roll_up = [], []
        for number in range(_ADVANCES):
            tell(conn, fleet, now)
            now += STEP
            roll_up.append(_rolled_up(conn, now))
            busy = time.process_time()
            advance.append(_cycle(conn, memory, now))
            cpu.append(time.process_time() - busy)
            _say(f"  {number + 1}: rolled up in {roll_up[-1]:.2f} s, advanced in {advance[-1]:.2f} s")
    return Advances(first, advance, cpu, roll_up)


def _rolled_up(conn: psycopg.Connection, now: datetime) -> float:
    began, limits = time.perf_counter(), CycleLimits()
    newest = newest_change(conn)
    while take_changes(conn, newest=newest, most=limits.changes_at_once, hours=limits.hours_at_once, now=now):
        pass
    return time.perf_counter() - began


def _cycle(conn: psycopg.Connection, memory: Memory, now: datetime) -> float:
    began = time.perf_counter()
    run_cycle(conn, memory, CycleLimits(), now=now)
    return time.perf_counter() - began


def advance(assets: int) -> list[Figure]:
    """The slowest advance is the one that closes the hour."""
    found = advances(assets, _MONTH)
    return [
        _figure("advance", "slowest_advance_s", max(found.advance_s), "s", _MOST_S),
        _figure("advance", "median_advance_s", median(found.advance_s), "s", _MOST_S),
        _figure("advance", "median_roll_up_s", median(found.roll_up_s), "s"),
        _figure("advance", "median_cpu_s", median(found.cpu_s), "s"),
        _figure("advance", "slowest_cpu_s", max(found.cpu_s), "s"),
        _figure("advance", "first_assessment_s", found.first_s, "s"),
    ]


def history(assets: int) -> list[Figure]:
    """An advance with three years of history, in advances with thirty days of it."""
    short, long = advances(assets, _MONTH), advances(assets, _YEARS)
    return [
        _figure("history", "slowest_advance_s", max(long.advance_s), "s", _MOST_S),
        _figure("history", "years_to_month", sum(long.advance_s) / sum(short.advance_s), "1", _MOST_BY_HISTORY),
    ]


def fleet(assets: int) -> list[Figure]:
    """All machines' advances in those of a quarter."""
    ratio = sum(advances(assets, _MONTH).advance_s) / sum(advances(assets // 4, _MONTH).advance_s)
    return [_figure("fleet", "whole_to_quarter", ratio, "1", _MOST_BY_FLEET)]


def lived(_: int) -> list[Figure]:
    """Asset-years of five-minute buckets that a CPU-second assesses."""
    block = machines_lived(TODAY - timedelta(days=_LIVED_DAYS), _LIVED_DAYS, _LIVED_ASSETS)
    began = time.process_time()
    assess(None, block)
    rate = _LIVED_ASSETS * _LIVED_DAYS / 365.25 / (time.process_time() - began)
    return [
        Figure(
            bench="health",
            scenario="lived",
            metric="asset_years",
            value=rate,
            unit="asset-years/CPU-s",
            target=_LEAST_LIVED,
        )
    ]


def latency(assets: int) -> list[Figure]:
    """Seconds from commit to visible alert, over the customers: roll-up of five minutes of all machines included."""
    now = TODAY + timedelta(hours=12, minutes=55)
    with bench_database("postgres") as url, psycopg.connect(url, autocommit=True) as conn:
        fleet = enter_records(conn, assets)
        add_silent_gateways(conn)
        remember(conn, fleet, _MONTH)
        tell_morning(conn, fleet, now)
        conn.execute("VACUUM ANALYZE")
        with _health_process(url):
            _until_all(conn, "SELECT count(*) FROM model_states WHERE assessed_through > %s", len(fleet.customer_ids))
            tell(conn, fleet, now)
            began, seen = time.perf_counter(), []
            while len(seen) < len(fleet.customer_ids):
                row = conn.execute("SELECT count(*) FROM alerts WHERE state = 'open'").fetchone()
                open_alerts = 0 if row is None else int(row[0])
                seen += [time.perf_counter() - began] * (open_alerts - len(seen))
                time.sleep(0.05)
    p95 = sorted(seen)[-(-95 * len(seen) // 100) - 1]
    return [
        _figure("latency", "p95_s", p95, "s", _MOST_TO_ALERT_S),
        _figure("latency", "median_s", median(seen), "s"),
    ]


@contextmanager
def _health_process(url: str) -> Iterator[None]:
    environment = os.environ | {"BELLWETHER_DATABASE_URL": url}
    process = subprocess.Popen([sys.executable, "-m", "services.health"], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _until_all(conn: psycopg.Connection, query: str, count: int) -> None:
    while conn.execute(query, [TODAY]).fetchone() != (count,):
        time.sleep(0.1)


SCENARIOS: dict[str, Callable[[int], list[Figure]]] = {
    "advance": advance,
    "history": history,
    "fleet": fleet,
    "lived": lived,
    "latency": latency,
}


def _figure(scenario: str, metric: str, value: float, unit: str, at_most: float | None = None) -> Figure:
    return Figure(
        bench="health", scenario=scenario, metric=metric, value=value, unit=unit, target=at_most, at_most=True
    )


def main() -> None:
    """Run the scenarios asked for and report them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(SCENARIOS))
    parser.add_argument("--assets", type=int, default=2000, help="a multiple of 400; the promises are for 2000")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    names = [options.only] if options.only else list(SCENARIOS)
    figures: list[Figure] = []
    for number, name in enumerate(names, 1):
        _say(f"{number} of {len(names)}: {name}")
        figures += SCENARIOS[name](options.assets)
    report(figures)


if __name__ == "__main__":
    main()

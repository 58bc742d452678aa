"""How fast the API answers those who poll it all day: 10,000 customers, 1,000,000 alerts, one worker.

Each figure stands beside what a bare FastAPI route that returns a constant reaches on the same worker, asked in turn
by the same client (wrk, one thread); `ratio` is one by the other. Hot answers are kept by the API, `page-100-cold` asks
for another page of 100 each time. Stops by itself, after about three minutes.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import psycopg

from services.api.keys import create_key
from tests.bench.api_stored import store
from tests.bench.database import bench_database
from tests.bench.figures import Figure, Sheet, report

CONNECTIONS = (1, 32, 256)
_SECONDS = 4
_COUNTED = 32
# wrk asks this script for each request and hands it the summary; times are microseconds.
_SCRIPT = """
local number = 0
function request()
  number = number + 1
  return wrk.format("GET", (PATH:gsub("NUMBER", string.format("%06d", number))))
end
function done(summary, latency)
  local errors = summary.errors
  io.write("RESULT " .. string.format(
    '{"rps": %f, "p50": %f, "p99": %f, "failed": %d}', summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout) .. "\\n")
end
"""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is asked, with NUMBER for what differs in each request; target: the least ratio promised."""

    path: str
    target: float | None = None
    poll: bool = False


SCENARIOS = {
    "bare": Scenario(path="/bare"),
    "poll-304": Scenario(path="/v1/alerts?limit=100", target=0.7, poll=True),
    "page-100": Scenario(path="/v1/alerts?limit=100", target=0.6),
    "page-100-cold": Scenario(path="/v1/alerts?limit=100&expected_before=2199-01-01T00:00:00.NUMBERZ", target=0.12),
    "customer-history": Scenario(path="/v1/customers/1/health?limit=100"),
    "changes": Scenario(path="/v1/changes?limit=100"),
}


@contextmanager
def served(url: str) -> Iterator[str]:
    """Address of one worker on the database."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.api_process", url], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def load(base: str, path: str, connections: int, headers: dict[str, str]) -> dict[str, float]:
    """Ask for some seconds over so many connections; requests/s, milliseconds, and how many failed."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"PATH = {json.dumps(path)}\n{_SCRIPT}")
        script.flush()
        given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t1", f"-c{connections}", f"-d{_SECONDS}s", "--timeout", "10s", "-s", script.name, *given]
        told = subprocess.run([*command, base], capture_output=True, text=True, check=True, timeout=60).stdout
    (line,) = (line for line in told.splitlines() if line.startswith("RESULT "))
    result: dict[str, float] = json.loads(line.removeprefix("RESULT "))
    return result


def measure(base: str, key: str, names: list[str]) -> list[Figure]:
    """The figures of these scenarios, with the bare route asked before each."""
    figures: list[Figure] = []
    authorized = {"Authorization": f"Bearer {key}"}
    for name in names:
        sys.stderr.write(f"{name}\n")
        scenario, sheet = SCENARIOS[name], Sheet("api", name)
        headers = dict(authorized)
        if scenario.poll:
            headers["If-None-Match"] = httpx.get(base + scenario.path, headers=authorized, timeout=30).headers["etag"]
        for connections in CONNECTIONS:
            bare = load(base, "/bare", connections, {})
            found = load(base, scenario.path, connections, headers)
            at = f"c{connections}"
            sheet.add(f"{at} requests", found["rps"], "/s", controls={"bare": bare["rps"]})
            sheet.add(f"{at} p50", found["p50"], "ms", controls={"bare": bare["p50"]})
            sheet.add(f"{at} p99", found["p99"], "ms", controls={"bare": bare["p99"]})
            target = scenario.target if connections == _COUNTED else None
            sheet.add(f"{at} ratio", found["rps"] / bare["rps"], "", target)
            sheet.add(f"{at} failed", found["failed"], "requests", 0, at_most=True)
        figures += sheet.figures
    return figures


def main() -> None:
    """Run the scenarios asked for and report them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(set(SCENARIOS) - {"bare"}))
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--alerts", type=int, default=1_000_000)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("this benchmark needs wrk: apt install wrk")
    names = [options.only] if options.only else [name for name in SCENARIOS if name != "bare"]
    with bench_database("postgres") as url:
        with psycopg.connect(url) as conn:
            sys.stderr.write(f"storing {options.alerts:,} alerts\n")
            store(conn, customers=options.customers, alerts=options.alerts)
            key = create_key(conn, name="bench", now=datetime.now(UTC))
            conn.commit()
        with served(url) as base:
            report(measure(base, key, names))


if __name__ == "__main__":
    main()

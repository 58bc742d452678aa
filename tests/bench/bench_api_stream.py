"""How soon a commit of the feed is heard by everybody who listens to one worker, and what listening costs it.

Run it with `make bench-stream`.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from services.api.keys import create_key
from shared.changes import Change, append_changes
from tests.bench.database import bench_database
from tests.process_memory import peak_rss_mb

_BODY = {"sentence": "Filler 2 is likely to stop around 24 September. " * 20}
_PAUSE_S = 0.2


Listeners = list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
"""Both ends of each connection: it would be closed with its forgotten writer."""


async def listen(port: int, key: str, count: int) -> Listeners:
    """That many listeners, each of whom has been let in."""
    asked = f"GET /v1/changes/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n".encode()

    async def one() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked)
        await reader.readuntil(b"retry: 2000\n\n")
        return reader, writer

    found: Listeners = []
    while len(found) < count:
        found += await asyncio.gather(*(one() for _ in range(min(50, count - len(found)))))
    return found


async def told_in(listeners: Listeners, conn: psycopg.Connection, customer: int) -> float:
    """Seconds from before a commit until the last of the listeners has its event."""
    waiting = [asyncio.ensure_future(each.readuntil(b"data: ")) for each, _ in listeners]
    await asyncio.sleep(_PAUSE_S)
    began = time.perf_counter()
    append_changes(conn, [Change(customer, "alert", "1", "updated", _BODY)], datetime.now(UTC))
    conn.commit()
    await asyncio.gather(*waiting)
    return time.perf_counter() - began


@contextmanager
def api(url: str) -> Iterator[tuple[int, int]]:
    """Process id and port of one worker."""
    environment = {**os.environ, "BELLWETHER_DATABASE_URL": url, "BELLWETHER_API_PORT": "0"}
    command = [sys.executable, "-m", "services.api"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            port = next(found[1] for line in process.stderr if (found := re.search(r'"port": (\d+)', line)))
            yield process.pid, int(port)
        finally:
            process.terminate()


async def measure(url: str, count: int, events: int) -> dict[str, float]:
    """The figures of one run."""
    with psycopg.connect(url) as conn:
        key = create_key(conn, name="bench", now=datetime.now(UTC))
        customer = conn.execute(
            "INSERT INTO customers (record_source, external_id, name, segment, data_use)"
            " VALUES ('bench', '1', 'Bench', '', '{}') RETURNING customer_id"
        ).fetchone()
        conn.commit()
        assert customer is not None
        with api(url) as (pid, port):
            listeners = await listen(port, key, count)
            seconds = [await told_in(listeners, conn, customer[0]) for _ in range(events)]
            return {
                "listeners": count,
                "events": events,
                "to_all_median_s": round(statistics.median(seconds), 3),
                "to_all_worst_s": round(max(seconds), 3),
                "worker_peak_rss_mb": round(peak_rss_mb(pid)),
            }


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=1_000)
    parser.add_argument("--events", type=int, default=20)
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with bench_database("postgres") as url:
        print(json.dumps(asyncio.run(measure(url, asked.listeners, asked.events))))


if __name__ == "__main__":
    main()

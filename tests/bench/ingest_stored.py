"""What the database shows of a load: how many messages, when, and raw COPY of the same rows."""

import time
from itertools import pairwise

import psycopg

from services.ingest.batch.binary_copy import SAMPLE_COLUMNS

_COPY_ROWS = 20_000
_COPY_RUNS = 3
_COPY_HEADER, _COPY_TRAILER = 19, 2
_ROW_BYTES = 57
_STORED_WITHIN_S = 180.0


def messages_stored(conn: psycopg.Connection, start_ms: int) -> int:
    """How many messages of the load are committed: they are stored in the order in which they were sent."""
    row = conn.execute("SELECT (extract(epoch FROM max(observed_through)) * 1000)::bigint FROM sources").fetchone()
    if row is None or row[0] is None:
        return 0
    return max(0, int(row[0]) - start_ms + 1)


def await_stored(conn: psycopg.Connection, messages: int, start_ms: int, *, poll_s: float) -> list[tuple[float, int]]:
    """Wait until so many messages are committed; return what each look saw: (wall time before it, messages)."""
    seen: list[tuple[float, int]] = []
    deadline = time.monotonic() + _STORED_WITHIN_S
    while time.monotonic() < deadline:
        looked_at = time.time()
        seen.append((looked_at, messages_stored(conn, start_ms)))
        if seen[-1][1] >= messages:
            return seen
        time.sleep(poll_s)
    raise TimeoutError(f"of {messages} messages {seen[-1][1]} are stored after {_STORED_WITHIN_S:.0f} s")


def raw_copy(conn: psycopg.Connection, since_ms: int) -> float:
    """Rows a second of binary COPY of the rows observed from `since_ms` on, in their order, the best of three runs."""
    with (
        conn.cursor() as cur,
        cur.copy(
            f"COPY (SELECT {SAMPLE_COLUMNS} FROM samples WHERE observed_at >= to_timestamp({since_ms / 1000}))"
            " TO STDOUT (FORMAT BINARY)"
        ) as copy,
    ):
        raw = b"".join(bytes(part) for part in copy)
    header, trailer = raw[:_COPY_HEADER], raw[-_COPY_TRAILER:]
    edges = [*range(_COPY_HEADER, len(raw) - _COPY_TRAILER, _COPY_ROWS * _ROW_BYTES), len(raw) - _COPY_TRAILER]
    batches = [header + raw[first:end] + trailer for first, end in pairwise(edges)]
    rows = (len(raw) - _COPY_HEADER - _COPY_TRAILER) // _ROW_BYTES
    return rows / min(_copied(conn, batches) for _ in range(_COPY_RUNS))


def _copied(conn: psycopg.Connection, batches: list[bytes]) -> float:
    conn.execute("TRUNCATE samples")
    conn.execute("CHECKPOINT")
    began = time.perf_counter()
    for batch in batches:
        with conn.cursor() as cur, cur.copy(f"COPY samples ({SAMPLE_COLUMNS}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(batch)
    return time.perf_counter() - began

"""The API as a process: settings from the environment, and an end in good order."""

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import httpx
import pytest

COMMAND = [sys.executable, "-m", "services.api"]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("BELLWETHER_")}


@pytest.fixture
def process(database_url: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**BARE, "BELLWETHER_DATABASE_URL": database_url, "BELLWETHER_API_PORT": "0"}
    with subprocess.Popen(COMMAND, env=environment, stderr=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


def test_it_says_where_it_listens_answers_and_ends_on_sigterm(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    said = ""
    for line in process.stderr:
        said += line
        if found := re.search(r'"port": (\d+)', line):
            break
    else:
        pytest.fail(f"it ended: {said}")
    assert httpx.get(f"http://127.0.0.1:{found[1]}/readyz", timeout=30).text == "ready\n"
    process.terminate()
    assert process.wait(timeout=20) in (0, -15)
    watchdog.cancel()
    assert "secret_made" in said


def run(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(COMMAND, env={**BARE, **environment}, capture_output=True, text=True, timeout=60, check=False)


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run({"BELLWETHER_DATABASE_URL": "postgresql://x", "BELLWETHER_API_PORT": port})
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in ended.stderr


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({}, "BELLWETHER_DATABASE_URL: Field required"),
        (
            {"BELLWETHER_DATABASE_URL": "postgres//bellwether:hunter2@db/name"},
            "not a PostgreSQL URL: write postgresql://",
        ),
        ({"BELLWETHER_DATABASE_URL": "postgresql://bellwether:hunter2%zz@db/name"}, "not a PostgreSQL URL"),
        ({"BELLWETHER_DATABASE_URL": "postgresql://x", "BELLWETHER_API_SECRET": "hunter2"}, "at least 32"),
        ({"BELLWETHER_DATABASE_URL": "postgresql://x", "BELLWETHER_API_PORT": "many"}, "BELLWETHER_API_PORT: "),
    ],
)
def test_settings_that_cannot_work_are_told_in_one_go(environment: dict[str, str], told: str) -> None:
    ended = run(environment)
    assert ended.returncode == 1
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hunter2" not in ended.stderr

"""`bellwether up`, as a newcomer meets it: one command, alerts within a minute, Ctrl-C, and on again."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from deploy.local.plants.truth import TRUTHS
from deploy.local.ports import free_port

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


class Run:
    """One `bellwether up` in a session of its own, with what it prints."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._output = directory.parent / f"output-{self.port}.txt"
        command = [sys.executable, "-m", "deploy.cli", "up", "--directory", str(directory), "--port", str(self.port)]
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [*command, *arguments], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, pattern: str, within_s: float) -> float:
        """Seconds until the output matches."""
        began = time.monotonic()
        while time.monotonic() - began < within_s:
            if re.search(pattern, self.output):
                return time.monotonic() - began
            assert self.process.poll() is None, self.output
            time.sleep(0.1)
        raise AssertionError(f"no {pattern!r} within {within_s} s:\n{self.output}")

    def interrupt(self) -> int:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=90)

    def get(self, path: str, *, key_file: str = "api-key") -> dict:
        key = (self.directory / key_file).read_text().strip()
        answer = httpx.get(f"{self.url}{path}", headers={"Authorization": f"Bearer {key}"}, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


def processes_of(directory: Path) -> list[str]:
    """Command lines of all running processes that name the directory or have it in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(directory) in command or str(directory) in environment:
            found.append(command)
    return found


def wait_until_assessed(run: Run, within_s: float) -> None:
    """Every customer is assessed up to the last hours, so all history is in."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        through = [customer["assessed_through"] for customer in run.get("/v1/customers")["data"]]
        recent = datetime.now(UTC) - timedelta(hours=3)
        if all(at is not None and datetime.fromisoformat(at) > recent for at in through):
            return
        time.sleep(1)
    raise AssertionError(f"assessed through {through} after {within_s} s")


def kinds_by_customer(run: Run) -> dict[str, set[str]]:
    """Kinds of the alerts that are open now, by the customer's own id."""
    found: dict[str, set[str]] = {customer["external_id"]: set() for customer in run.get("/v1/customers")["data"]}
    for alert in run.get("/v1/alerts?limit=100")["data"]:
        found[alert["customer"]["external_id"]].add(alert["kind"])
    return found


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def started() -> Iterator[list[Run]]:
    runs: list[Run] = []
    yield runs
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


# Stagnation, one of the planted truths, is told of two whole years or more.
@pytest.mark.parametrize("history_days", [800, pytest.param(1096, marks=pytest.mark.long)])
def test_the_demo_shows_an_alert_within_a_minute_stops_whole_and_goes_on(directory, started, history_days):
    first = Run(directory, "--history-days", str(history_days))
    started.append(first)
    first.wait_for(r"\bopen\b .*http", 120)
    first.wait_for(r"the first, after \d+ s", 60)

    alerts = first.get("/v1/alerts")["data"]
    assert alerts[0]["sentence"]
    assert stat.S_IMODE((directory / "api-key").stat().st_mode) == 0o600
    customers = first.get("/v1/customers")["data"]
    assert len(customers) >= 6
    assert all(customer["demo"] for customer in customers)
    assert httpx.get(f"{first.url}/v1/alerts", timeout=5).status_code == 401

    wait_until_assessed(first, within_s=1200)
    found = kinds_by_customer(first)
    for truth in TRUTHS:
        assert truth.expected <= found[truth.customer_id] <= truth.expected | truth.tolerated, truth.name

    assert first.interrupt() == 0, first.output
    assert processes_of(directory) == []
    assert "goes on from it" in first.output

    second = Run(directory)
    started.append(second)
    second.wait_for(r"the first, after \d+ s", 90)
    assert {c["id"] for c in second.get("/v1/customers")["data"]} == {c["id"] for c in customers}
    assert second.get(f"/v1/alerts/{alerts[0]['id']}")["sentence"]

    third = Run(directory)
    started.append(third)
    assert third.process.wait(timeout=60) == 2
    assert "another Bellwether is running on" in third.output
    assert "Traceback" not in third.output

    assert second.interrupt() == 0, second.output
    assert processes_of(directory) == []


def test_it_starts_for_real_customers_without_simulated_plants(directory, started):
    run = Run(directory, "--import", str(ROOT / "deploy" / "example-records"))
    started.append(run)
    run.wait_for(r"\bopen\b .*http", 120)
    customers = run.get("/v1/customers", key_file="live/api-key")["data"]
    assert not (directory / "api-key").exists()
    assert [customer["demo"] for customer in customers] == [False] * len(customers)
    assert customers
    assert not (directory / "demo").exists()
    assert "plants" not in run.output
    assert run.interrupt() == 0


def test_a_taken_port_is_one_sentence(directory):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        command = [sys.executable, "-m", "deploy.cli", "up", "--directory", str(directory), "--port", str(port)]
        refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 2
    assert f"port {port} on 127.0.0.1 is taken" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""
    assert processes_of(directory) == []

"""The recipe for a CRM does what it says, run as it is printed."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from services.api.app import build_app
from services.api.database import Database
from services.webhooks.delivering import deliver_next
from services.webhooks.sending import Sender
from shared.alert_body import alert_bodies
from shared.changes import Change, append_changes
from shared.records import import_directory
from shared.targets import networks
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import add_alert
from tests.integration.api.serving import serve

RECIPE = Path(__file__).parents[3] / "docs" / "crm-tasks.md"
HERE = networks("127.0.0.1/32")


def program(name: str, folder: Path) -> Path:
    blocks = re.findall(r"^```python\n(.*?)^```", RECIPE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (text,) = [block for block in blocks if block.startswith(f'"""{name}:')]
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class Crm:
    """Keeps tasks by id; down when told so."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.puts = 0
        self.down = False
        self.url = ""


@pytest.fixture
def crm() -> Iterator[Crm]:
    found = Crm()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert self.headers["authorization"] == "Bearer token"
            found.puts += 1
            if not found.down:
                found.tasks[self.path] = body
            self.send_response(503 if found.down else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("the recipe's program does not listen")


def tell(conn: psycopg.Connection, customer: int, alert: Any, transition: str) -> None:
    body = alert_bodies(conn, [alert])[alert]
    append_changes(conn, [Change(customer, "alert", str(alert), transition, body)], datetime.now(UTC))
    conn.commit()


def test_accounts_come_from_the_export_and_each_alert_is_one_task_that_closes_with_it(
    conn: psycopg.Connection,
    database_url: str,
    make_key: Callable[..., str],
    clock: Clock,
    crm: Crm,
    tmp_path: Path,
) -> None:
    clock.now = datetime.now(UTC)
    export = tmp_path / "export.csv"
    export.write_text("Account ID,Account Name,Industry,Owner\n0017Q,Northern Dairies,Food,x\n", encoding="utf-8-sig")
    records = tmp_path / "records"
    subprocess.run([sys.executable, program("accounts.py", tmp_path), export, records], check=True)
    assert import_directory(conn, records, record_source="crm").errors == ()
    customer = conn.execute("SELECT customer_id FROM customers WHERE external_id = '0017Q'").fetchone()[0]
    alert = add_alert(conn, customer)
    conn.commit()

    port = free_port()
    app = build_app(Database(database_url, size=2), secret=SECRET, clock=clock, webhook_networks=HERE)
    with serve(app) as url:
        headers = {"Authorization": f"Bearer {make_key('admin')}"}
        asked = {"url": f"http://127.0.0.1:{port}/", "tiers": ["act"]}
        secret = httpx.post(f"{url}/v1/webhooks", json=asked, headers=headers).json()["secret"]
    settings = {"WEBHOOK_SECRET": secret, "CRM_URL": crm.url, "CRM_TOKEN": "token", "PORT": str(port)}
    running = subprocess.Popen(
        [sys.executable, program("crm_tasks.py", tmp_path)],
        env={**os.environ, **settings, "SEEN_FILE": str(tmp_path / "seen.sqlite")},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        with psycopg.connect(database_url, autocommit=True) as worker:

            def deliver() -> None:
                while deliver_next(worker, Sender(allowed=HERE).post, holder="w1", clock=clock):
                    pass

            crm.down = True
            tell(conn, customer, alert, "opened")
            deliver()
            assert crm.tasks == {}
            crm.down = False
            clock.now += timedelta(seconds=6)
            deliver()
            task = f"/tasks/bellwether-{alert}"
            assert crm.tasks[task]["account"] == "0017Q"
            assert crm.tasks[task]["subject"] == "Filler 2 is likely to stop around 24 September."
            assert crm.tasks[task]["status"] == "open"
            conn.execute("UPDATE alerts SET state = 'resolved', resolution = 'averted', resolved_at = now()")
            tell(conn, customer, alert, "resolved")
            deliver()
            assert {name: each["status"] for name, each in crm.tasks.items()} == {task: "closed"}
            puts = crm.puts
            worker.execute("UPDATE webhooks SET cursor = 0")
            deliver()
            assert crm.puts == puts, "a replay is told by its webhook-id"
        assert httpx.post(f"http://127.0.0.1:{port}/", content=b"{}").status_code == 401
    finally:
        running.terminate()
        running.wait(timeout=5)

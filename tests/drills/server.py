"""A PostgreSQL server that can be killed in mid-write: fsync on, full page writes on, as in production."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg

from deploy.local import processes
from deploy.local.ports import free_port
from deploy.local.postgres import _binary as binary

_READY_WITHIN_S = 60.0

# A small write-ahead log, or a disk of 256 MB would fill by itself; checkpoints often, so that kills meet them.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "40",
    "shared_buffers": "64MB",
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
    "checkpoint_timeout": "30s",
    "wal_recycle": "off",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "jit": "off",
}


class PostgresServer:
    """A server with its data in `directory`/data and its log in `directory`/wal, which may be disks of their own."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self._directory = directory
        self._settings = {**_SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def url(self, port: int | None = None) -> str:
        """By the given port, where something stands between."""
        return f"postgresql://drill@127.0.0.1:{port or self.port}/postgres"

    def make(self) -> None:
        data, wal = self._directory / "data" / "cluster", self._directory / "wal" / "pg_wal"
        for path in (self._directory, data.parent, wal.parent):
            processes.own(path)
        argv = [binary("initdb"), "-D", str(data), "-X", str(wal), "-U", "drill", "--encoding=UTF8"]
        argv += ["--locale=C.UTF-8", "--auth=trust", "--wal-segsize=4"]
        contained = processes.contained(argv, as_system_user=True)
        subprocess.run(contained, check=True, capture_output=True, cwd="/")

    def start(self, *, wait: bool = True) -> None:
        argv = [binary("postgres"), "-D", str(self._directory / "data" / "cluster"), "-p", str(self.port)]
        for name, value in self._settings.items():
            argv += ["-c", f"{name}={value}"]
        self._process = processes.start(argv, log=self._directory / "postgres.log", as_system_user=True)
        if wait:
            self.await_ready()

    def await_ready(self) -> None:
        """Wait until it answers; a server that ended for want of disk is started again, as its supervisor would."""
        deadline = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < deadline:
            if not self.running:
                self.start(wait=False)
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"PostgreSQL did not come up:\n{processes.last_lines(self._directory / 'postgres.log')}")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to the server and everything that it started, as when the power goes; the disk's cache stays."""
        assert self._process is not None
        try:
            family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            family = []
        for member in family:
            try:
                os.kill(member.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        psutil.wait_procs(family, timeout=10)
        self._process.wait(timeout=10)

    def stop(self) -> None:
        if not self.running or self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()

"""The processes of a drill: ingest, and those that publish."""

import os
import subprocess
import sys
from pathlib import Path

from tests.drills import ledger
from tests.process_memory import peak_rss_mb


class IngestProcess:
    """One ingest; `keep` starts it again when it has ended by itself, as its supervisor would."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self._directory = directory
        self._environment = {
            **os.environ,
            **{f"BELLWETHER_{name.upper()}": value for name, value in settings.items()},
            "BELLWETHER_INGEST_SPOOL_DIRECTORY": str(directory / "spool"),
        }
        self.log = directory / "ingest.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.ended_by_itself = 0

    def start(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.ingest"], env=self._environment, stderr=output, stdout=output
            )

    def keep(self) -> None:
        if self.process is not None and self.process.poll() is not None:
            self.ended_by_itself += 1
            self.start()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def rss_mb(self) -> float:
        """The most memory that it has ever held."""
        if self.process is None:
            return 0.0
        return peak_rss_mb(self.process.pid)


class PlantProcess:
    """A publisher, and what it has written down so far. `module` and `arguments` say which and how."""

    def __init__(self, directory: Path, module: str, port: int, device: str, *arguments: object) -> None:
        self.device = device
        self._log = directory / f"{device}.log"
        self._log.touch()
        self._sent: set[int] = set()
        self._acknowledged: set[int] = set()
        self._read = 0
        words = [port, device, *arguments]
        filled = [str(self._log if word == "LOG" else word) for word in words]
        self._process = subprocess.Popen([sys.executable, "-m", module, *filled], stdin=subprocess.PIPE)

    def said(self) -> ledger.Said:
        with self._log.open("rb") as log:
            log.seek(self._read)
            news = log.read()
        whole = news[: news.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            (self._sent if line[:1] == b"s" else self._acknowledged).add(int(line[2:]))
        return ledger.Said(frozenset(self._sent), frozenset(self._acknowledged))

    @property
    def finished(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def finish(self) -> None:
        """Let it send what it has held back and wait for its acknowledgements."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=90)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

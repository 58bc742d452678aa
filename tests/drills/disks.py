"""Small disks of memory, which can be filled to the last byte and emptied again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = bytes(1 << 16)


class Disk:
    """A mounted tmpfs at `path`; `fill` takes what is left of it, `release` gives that back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (len(_BLOCK), 4096, 1):
                self._write(ballast.fileno(), size)

    def release(self) -> None:
        self._ballast.unlink(missing_ok=True)

    @staticmethod
    def _write(descriptor: int, size: int) -> None:
        try:
            while os.write(descriptor, _BLOCK[:size]) == size:
                pass
        except OSError:
            return


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """A disk of that size at the empty directory `path`, unmounted afterwards whatever happened. Needs root."""
    path.mkdir(parents=True, exist_ok=True)
    size = f"size={megabytes}m,mode=0755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "bellwether-drill", str(path)], check=True)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def mountable() -> bool:
    """Whether disks can be mounted here: root may, unless a container takes the right away."""
    if os.geteuid() != 0:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "bellwether-drill", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0

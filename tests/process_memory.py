"""What the kernel says of a process's memory; Linux only."""

from pathlib import Path


def peak_rss_mb(pid: int) -> float:
    """The most memory that a process has ever had resident, in 10^6 bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM:"))

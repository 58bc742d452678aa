"""What a plant of the drills says: everything follows from the device's name and the number of the message."""

import zlib

import numpy as np
from numpy.typing import NDArray

METRICS = 4
EVERY_MS = 1000


def values(device: str, numbers: NDArray[np.int64], metric: int) -> NDArray[np.float64]:
    """The value of `m<metric>` in each of the messages."""
    salt = zlib.crc32(device.encode()) % 9973
    return ((numbers * 7919 + salt + metric * 104_729) % 1_000_003 / 8).astype(np.float64)


def body(device: str, number: int, first_ms: int, metrics: int) -> dict[str, object]:
    """The message of that number."""
    one = np.array([number], np.int64)
    said = {f"m{metric}": float(values(device, one, metric)[0]) for metric in range(metrics)}
    return {"timestamp": first_ms + number * EVERY_MS, "values": said}

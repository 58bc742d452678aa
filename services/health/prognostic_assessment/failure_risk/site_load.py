"""What a machine's neighbours say: the same plant, crew, power and weather act on all machines of a site. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats

_SPEAKS = ("history/", "now/stopped/")


def site_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names of a machine's own features, and then of its neighbours'."""
    return (*names, *(f"site/{name}" for name in names if name.startswith(_SPEAKS)))


def with_site_load(names: Sequence[str], rows: Floats, site: NDArray[np.int64]) -> Floats:
    """Features (A, F) and, for each machine, the mean history and stops of its site's other machines.

    site: (A,), numbered from 0. A machine that is alone has neighbours of which nothing is known: zeros.
    """
    own = rows[:, [i for i, name in enumerate(names) if name.startswith(_SPEAKS)]]
    total = np.zeros((int(site.max(initial=-1)) + 1, own.shape[1]))
    np.add.at(total, site, own)
    others = np.bincount(site)[site][:, None] - 1
    mean = np.where(others > 0, (total[site] - own) / np.maximum(others, 1), 0.0)
    return np.concatenate([rows, mean], axis=1)

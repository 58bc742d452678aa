"""What overrides all weights: a standing exception holds health at most at its cap, and says so. Pure.

    site_dark          60   none of a site's sources was heard for seven days in which ingest listened
    guarantee_broken   50   more than the budget of a guarantee is spent, as long as that window lasts

Of several the lowest cap counts. The points that it takes beyond the measures' are its contribution.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from services.health.advisory_generation.machine_conditions import Silence
from services.health.block import Bools, Floats
from services.health.health_assessment.guarantee_work import GuaranteeWork

DARK_HOURS = 7 * 24
CAPS: Mapping[str, float] = {"guarantee_broken": 50.0, "site_dark": 60.0}


def standing(guarantees: GuaranteeWork, silences: Sequence[Silence], whole_days: int) -> dict[str, Bools]:
    """On which of the block's whole days each exception stood at the day's end, shape (whole_days,)."""
    broken = [any(b.breached for b in guarantees.evenings[2 + day]) for day in range(whole_days)]
    return {"guarantee_broken": np.array(broken, dtype=np.bool_), "site_dark": _dark(silences, whole_days)}


def _dark(silences: Sequence[Silence], whole_days: int) -> Bools:
    """Whether any site was dark; a site is one only once it has been heard."""
    last, by_site = 24 * np.arange(1, whole_days + 1) - 1, dict[int, list[Floats]]()
    for silent in silences:
        by_site.setdefault(silent.source.site_id, []).append(silent.hours[last])
    dark = [np.fmin.reduce(hours) >= DARK_HOURS for hours in by_site.values()]
    return np.asarray(np.logical_or.reduce(dark, axis=0) if dark else np.zeros(whole_days), dtype=np.bool_)


def taken(left: Floats, stands: Mapping[str, Bools]) -> dict[str, Floats]:
    """Points that each exception takes a day, given health before it; what a lower cap takes, a higher one does not."""
    found = {}
    for name in sorted(CAPS, key=lambda each: CAPS[each]):
        points = np.where(stands[name], np.maximum(left - CAPS[name], 0.0), 0.0)
        found[name] = points
        left = left - points
    return found

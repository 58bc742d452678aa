"""What a check found."""

from typing import NamedTuple

_CLOCKS_AGREE_S = 2.0


class Finding(NamedTuple):
    """One thing that ingest needs: what was found, and what to do where that will not do (None where it will)."""

    what: str
    said: str
    remedy: str | None = None

    @property
    def ok(self) -> bool:
        """Whether ingest can go on with it."""
        return self.remedy is None


def clock_finding(ahead_s: float, *, uncertain_s: float) -> Finding:
    """ahead_s: by how much this machine's clock is ahead of the database's, known to ± uncertain_s."""
    said = f"{abs(ahead_s):.3f} s {'ahead of' if ahead_s > 0 else 'behind'} the database's"
    if abs(ahead_s) - uncertain_s <= _CLOCKS_AGREE_S:
        return Finding("clock", said)
    return Finding("clock", said, "let both machines follow one NTP server: times of receipt come from this clock")

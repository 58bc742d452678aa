"""What a gateway sends next: a stretch of history while it is behind, what is new while it keeps up. Pure."""

from dataclasses import dataclass

from deploy.local.plants.kinds import HOUR_S

HISTORY_STRETCH_S = 480 * HOUR_S
"""Twenty days of hourly readings are 60 to 90 kB a device and message."""

_BEHIND_S = 300
_BEHIND_INTERVALS = 2


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Readings at the multiples of `interval_s` in [from_s, to_s), Unix seconds; of a gap or of now."""

    from_s: int
    to_s: int
    interval_s: int
    historical: bool


def next_stretch(sent_through_s: int, now_s: int, live_interval_s: int) -> Stretch | None:
    """The stretch due at `now_s` for a gateway that has sent everything before `sent_through_s`; None if nothing is.

    More than five minutes behind is a gap: it is filled in order of time, by the hour, at most twenty days at once.
    """
    if now_s - sent_through_s > max(_BEHIND_S, _BEHIND_INTERVALS * live_interval_s):
        to_s = min((sent_through_s + HISTORY_STRETCH_S) // HOUR_S * HOUR_S, now_s)
        return Stretch(from_s=sent_through_s, to_s=to_s, interval_s=HOUR_S, historical=True)
    to_s = now_s // live_interval_s * live_interval_s + 1
    if to_s <= sent_through_s:
        return None
    return Stretch(from_s=sent_through_s, to_s=to_s, interval_s=live_interval_s, historical=False)

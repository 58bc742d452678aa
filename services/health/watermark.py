"""How far event time has come, and from where an assessment has to go on. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

BUCKET = timedelta(minutes=5)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Span:
    """What one assessment covers: [start, end), from a UTC midnight to a whole bucket. `restart`: from the first data,
    without an earlier state."""

    start: datetime
    end: datetime
    restart: bool


def floor_bucket(at: datetime) -> datetime:
    """The whole bucket at or before `at`, in UTC."""
    hour = floor_hour(at)
    return hour + (at - hour) // BUCKET * BUCKET


def floor_hour(at: datetime) -> datetime:
    """The whole hour at or before `at`, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def floor_day(at: datetime) -> datetime:
    """The UTC midnight at or before `at`."""
    return floor_hour(at).replace(hour=0)


def customer_watermarks(
    sources: Iterable[tuple[int, datetime | None, datetime | None]], *, now: datetime
) -> dict[int, datetime]:
    """For each customer the last whole bucket up to which all its sources have spoken; absent where none ever has.

    sources: customer; the source's newest device clock or tick, None for one never heard, which delays nobody; and
    when its clock last moved by a message (wall time). One that lags a day behind the customer's newest and has told
    nothing new for a day is history: it delays nobody, and what it may still bring is late data.
    """
    told: dict[int, list[tuple[datetime, datetime | None]]] = {}
    for customer_id, through, received_at in sources:
        if through is not None:
            told.setdefault(customer_id, []).append((through, received_at))
    return {customer_id: floor_bucket(_slowest(clocks, now)) for customer_id, clocks in told.items()}


def _slowest(clocks: Sequence[tuple[datetime, datetime | None]], now: datetime) -> datetime:
    newest = max(through for through, _ in clocks)
    return min(
        through
        for through, received_at in clocks
        if newest - through < DAY or (received_at is not None and now - received_at < DAY)
    )


def end_of_assessment(
    *, watermark: datetime, assessed_through: datetime | None, changing_from: datetime | None
) -> datetime:
    """The bucket to assess up to: the watermark, but no bucket anew in which changes still wait to be rolled up.

    What is assessed stays so: when a source joins late and its history draws the watermark back, that history is
    late data for time that is already assessed.
    """
    ready = watermark if changing_from is None else min(watermark, floor_bucket(changing_from))
    return ready if assessed_through is None else max(ready, assessed_through)


def next_span(
    *,
    first_data: datetime,
    end: datetime,
    checkpoints: Sequence[datetime],
    changed_from: datetime | None,
) -> Span | None:
    """What to assess up to `end`; None when no whole hour is there yet.

    checkpoints: the midnights whose state is kept. changed_from: the oldest instant whose data changed since the
    last assessment, None when nothing did. A state is good as long as nothing from before its midnight changed and it
    does not lie ahead of the end; without a good one it starts from the first data.
    """
    usable = [at for at in checkpoints if at <= end and (changed_from is None or at <= changed_from)]
    start = max(usable, default=floor_day(first_data))
    return None if start >= floor_hour(end) else Span(start=start, end=end, restart=not usable)


def parts(span: Span, ages: Iterable[timedelta], longest: timedelta, moves: Iterable[datetime] = ()) -> list[Span]:
    """The span cut at midnights: at each age before its end, where a state is worth keeping, at each move of a machine,
    and nowhere longer than `longest` (whole days). Each part has a whole hour at least."""
    last_midnight = floor_day(span.end)
    cuts = {*(last_midnight - age for age in ages), *moves}
    at = span.start + longest
    while at < span.end:
        cuts.add(at)
        at += longest
    edges = [span.start, *sorted(cut for cut in cuts if span.start < cut < floor_hour(span.end)), span.end]
    return [Span(start=start, end=end, restart=span.restart and start == span.start) for start, end in pairwise(edges)]

"""What moved health and what it lost, in words and bars. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.api.bodies.customers import HealthChange, HealthDay
from services.api.health_changes import signed
from services.api.page import words
from services.api.page.bars import change_bars, lost_bars

_TOLD = 5


@dataclass(frozen=True, kw_only=True)
class Bars:
    """One table of bars: name, picture, figure."""

    caption: str
    rows: Sequence[tuple[str, str, str]]
    note: str


@dataclass(frozen=True, kw_only=True)
class HealthPart:
    """The whole section."""

    sentence: str
    coverage: str
    tables: Sequence[Bars]


def health_part(day: HealthDay | None, change: HealthChange | None) -> HealthPart:
    """What is said of health; without a day of it only that nothing is known."""
    if day is None:
        return HealthPart(sentence="Not known yet: nothing is assessed.", coverage="", tables=[])
    coverage = f"coverage {words.share(day.coverage)}, {day.day.day} {day.day:%b %Y}"
    if day.health is None:
        return HealthPart(sentence="Not known: too little data to judge.", coverage=coverage, tables=[])
    moved = [] if change is None or change.points is None else [_moved(change)]
    sentence = "" if change is None else change.sentence
    return HealthPart(sentence=sentence, coverage=coverage, tables=[*moved, _lost(day)])


def _moved(change: HealthChange) -> Bars:
    parts = [(part.sentence, part.points) for part in change.parts]
    told, rest = parts[:_TOLD], parts[_TOLD:]
    if rest:
        told.append((f"{len(rest)} smaller", sum(points for _, points in rest)))
    before, after = change.health_before or 0.0, change.health_after or 0.0
    bars = change_bars(before, after, [points for _, points in told])
    first, last = change.first_day, change.last_day
    names = [f"{first:%a} {first.day} {first:%b}" if first else "Before", *(name for name, _ in told)]
    names.append(f"{last:%a} {last.day} {last:%b}" if last else "After")
    figures = [f"{before:.0f}", *(signed(points) for _, points in told), f"{after:.0f}"]
    rows = list(zip(names, bars, figures, strict=True))
    return Bars(caption="Change in seven days", rows=rows, note="The axis does not start at nought.")


def _lost(day: HealthDay) -> Bars:
    lost = sorted(((name, points) for name, points in day.contributions.items() if points >= 0.05), key=lambda p: -p[1])
    bars = lost_bars([points for _, points in lost])
    rows = [(words.measure(name), bar, signed(-p)) for (name, p), bar in zip(lost, bars, strict=True)]
    total = sum(points for _, points in lost)
    rows.append((f"100 {words.MINUS} {total:.0f}", "", f"{day.health:.0f}"))
    return Bars(caption="Points lost today", rows=rows, note="")

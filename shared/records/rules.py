"""What must hold among the fields of a row, and among the rows of a file. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from shared.records import fields
from shared.records.fields import ALWAYS, FieldError
from shared.records.rows import FileRule, Row, RowRule, Values
from shared.records.vocabulary import CAUSES, suggestion


def in_order(first: str, last: str, *, strictly: bool = False) -> RowRule:
    """`last` is not before `first` (after it, if strictly), where both are given."""

    def rule(values: Values) -> None:
        begin, end = values[first], values[last]
        if begin is None or end is None:
            return
        if end < begin or (strictly and end == begin):
            word = "not after" if strictly else "before"
            raise FieldError(f"{last} {end} is {word} {first} {begin}", f"correct {first} or {last}")

    return rule


def needs(given: str, *others: str) -> RowRule:
    """Whoever gives `given` gives each of `others` too."""

    def rule(values: Values) -> None:
        if values[given] is None:
            return
        for other in others:
            if values[other] is None:
                raise FieldError(f"{given} without {other}", f"write the {other} that belongs to it")

    return rule


def one_per_id(*names: str) -> FileRule:
    """All versions of one id agree in these fields."""

    def rule(rows: Sequence[Row]) -> Iterator[tuple[Row, FieldError]]:
        first: dict[str, Row] = {}
        for row in rows:
            earlier = first.setdefault(row.values["id"], row)
            for name in names:
                said, before = row.values[name], earlier.values[name]
                if said != before:
                    problem = f"'{row.values['id']}' has {name} '{said}' here and '{before}' in line {earlier.line}"
                    yield row, FieldError(problem, "versions of one id belong together; use another id")

    return rule


def same_said_twice(what: str, *names: str) -> FileRule:
    """No two ids say the same thing for the same time."""

    def rule(rows: Sequence[Row]) -> Iterator[tuple[Row, FieldError]]:
        first: dict[tuple[Any, ...], Row] = {}
        for row in rows:
            key = tuple(row.values[name] for name in names)
            earlier = first.setdefault(key, row)
            if earlier is not row:
                problem = f"{what} stand in line {earlier.line} already, as '{earlier.values['id']}'"
                yield row, FieldError(problem, "keep one, or give the later one a later valid_from")

    return rule


def contained_shifts(rows: Sequence[Row]) -> Iterator[tuple[Row, FieldError]]:
    """A shift within another of the same site adds no time; a hand-over, where two overlap in part, is fine."""
    for row in rows:
        for other in _in_force(rows, row.values["site"], row.values["valid_from"]):
            if other.values["id"] != row.values["id"] and _within(row.values, other.values):
                yield (
                    row,
                    FieldError(
                        f"shift '{row.values['id']}' lies within shift '{other.values['id']}' of line {other.line}",
                        "remove one, or correct its weekdays and times",
                    ),
                )
                break


def _in_force(rows: Sequence[Row], site: str, on: date) -> list[Row]:
    versions: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: row.values["valid_from"]):
        if row.values["site"] == site and row.values["valid_from"] <= on:
            versions[row.values["id"]] = row
    return list(versions.values())


def _within(inner: Values, outer: Values) -> bool:
    begin, end = _minutes(inner)
    outer_begin, outer_end = _minutes(outer)
    return set(inner["weekdays"]) <= set(outer["weekdays"]) and outer_begin <= begin and end <= outer_end


def _minutes(shift: Values) -> tuple[int, int]:
    begin, end = fields.minutes_of(shift["starts_at"]), fields.minutes_of(shift["ends_at"])
    return begin, end if end > begin else end + 24 * 60


def nested_prefixes(rows: Sequence[Row]) -> Iterator[tuple[Row, FieldError]]:
    """No source's topics lie within another's."""
    lines = {row.values["topic_prefix"]: row.line for row in rows}
    for row in rows:
        levels = row.values["topic_prefix"].split("/")
        for n in range(1, len(levels)):
            outer = "/".join(levels[:n])
            if outer in lines:
                problem = f"topic_prefix '{row.values['topic_prefix']}' lies within '{outer}' of line {lines[outer]}"
                yield row, FieldError(problem, "a topic belongs to one source: remove one or make them distinct")


def moves_have_a_day(rows: Sequence[Row]) -> Iterator[tuple[Row, FieldError]]:
    """A placement is a move, and a move has a day; where an asset stood before stands in assets.csv."""
    for row in rows:
        if row.values["valid_from"] == ALWAYS:
            problem = "valid_from is empty"
            yield row, FieldError(problem, "write the day of the move; the first place stands in assets.csv")


def order_ends_after_it_began(values: Values) -> None:
    """An order that says when it ended says so as a moment after its beginning."""
    ends = values["attributes"].get("ends_at")
    if values["kind"] != "order" or ends is None:
        return
    try:
        ended = fields.instant(str(ends))
    except FieldError as exc:
        raise FieldError(f"attributes: ends_at: {exc.problem}", exc.remedy) from exc
    if ended <= values["at"]:
        raise FieldError(f"attributes: ends_at {ends} is not after at", "an order ends after it began")


def cause_is_known(values: Values) -> None:
    """An event that says who caused it uses the words that a guarantee knows."""
    cause = values["attributes"].get("cause")
    if cause is not None and cause not in CAUSES:
        raise FieldError(f"attributes: unknown cause '{cause}'", suggestion(str(cause), CAUSES))

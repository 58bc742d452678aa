"""What we promised in so many words, from events `commitment`: those with one `id` in their attributes are one
commitment, and the newest says what holds. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from shared.records.said_dates import date_said


@dataclass(frozen=True, kw_only=True)
class Commitment:
    """One commitment as it was known on a day; kept_on: None where it was not kept by then."""

    commitment_id: str
    what: str
    made_on: date
    due_on: date | None
    kept_on: date | None

    def days_late(self, day: date) -> int | None:
        """Days after its due date that it was kept, or is open so far; negative before; None without a due date."""
        return None if self.due_on is None else ((self.kept_on or day) - self.due_on).days

    def verdict(self, day: date) -> str:
        """kept, kept_late, due, late, or not_known where it has no due date and is not kept."""
        late = self.days_late(day)
        if self.kept_on is not None:
            return "kept_late" if late is not None and late > 0 else "kept"
        if late is None:
            return "not_known"
        return "late" if late > 0 else "due"


def ledger(told: Iterable[tuple[str, datetime, Mapping[str, object]]], day: date) -> list[Commitment]:
    """All commitments by the day on which they were made. told: name for want of an id, instant and attributes of the
    events before the day's midnight, oldest first."""
    made: dict[str, Commitment] = {}
    for name, at, attributes in told:
        key = str(attributes.get("id", name))
        before = made.get(key)
        kept_on = date_said(attributes, "kept_on")
        what = attributes.get("what", before.what if before else "commitment")
        made[key] = Commitment(
            commitment_id=key,
            what=str(what),
            made_on=before.made_on if before else at.date(),
            due_on=date_said(attributes, "due_on") or (before.due_on if before else None),
            kept_on=kept_on if kept_on is not None and kept_on <= day else None,
        )
    return list(made.values())

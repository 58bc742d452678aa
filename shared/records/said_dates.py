"""Days among an event's attributes."""

from collections.abc import Mapping
from datetime import date


def date_said(attributes: Mapping[str, object], name: str) -> date | None:
    """A day among an event's attributes; None where none is said, or something else than a day: older events were
    stored before their attributes had rules."""
    said = attributes.get(name)
    try:
        return None if said is None else date.fromisoformat(str(said)[:10])
    except ValueError:
        return None

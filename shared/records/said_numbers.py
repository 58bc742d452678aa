"""Numbers in the attributes of events: what the import takes for one is read as that one everywhere. Pure."""

from shared.records.fields import FieldError, number

_any_number = number()


def said_number(value: object) -> float | None:
    """A finite number, in figures or as text; None otherwise, and for yes and no."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return _any_number(str(value))
    except FieldError:
        return None

"""Numbers in what people's systems say: in figures or as text. Pure."""

from math import isfinite


def said_number(value: object) -> float | None:
    """A finite number, in figures or as text; None otherwise, and for yes and no."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) else None

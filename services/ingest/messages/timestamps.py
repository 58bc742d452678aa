"""Unix microseconds, as messages carry them, and instants, as the database does."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(unix_us: int) -> datetime:
    """The instant in UTC; raise OverflowError outside of the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=unix_us)


def microseconds(at: datetime) -> int:
    """Unix µs of an instant."""
    return (at - _EPOCH) // timedelta(microseconds=1)

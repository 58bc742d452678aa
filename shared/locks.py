"""Every advisory lock of the database in one place, so that no two uses share a number by chance."""

from enum import IntEnum


class AdvisoryLock(IntEnum):
    """Keys for pg_advisory_lock and its kin; the numbers mean nothing, but must never change in a running fleet."""

    CHANGE_FEED = 7_270_111_001
    """Held from taking a sequence number to the commit."""
    MIGRATION = 7_270_111_003
    IMPORT = 7_270_111_004
    HEALTH_IN_CHARGE = 7_270_111_005
    """Held by the one process that assesses, as long as its session lives."""
    ROLLUPS = 7_270_111_006
    """Held by whoever writes rollups, so that it can tell which rows are new."""
    REVIEWS_OF = 7_270_112
    """First of two keys, the second a customer's id; pairs are apart from all single keys. Held while one is made."""

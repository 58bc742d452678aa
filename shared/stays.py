"""Where machines stood and until when, as SQL: a stay lasts from its placement to the machine's next one."""

STAYS = "(SELECT *, lead(valid_from) OVER (PARTITION BY asset_id ORDER BY valid_from) AS until FROM placements)"
"""Rows of `placements`, each with the day on which the stay was over, `until`, null for the one that lasts."""


def lasted_on(stay: str, day: str) -> str:
    """SQL for whether a row of STAYS, by its alias, lasted on a day given as SQL."""
    return f"{stay}.valid_from <= {day} AND ({stay}.until IS NULL OR {day} < {stay}.until)"

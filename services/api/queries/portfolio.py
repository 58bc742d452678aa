"""The portfolio as health stored it, with the customers' names."""

from datetime import date
from typing import Any

import psycopg

from services.api.database import rows
from services.api.queries.customers import DEMO
from shared.errors import NotFoundError

_NEWEST = """
SELECT as_of, figure, segment, body FROM portfolio
WHERE as_of = (SELECT max(as_of) FROM portfolio WHERE %(on)s::date IS NULL OR as_of < %(on)s::date + interval '1 day')
ORDER BY segment, figure
"""
_NAMES = f"SELECT customer_id AS id, external_id, name, {DEMO} AS demo FROM customers"


def get_portfolio(conn: psycopg.Connection, on: date | None) -> dict[str, Any]:
    """The newest portfolio, of that day or before where one is given; raise NotFoundError where there is none."""
    found = rows(conn, _NEWEST, {"on": on})
    if not found:
        raise NotFoundError("no portfolio is reckoned yet" if on is None else f"no portfolio of {on} or before")
    names = {each["id"]: each for each in rows(conn, _NAMES, [])}
    figures = {(row["segment"], row["figure"]): row["body"] for row in found}
    segments = sorted({segment for segment, _ in figures})
    return {
        "as_of": found[0]["as_of"],
        "segments": [
            {"segment": name or None, "renewal": figures[name, "renewal"], "fit": figures[name, "fit"]}
            for name in segments
        ],
        "maturity": [
            cell | {"customers": [names[customer] for customer in cell["customers"]]}
            for cell in figures["", "maturity"]["cells"]
        ],
        "satisfaction": _named(figures["", "satisfaction"], names),
        "ranking": _named(figures["", "ranking"], names),
    }


def _named(figure: dict[str, Any], names: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"customer": names[row["customer"]]} for row in figure["customers"]]

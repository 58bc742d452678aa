"""`bellwether review`: make the review of a period, and write it as a page or as JSON."""

import getpass
import json
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from services.api.bodies.reviews import period_problem
from services.api.database import row
from services.api.queries.reviews import make_review
from services.api.review.printing import review_page
from shared.database import connect, storage_errors
from shared.errors import SetupError


def review_command(database_url: str, customer: str, first: date, last: date, *, output: Path | None) -> str:
    """Make the review of whole months for the customer of that external id; return what came of it, in a line.

    output: where to write it, as JSON where the name ends so, else as the page that is printed.
    """
    problem = period_problem(first, last)
    if problem is not None:
        raise SetupError(f"--from {first} --to {last}: {problem}")
    with storage_errors(), connect(database_url, application="review") as conn:
        found = make_review(
            conn, None, _customer(conn, customer), first=first, last=last, now=datetime.now(UTC), by=getpass.getuser()
        )
    made = f"review {found['id']}, version {found['version']} of {first} to {last}"
    if output is None:
        return f"{made}: /customers/{found['customer']['id']}/reviews/{found['id']}"
    if output.suffix == ".json":
        output.write_text(json.dumps(found, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    else:
        page = review_page(found["body"], version=found["version"], made_at=found["made_at"], changed=found["changed"])
        output.write_text(page, encoding="utf-8")
    return f"{made}: wrote {output}"


def _customer(conn: psycopg.Connection, external_id: str) -> int:
    query = "SELECT customer_id, count(*) OVER () AS named FROM customers WHERE external_id = %s"
    found = row(conn, query, [external_id])
    if found is None:
        raise SetupError(f"no customer {external_id!r}: give its id in customers.csv")
    if found["named"] > 1:
        raise SetupError(f"{found['named']} customers are called {external_id!r}: ask by the API, which numbers them")
    number: int = found["customer_id"]
    return number

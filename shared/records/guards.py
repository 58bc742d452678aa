"""What files may not do to what is stored: history stays with the customer who lived it.

Each guard yields the resolved rows that it refuses, with the way that a person can go instead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

from shared.records.differences import Names
from shared.records.fields import ALWAYS, FieldError
from shared.records.rows import Row
from shared.records.store import Stored

Refused = Iterator[tuple[Row, FieldError]]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a guard may look at: the database, the names of rows, and the stored records of the file's kind."""

    conn: psycopg.Connection
    names: Names
    stored: Stored

    def lookup(self, query: LiteralString) -> dict[Any, Any]:
        """A query of two columns as a dict."""
        return dict(self.conn.execute(query).fetchall())


Guard = Callable[[Ground, Sequence[Row]], Refused]

_CUSTOMER_OF_SITE: LiteralString = "SELECT site_id, customer_id FROM sites"


def line_belongs_to_site(ground: Ground, rows: Sequence[Row]) -> Refused:
    """A line stands at one site, and so do a placement and a stop on it."""
    site_of_line = ground.lookup("SELECT line_id, site_id FROM lines")
    for row in rows:
        line, site = row.values["line"], row.values["site"]
        if line is not None and site_of_line[line] != site:
            there = ground.names.name_of("site", site_of_line[line])
            problem = (
                f"line '{ground.names.name_of('line', line)}' belongs to site '{there}',"
                f" not to '{ground.names.name_of('site', site)}'"
            )
            yield row, FieldError(problem, "correct the site or the line")


def site_keeps_customer(ground: Ground, rows: Sequence[Row]) -> Refused:
    """A site that has been placed or bound cannot become another customer's with all its past."""
    used = ground.lookup("SELECT site_id, 1 FROM placements UNION SELECT site_id, 1 FROM sources")
    site_ids = ground.names.ids["site"]
    for row, before in _changed(ground, rows, "customer"):
        if site_ids[row.values["id"]] in used:
            problem = f"site '{row.values['id']}' belongs to customer '{ground.names.name_of('customer', before)}'"
            remedy = "its history stays there: add a new site, and move the assets to it by placements.csv"
            yield row, FieldError(problem, remedy)


def line_keeps_site(ground: Ground, rows: Sequence[Row]) -> Refused:
    """A line on which assets have stood cannot move with all its past."""
    used = ground.lookup("SELECT DISTINCT line_id, 1 FROM placements")
    line_ids = ground.names.ids["line"]
    for row, before in _changed(ground, rows, "site"):
        if line_ids[row.values["id"]] in used:
            problem = f"line '{row.values['id']}' belongs to site '{ground.names.name_of('site', before)}'"
            remedy = "its history stays there: add a new line, and move the assets to it by placements.csv"
            yield row, FieldError(problem, remedy)


def source_keeps_customer(ground: Ground, rows: Sequence[Row]) -> Refused:
    """What a source has said stays with the customer to whom it was assigned."""
    customer_of = ground.lookup(_CUSTOMER_OF_SITE)
    heard = ground.lookup("SELECT topic_prefix, received_at IS NOT NULL FROM sources")
    for row, before in _changed(ground, rows, "site"):
        prefix, site = row.values["topic_prefix"], row.values["site"]
        if before is not None and heard[prefix] and customer_of[before] != customer_of[site]:
            owner = ground.names.name_of("customer", customer_of[before])
            problem = f"source '{prefix}' has sent data as customer '{owner}'"
            remedy = "give the plant a new topic prefix and assign that one to the new site; the old data stay"
            yield row, FieldError(problem, remedy)


def source_is_alone(ground: Ground, rows: Sequence[Row]) -> Refused:
    """No source's topics lie within those of another that is assigned already."""
    here = {row.values["topic_prefix"] for row in rows}
    assigned = {key[0] for key, values in ground.stored.items() if values["site"] is not None} - here
    for row in rows:
        prefix = row.values["topic_prefix"]
        for other in sorted(assigned):
            if prefix.startswith(other + "/") or other.startswith(prefix + "/"):
                problem = f"topic_prefix '{prefix}' overlaps with '{other}', which is assigned already"
                yield row, FieldError(problem, "a topic belongs to one source: make them distinct")


def credential_has_one_customer(ground: Ground, rows: Sequence[Row]) -> Refused:
    """Who can publish as one customer cannot as another."""
    customer_of = ground.lookup(_CUSTOMER_OF_SITE)
    here = {row.values["topic_prefix"] for row in rows}
    first = {
        values["credential"]: (customer_of[values["site"]], f"by '{prefix}'")
        for (prefix,), values in ground.stored.items()
        if prefix not in here and values["credential"] is not None and values["site"] is not None
    }
    for row in rows:
        credential, customer = row.values["credential"], customer_of[row.values["site"]]
        if credential is None:
            continue
        owner, where = first.setdefault(credential, (customer, f"in line {row.line}"))
        if owner != customer:
            theirs = ground.names.name_of("customer", owner)
            problem = f"credential '{credential}' is used {where} for customer '{theirs}'"
            yield row, FieldError(problem, "give each customer a user name or certificate of its own")


def placement_follows_first(ground: Ground, rows: Sequence[Row]) -> Refused:
    """A move comes after the first placement, which assets.csv gives."""
    first = ground.lookup("SELECT asset_id, commissioned_on FROM assets")
    for row in rows:
        commissioned = first[row.values["asset"]]
        if row.values["valid_from"] <= (commissioned or ALWAYS):
            name = ground.names.name_of("asset", row.values["asset"])
            problem = f"asset '{name}' stands where assets.csv says from {commissioned or 'always'} on"
            yield row, FieldError(problem, "write a later valid_from, or correct the place in assets.csv")


def first_placement_is_first(ground: Ground, rows: Sequence[Row]) -> Refused:
    """The day of commissioning lies before every move of the asset."""
    first_move = ground.lookup(
        "SELECT placements.asset_id, min(valid_from) FROM assets JOIN placements USING (asset_id)"
        " WHERE valid_from > coalesce(commissioned_on, date '0001-01-01') GROUP BY placements.asset_id"
    )
    asset_ids = ground.names.ids["asset"]
    for row in rows:
        move, commissioned = first_move.get(asset_ids.get(row.values["id"])), row.values["commissioned_on"]
        if move is not None and commissioned is not None and commissioned >= move:
            problem = f"asset '{row.values['id']}' moves on {move}, before commissioned_on {commissioned}"
            yield row, FieldError(problem, "correct commissioned_on")


def asset_keeps_customer(ground: Ground, rows: Sequence[Row]) -> Refused:
    """An asset whose data are known is sold by a placement with a day, not by correcting its first place."""
    customer_of = ground.lookup(_CUSTOMER_OF_SITE)
    bound = ground.lookup("SELECT DISTINCT asset_id, 1 FROM bindings")
    asset_ids = ground.names.ids["asset"]
    for row, before in _changed(ground, rows, "site"):
        if asset_ids[row.values["id"]] in bound and customer_of[before] != customer_of[row.values["site"]]:
            owner = ground.names.name_of("customer", customer_of[before])
            problem = f"asset '{row.values['id']}' began at customer '{owner}'"
            yield row, FieldError(problem, "write the day of the move and the new site into placements.csv")


def binding_stays_with_customer(ground: Ground, rows: Sequence[Row]) -> Refused:
    """A device of one customer's source cannot speak for another customer's asset."""
    site_of_source = ground.lookup("SELECT source_id, site_id FROM sources")
    customer_of = ground.lookup(_CUSTOMER_OF_SITE)
    placements = ground.conn.execute("SELECT asset_id, valid_from, site_id FROM placements ORDER BY valid_from")
    places: dict[int, list[tuple[Any, int]]] = {}
    for asset, valid_from, site in placements:
        places.setdefault(asset, []).append((valid_from, site))
    for row in rows:
        values = row.values
        site = site_of_source[values["topic_prefix"]]
        source = ground.names.name_of("source", values["topic_prefix"])
        if site is None:
            yield row, FieldError(f"source '{source}' is assigned to no site", "add it to sources.csv")
            continue
        day = values["valid_from"].date()
        stands = [site for valid_from, site in places[values["asset"]] if valid_from <= day] or [
            places[values["asset"]][0][1]
        ]
        if customer_of[stands[-1]] != customer_of[site]:
            owners = [ground.names.name_of("customer", customer_of[place]) for place in (stands[-1], site)]
            problem = (
                f"asset '{ground.names.name_of('asset', values['asset'])}' is at customer '{owners[0]}' then,"
                f" and source '{source}' belongs to '{owners[1]}'"
            )
            yield row, FieldError(problem, "correct the asset, the source or valid_from")


def _changed(ground: Ground, rows: Sequence[Row], field: str) -> Iterator[tuple[Row, Any]]:
    for row in rows:
        before = ground.stored.get((row.values["id"],) if "id" in row.values else (row.values["topic_prefix"],))
        if before is not None and before[field] != row.values[field]:
            yield row, before[field]


GUARDS: dict[str, tuple[Guard, ...]] = {
    "sites": (site_keeps_customer,),
    "lines": (line_keeps_site,),
    "planned_stops": (line_belongs_to_site,),
    "assets": (line_belongs_to_site, first_placement_is_first, asset_keeps_customer),
    "placements": (line_belongs_to_site, placement_follows_first),
    "sources": (source_keeps_customer, source_is_alone, credential_has_one_customer),
    "bindings": (binding_stays_with_customer,),
}

"""Reading and writing as somebody who asks: the role whose row security shows the customers that are named."""

import psycopg

_AS_ASKER = "SELECT set_config('role', 'bellwether_api', true), set_config('bellwether.customers', %s, true)"


def become_asker(conn: psycopg.Connection, customers: list[int] | None) -> None:
    """For the rest of the transaction, see these customers alone (None: all)."""
    conn.execute(_AS_ASKER, ["all" if customers is None else ",".join(map(str, customers))])

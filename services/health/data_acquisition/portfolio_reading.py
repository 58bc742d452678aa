"""Read what the portfolio is reckoned from: records, events and stored figures of all customers."""

from collections.abc import Mapping

import psycopg
from psycopg.rows import class_row

from services.health.portfolio.portfolio_rows import (
    ContractVersion,
    MonthOfStops,
    MonthOfValue,
    Placed,
    PortfolioCustomer,
    PortfolioRows,
    RenewalRisk,
    Room,
    Told,
)
from shared.stays import STAYS, lasted_on

_CUSTOMERS = "SELECT customer_id, name, segment FROM customers ORDER BY customer_id"
_CONTRACTS = """
SELECT customer_id, external_id AS contract, valid_from, signed_on, starts_on, ends_on,
       annual_value::float8, currency
FROM contracts ORDER BY customer_id, contract, valid_from
"""
# Where an asset stood says whose event it was.
_TOLD = """
SELECT customer_id, at, kind, attributes FROM (
    SELECT CASE scope_type WHEN 'customer' THEN scope_id
           WHEN 'site' THEN (SELECT customer_id FROM sites WHERE site_id = scope_id)
           WHEN 'line' THEN (SELECT customer_id FROM lines JOIN sites USING (site_id) WHERE line_id = scope_id)
           ELSE (SELECT customer_id FROM placements p JOIN sites USING (site_id)
                 WHERE p.asset_id = scope_id AND p.valid_from <= at::date ORDER BY p.valid_from DESC LIMIT 1) END
           AS customer_id, at, kind, attributes, record_source, external_id
    FROM events WHERE kind IN ('renewal', 'work_order', 'touchpoint', 'survey')) e
WHERE customer_id IS NOT NULL ORDER BY at, record_source, external_id
"""
_PLACED = f"""
SELECT customer_id, asset_id, commissioned_on, valid_from AS since, until
FROM {STAYS} p
JOIN sites USING (site_id) JOIN assets USING (asset_id) ORDER BY asset_id, valid_from
"""
# A sum of what is known in part would be too small, and one of several currencies would mean nothing.
_VALUES = """
SELECT customer_id, month,
       CASE WHEN count(*) = count(hours_avoided) THEN sum(hours_avoided) END AS hours_avoided,
       CASE WHEN count(*) = count(money) AND count(DISTINCT currency) = 1 THEN sum(money) END AS money,
       CASE WHEN count(*) = count(net) AND count(DISTINCT currency) = 1 THEN sum(net) END AS net,
       CASE WHEN count(*) = count(promised_money) AND count(DISTINCT currency) = 1 THEN sum(promised_money) END
       AS promised_money,
       CASE WHEN count(DISTINCT currency) = 1 THEN min(currency) END AS currency
FROM value_monthly GROUP BY customer_id, month ORDER BY customer_id, month
"""
_STOPS = f"""
SELECT customer_id, date_trunc('month', day)::date AS month, sum(supplier_down_s) / 3600 AS supplier_down_h,
       sum(pbt_s - unknown_s) / 3600 AS known_h
FROM times_daily t
JOIN {STAYS} p ON p.asset_id = t.asset_id AND {lasted_on("p", "t.day")}
JOIN sites USING (site_id) GROUP BY 1, 2 ORDER BY 1, 2
"""
_RISKS = """
SELECT s.customer_id, k.external_id AS contract, day, value AS risk FROM signals s
LEFT JOIN contracts k ON s.scope_type = 'contract' AND k.contract_id = s.scope_id
WHERE kind = 'renewal_risk' AND value IS NOT NULL ORDER BY s.customer_id, day, s.scope_type, s.scope_id
"""
_ROOMS = """
SELECT customer_id, day, (evidence->>'room')::boolean AS room FROM signals
WHERE kind = 'trend' AND scope_type = 'customer' AND evidence ? 'room' ORDER BY customer_id, day
"""
_SUM = "SELECT md5(string_agg(said::text, '|')) FROM ({query}) said"
_SUMS_OF_MONTHS = f"""
SELECT to_char(at, 'YYYY-MM-01'), md5(string_agg(said::text, '|' ORDER BY said::text)) FROM ({_TOLD}) said GROUP BY 1
"""


def read_contracts(conn: psycopg.Connection) -> list[ContractVersion]:
    """All versions of all contracts."""
    return conn.cursor(row_factory=class_row(ContractVersion)).execute(_CONTRACTS).fetchall()


def read_told(conn: psycopg.Connection) -> list[Told]:
    """All events that the portfolio looks at, renewals among them."""
    return conn.cursor(row_factory=class_row(Told)).execute(_TOLD).fetchall()


def read_portfolio_rows(conn: psycopg.Connection) -> PortfolioRows:
    """All of it, in an order that does not depend on when it was said."""
    customers: Mapping[int, PortfolioCustomer] = {
        customer: PortfolioCustomer(name=name, segment=segment) for customer, name, segment in conn.execute(_CUSTOMERS)
    }
    return PortfolioRows(
        customers=customers,
        contracts=read_contracts(conn),
        told=read_told(conn),
        values=conn.cursor(row_factory=class_row(MonthOfValue)).execute(_VALUES).fetchall(),
        placed=conn.cursor(row_factory=class_row(Placed)).execute(_PLACED).fetchall(),
        stops=conn.cursor(row_factory=class_row(MonthOfStops)).execute(_STOPS).fetchall(),
        risks=conn.cursor(row_factory=class_row(RenewalRisk)).execute(_RISKS).fetchall(),
        rooms=conn.cursor(row_factory=class_row(Room)).execute(_ROOMS).fetchall(),
    )


def sums_of_records(conn: psycopg.Connection) -> dict[str, str]:
    """Checksums of the records that the portfolio is reckoned from, by month (its first day) of events, and `` of all
    else, which may have been so for ever."""
    records = (conn.execute(_SUM.format(query=query)).fetchone() for query in (_CUSTOMERS, _CONTRACTS, _PLACED))
    return {"": "/".join(str(row[0]) for row in records if row is not None), **dict(conn.execute(_SUMS_OF_MONTHS))}

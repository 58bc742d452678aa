"""Replay stored history in memory; nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from services.health.advisory_generation.alert_kinds import KINDS
from services.health.assess import Assessment
from services.health.assessment import Episode
from services.health.backtest.budgets import BudgetReport, budget_report
from services.health.customer_assessment import AssessmentLimits, assessed
from services.health.data_acquisition.record_reading import read_records
from services.health.data_acquisition.source_reading import first_data, read_sources
from services.health.track_record.controls import shuffled_precision
from services.health.track_record.gathering import FleetRows, OpenedAlert, history_of
from services.health.track_record.record import Record, record
from services.health.watermark import Span, floor_day
from shared.errors import SetupError

_CUSTOMERS = """
SELECT customer_id, external_id, assessed_through FROM customers JOIN model_states USING (customer_id)
WHERE %(asked)s::text[] IS NULL OR external_id = ANY(%(asked)s) ORDER BY customer_id
"""


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What [since, until) would have brought. stated: alerts of kinds that state what was measured, by kind.

    shuffled: by kind, the precision of alerts that are judged by other scopes' outcomes.
    """

    since: datetime
    until: datetime
    customers: int
    records: dict[str, Record]
    shuffled: dict[str, float | None]
    stated: dict[str, int]
    budget: BudgetReport


def assessed_customers(conn: psycopg.Connection, asked: Sequence[str] | None) -> dict[int, datetime]:
    """How far each customer is assessed, of those asked for by their own ids; raise SetupError for an unknown one."""
    rows = conn.execute(_CUSTOMERS, {"asked": None if asked is None else list(asked)}).fetchall()
    unknown = set(asked or ()) - {external_id for _, external_id, _ in rows}
    if unknown:
        raise SetupError(f"no customer {', '.join(sorted(unknown))} is assessed in this database")
    return {customer_id: through for customer_id, _, through in rows}


def replayed(
    conn: psycopg.Connection, customers: dict[int, datetime], until: datetime, limits: AssessmentLimits
) -> Iterator[tuple[int, Assessment | None]]:
    """Each customer with its assessment from its first data up to `until`; None where it has no data before.

    What people did to alerts is left out: these are the alerts that the engine raises by itself. Every hour is
    assessed from the hours before it, as when it was lived.
    """
    for customer_id, through in customers.items():
        records, sources = read_records(conn, customer_id), read_sources(conn, customer_id)
        first, end = first_data(sources), min(until, floor_day(through))
        if first is None or floor_day(first) >= end:
            yield customer_id, None
        else:
            span = Span(start=floor_day(first), end=end, restart=True)
            yield customer_id, assessed(conn, records, sources, span, (), (), limits)[0]


def judged(found: dict[int, Assessment], customers: dict[int, datetime], since: datetime, until: datetime) -> Backtest:
    """The alerts that opened, and the outcomes that came, in [since, until), as they stand at its end. Pure."""
    rows = FleetRows(
        alerts=[_opened(customer, episode) for customer, said in found.items() for episode in said.episodes],
        outcomes=[(customer, row) for customer, said in found.items() for row in said.outcomes],
        forecasts=[(customer, row) for customer, said in found.items() for row in said.forecasts],
        unseen=[
            (customer, row.asset_id, row.day)
            for customer, said in found.items()
            for row in said.times
            if row.pbt_s > 0 and row.unknown_s > row.pbt_s / 2
        ],
        through={customer: min(until, floor_day(through)) for customer, through in customers.items()},
    )
    records, shuffled, stated = {}, {}, {}
    for kind in KINDS.values():
        if kind.outcome_test is not None:
            history = history_of(kind.name, kind.outcome_test, rows)
            told = record(kind.outcome_test, kind.forecast_days, history, until, since.timestamp())
            records[kind.name] = told
            shuffled[kind.name] = shuffled_precision(kind.outcome_test, history, until, since.timestamp())
        else:
            stated[kind.name] = sum(a.kind == kind.name and since <= a.opened_at < until for a in rows.alerts)
    episodes = {customer: said.episodes for customer, said in found.items()}
    return Backtest(
        since=since,
        until=until,
        customers=len(found),
        records=records,
        shuffled=shuffled,
        stated=stated,
        budget=budget_report(episodes, rows, since, until),
    )


def _opened(customer_id: int, episode: Episode) -> OpenedAlert:
    life = episode.life
    return OpenedAlert(
        customer_id=customer_id,
        kind=episode.kind,
        scope_type=episode.scope_type,
        scope_id=episode.scope_id,
        opened_at=life.opened_at or life.pending_since,
        ended_at=life.resolved_at,
        resolution=None if life.resolution is None else str(life.resolution),
        expected_at=None if episode.issued is None else episode.issued.expected_at,
    )

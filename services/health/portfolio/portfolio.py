"""All figures of the portfolio as of an instant. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from services.health.portfolio.contract_lives import ContractLife, contract_lives
from services.health.portfolio.customer_year import CustomerYear, customer_years
from services.health.portfolio.fit import against_others, fit
from services.health.portfolio.maturity import maturity
from services.health.portfolio.portfolio_rows import ALL, PortfolioRow, PortfolioRows
from services.health.portfolio.ranking import ranking
from services.health.portfolio.renewal import renewal
from services.health.portfolio.satisfaction import satisfaction
from services.health.watermark import floor_day


def portfolio_instants(first: datetime, through: datetime) -> list[datetime]:
    """The first midnight (UTC) of each month after `first` up to `through`, and the last midnight."""
    newest, at = floor_day(through), floor_day(first).replace(day=1)
    found = []
    while (at := _next_month(at)) < newest:
        found.append(at)
    return [*found, newest]


def _next_month(at: datetime) -> datetime:
    return at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)


def portfolio(rows: PortfolioRows, as_of: datetime) -> Iterator[PortfolioRow]:
    """Every figure as of a UTC midnight: of all customers, and those by segment of each segment too."""
    day = as_of.date()
    lives = contract_lives(rows.contracts, rows.told, day)
    years = customer_years(rows, day)
    segments = sorted({c.segment for c in rows.customers.values() if c.segment})
    whose = {customer: who.segment for customer, who in rows.customers.items()}
    lives_of, years_of = _by_segment(lives, whose), _years_by_segment(years, whose)
    yield _row(as_of, "renewal", ALL, renewal(lives, day))
    yield _row(as_of, "fit", ALL, fit(list(years.values())))
    for segment in segments:
        own = years_of[segment]
        others = [year for name, some in years_of.items() if name != segment for year in some]
        compared = against_others(own, others, len(segments))
        yield _row(as_of, "renewal", segment, renewal(lives_of[segment], day))
        yield _row(as_of, "fit", segment, fit(own) | {"against_others": compared})
    yield _row(as_of, "maturity", ALL, maturity(rows, lives, day))
    yield _row(as_of, "satisfaction", ALL, satisfaction(rows, years, day))
    yield _row(as_of, "ranking", ALL, ranking(rows, lives, day))


def _row(as_of: datetime, figure: str, segment: str, body: dict[str, object]) -> PortfolioRow:
    return PortfolioRow(as_of=as_of, figure=figure, segment=segment, body=body)


def _by_segment(lives: Iterable[ContractLife], whose: dict[int, str | None]) -> dict[str | None, list[ContractLife]]:
    found: dict[str | None, list[ContractLife]] = defaultdict(list)
    for life in lives:
        found[whose[life.customer_id]].append(life)
    return found


def _years_by_segment(
    years: dict[int, CustomerYear], whose: dict[int, str | None]
) -> dict[str | None, list[CustomerYear]]:
    found: dict[str | None, list[CustomerYear]] = defaultdict(list)
    for customer, year in years.items():
        found[whose[customer]].append(year)
    return found

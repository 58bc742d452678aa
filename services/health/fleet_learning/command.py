"""`bellwether learn`: learn now, and say what came of it."""

from datetime import UTC, datetime

from rich.console import Console
from rich.progress import track
from rich.table import Table

from services.health.fleet_learning.refit import Learned, learn_type, read_fleets
from services.health.watermark import floor_day
from shared.database import connect, storage_errors
from shared.errors import SetupError


def learn_command(database_url: str, through: datetime | None) -> None:
    """Learn every type up to a UTC midnight, the newest that its whole fleet has passed where none is given."""
    with storage_errors(), connect(database_url, application="learn") as conn:
        conn.autocommit = True
        known = read_fleets(conn)
        if not known:
            raise SetupError("there is nothing to learn from yet: no machine with condition metrics is assessed")
        late = {name: fleet.through for name, fleet in known.items() if through is not None and through > fleet.through}
        if late:
            name, at = next(iter(late.items()))
            raise SetupError(f"{name} is assessed through {at.astimezone(UTC):%Y-%m-%d} only")
        asked = track(known.items(), "learning", console=Console(stderr=True), transient=True)
        found = [learn_type(conn, name, fleet, through or floor_day(fleet.through)) for name, fleet in asked]
    _print(found)


def _print(found: list[Learned]) -> None:
    table = Table("type", "through", "lives", "failures", "error", "by age", "by mean", "skill")
    for said in found:
        row = [said.asset_type, f"{said.through:%Y-%m-%d}", str(said.lives), str(said.failures)]
        if said.model is None:
            table.add_row(*row, "", "", "", "not known yet: too few failures")
            continue
        skill = said.model.skill
        errors = [f"{days:.1f} d" for days in (skill.error, skill.error_by_age, skill.error_constant)]
        verdict = "demonstrated" if skill.demonstrated else "none"
        table.add_row(*row, *errors, verdict if said.new else f"{verdict}; a model of that day is kept already")
    Console().print(table)

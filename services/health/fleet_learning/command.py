"""`bellwether learn`: learn now, and say what came of it."""

from datetime import UTC, datetime

from rich.console import Console
from rich.progress import track
from rich.table import Table

from services.health.fleet_learning.refit import Learned, learn_type, read_fleets
from services.health.fleet_learning.stored_models import LIFE, PEERS, RENEWALS, RISK, VERSIONS, Model
from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.prognostic_assessment.renewal_model import RenewalModel
from services.health.watermark import floor_day
from shared.database import connect, storage_errors
from shared.errors import SetupError


def learn_command(database_url: str, through: datetime | None) -> None:
    """Learn every kind and type up to a UTC midnight; without one, the newest that its whole fleet has passed."""
    with storage_errors(), connect(database_url, application="learn") as conn:
        conn.autocommit = True
        known = {(kind, name): fleet for kind in VERSIONS for name, fleet in read_fleets(conn, kind).items()}
        if not known:
            raise SetupError("there is nothing to learn from yet: no machine is assessed")
        late = [(name, f.through) for (_, name), f in known.items() if through is not None and through > f.through]
        if late:
            name, at = late[0]
            raise SetupError(f"{name or 'the fleet'} is assessed through {at.astimezone(UTC):%Y-%m-%d} only")
        asked = track(known.items(), "learning", console=Console(stderr=True), transient=True)
        found = [learn_type(conn, *of, fleet, through or floor_day(fleet.through)) for of, fleet in asked]
    _print(found)


def _print(found: list[Learned]) -> None:
    table = Table("model", "type", "through", "learned from", "failures", "on machines not seen", "skill")
    for said in found:
        of = f"{said.machines} {_LEARNED_FROM[said.kind]}"
        row = [said.kind, said.asset_type, f"{said.through:%Y-%m-%d}", of, str(said.failures)]
        if said.model is None:
            table.add_row(*row, "", _WHY_NOT[said.kind])
            continue
        shown, verdict = _shown(said.model)
        table.add_row(*row, shown, verdict if said.new else f"{verdict}; a model of that day is kept already")
    Console().print(table)


_TOO_FEW = "not known yet: too few failures, or nothing foretells them"
_WHY_NOT = {
    LIFE: _TOO_FEW,
    RISK: _TOO_FEW,
    PEERS: "too few customers let themselves be compared",
    RENEWALS: "no contract with known signs came due",
}
_LEARNED_FROM = {LIFE: "lives", RISK: "machines", PEERS: "customers", RENEWALS: "contracts"}


def _shown(model: Model) -> tuple[str, str]:
    if isinstance(model, PeerModel):
        return "", f"levels of {len(model.customers)} customers"
    if isinstance(model, RenewalModel):
        return "", f"{model.lost} lost; {model.prior:.0%} where no sign speaks"
    return _life(model) if isinstance(model, LifeModel) else _risk(model)


def _life(model: LifeModel) -> tuple[str, str]:
    skill = model.skill
    days = f"wrong by {skill.error:.1f} d; age {skill.error_by_age:.1f} d, mean {skill.error_constant:.1f} d"
    return days, "demonstrated" if skill.demonstrated else "none"


def _risk(model: RiskModel) -> tuple[str, str]:
    lost, act = f"logarithmic score {model.risk.score:.2f} of the average's", model.risk.act
    if act is None:
        return lost, "a signal; no alarm keeps its promise"
    return f"{lost}; alarm: precision {act.precision:.2f}, recall {act.recall:.2f}", "demonstrated"

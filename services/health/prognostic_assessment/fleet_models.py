"""What a customer's machines are judged by: all models of their types. Pure."""

from dataclasses import dataclass

from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel


@dataclass(frozen=True, kw_only=True)
class FleetModels:
    """Models of remaining life, of the risk of failure and of what other customers reach, of any type and age."""

    lives: tuple[LifeModel, ...] = ()
    risks: tuple[RiskModel, ...] = ()
    peers: tuple[PeerModel, ...] = ()


NO_MODELS = FleetModels()

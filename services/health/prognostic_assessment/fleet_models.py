"""What a customer is judged by: all models of its machines' types, and of renewals. Pure."""

from dataclasses import dataclass

from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.prognostic_assessment.renewal_model import RenewalModel


@dataclass(frozen=True, kw_only=True)
class FleetModels:
    """Models of remaining life, of the risk of failure and of what other customers reach, of any type and age, and of
    what contracts that came due taught."""

    lives: tuple[LifeModel, ...] = ()
    risks: tuple[RiskModel, ...] = ()
    peers: tuple[PeerModel, ...] = ()
    renewals: tuple[RenewalModel, ...] = ()


NO_MODELS = FleetModels()

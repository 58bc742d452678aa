"""A failure risk that was learned from one type's machines up to a day, as it is kept. Pure."""

from dataclasses import dataclass

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.failure_risk.learning import FailureRisk, risk

LAYOUT_VERSION = 2  # of RiskModel and of the features it reads


@dataclass(frozen=True, kw_only=True)
class RiskModel:
    """What was learned from one type's failures up to `learned_through`, in days since 1970-01-01."""

    asset_type: str
    learned_through: float
    risk: FailureRisk

    def told(self, features: Floats, covered: Bools) -> Floats:
        """P(failure within each horizon) of features (N, F) that its view saw, (N, K)."""
        return risk(self.risk, features, covered)

    @property
    def skill(self) -> dict[str, object]:
        """What it did on machines that it had not seen."""
        act = self.risk.act
        shown = (
            None
            if act is None
            else {
                "within_h": float(self.risk.horizons_h[act.horizon]),
                "precision": act.precision,
                "recall": act.recall,
                "failures": act.failures,
            }
        )
        return {"logarithmic_score": self.risk.score, "act": shown}

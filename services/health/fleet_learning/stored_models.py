"""Models in the database, by kind, by type and by how far they were learned."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from services.health.prognostic_assessment import peer_levels, renewal_model
from services.health.prognostic_assessment.failure_risk import risk_model
from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel
from services.health.prognostic_assessment.fleet_models import FleetModels
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.prognostic_assessment.remaining_life import life_model
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.prognostic_assessment.renewal_model import RenewalModel

LIFE, RISK, PEERS, RENEWALS = "remaining_life", "failure_risk", "peers", "renewals"
NO_TYPE = ""
"""The type of a model of customers, whatever machines they have."""
VERSIONS = {
    LIFE: life_model.LAYOUT_VERSION,
    RISK: risk_model.LAYOUT_VERSION,
    PEERS: peer_levels.LAYOUT_VERSION,
    RENEWALS: renewal_model.LAYOUT_VERSION,
}
Model = LifeModel | RiskModel | PeerModel | RenewalModel

_READ = """
SELECT body FROM models WHERE kind = %s AND layout_version = %s AND body IS NOT NULL AND asset_type = ANY(%s)
ORDER BY asset_type, learned_through
"""
_WRITE = """
INSERT INTO models (kind, asset_type, learned_through, layout_version, body, skill)
VALUES (%(kind)s, %(type)s, %(through)s, %(version)s, %(body)s, %(skill)s)
ON CONFLICT (kind, asset_type, learned_through, layout_version)
DO UPDATE SET body = excluded.body, skill = excluded.skill
WHERE ROW (models.body, models.skill) IS DISTINCT FROM ROW (excluded.body, excluded.skill)
"""
_BODY = """
SELECT body FROM models
WHERE kind = %(kind)s AND asset_type = %(type)s AND learned_through = %(through)s AND layout_version = %(version)s
"""
# What was assessed beyond the model's date is assessed again with it, as if it had been known then.
_DUE = """
INSERT INTO assessments_due (customer_id, changed_from, due_since, received_at)
SELECT customer_id, %(through)s::timestamptz, now(), now()
FROM model_states m WHERE m.assessed_through > %(through)s AND EXISTS ({whom})
ON CONFLICT (customer_id) DO UPDATE SET changed_from = least(assessments_due.changed_from, excluded.changed_from)
"""
_OF_TYPE = """
SELECT FROM assets a JOIN asset_types t USING (asset_type_id) JOIN placements USING (asset_id)
JOIN sites USING (site_id) WHERE sites.customer_id = m.customer_id AND t.name = %(type)s
"""
_WITH_CONTRACT = "SELECT FROM contracts c WHERE c.customer_id = m.customer_id"


@dataclass(frozen=True, kw_only=True)
class Known:
    """How much anything tells of a type before a model's date: where it grows, a history was still being filled in."""

    days: int
    failures: int


@dataclass(frozen=True, kw_only=True)
class KnownPeers:
    """The same of a type's levels: known machine days, and whose they are."""

    days: int
    customers: list[int]


@dataclass(frozen=True, kw_only=True)
class KnownRenewals:
    """The same of renewals: contracts that came due with signs, those lost, and the sum of all their signs."""

    contracts: int
    lost: int
    signs: float


KnownBefore = Known | KnownPeers | KnownRenewals


def read_models(conn: psycopg.Connection, asset_types: Sequence[str]) -> FleetModels:
    """All models of some types, and of renewals, in this code's layout, each type's oldest first."""

    def bodies(kind: str) -> list[bytes]:
        asked = [NO_TYPE] if kind == RENEWALS else list(asset_types)
        return [body for (body,) in conn.execute(_READ, [kind, VERSIONS[kind], asked])]

    return FleetModels(
        lives=tuple(msgspec.msgpack.decode(body, type=LifeModel) for body in bodies(LIFE)),
        risks=tuple(msgspec.msgpack.decode(body, type=RiskModel, dec_hook=_decoded) for body in bodies(RISK)),
        peers=tuple(msgspec.msgpack.decode(body, type=PeerModel) for body in bodies(PEERS)),
        renewals=tuple(msgspec.msgpack.decode(body, type=RenewalModel) for body in bodies(RENEWALS)),
    )


def save_model(
    conn: psycopg.Connection,
    kind: str,
    asset_type: str,
    through: datetime,
    model: Model | None,
    known: KnownBefore,
) -> bool:
    """Store what was learned, or that the failures were too few, in the caller's transaction.

    Returns whether it says something else than what was stored before.
    """
    row = {
        "kind": kind,
        "type": asset_type,
        "through": through,
        "version": VERSIONS[kind],
        "body": None if model is None else msgspec.msgpack.encode(model, enc_hook=_encoded),
        "skill": Jsonb(skill_of(model) | {"known": asdict(known)}),
    }
    stored = conn.execute(_BODY, row).fetchone()
    conn.execute(_WRITE, row)
    new = stored is None or stored[0] != row["body"]
    if new and (model is not None or (stored is not None and stored[0] is not None)):
        conn.execute(_DUE.format(whom=_WITH_CONTRACT if kind == RENEWALS else _OF_TYPE), row)
    return new


def skill_of(model: Model | None) -> dict[str, object]:
    """What a model showed on machines that it had not seen."""
    if model is None:
        return {}
    return asdict(model.skill) if isinstance(model, LifeModel) else model.skill


def _encoded(value: object) -> object:
    if isinstance(value, np.ndarray):
        return {"shape": value.shape, "values": value.ravel().tolist()}
    raise TypeError(f"a model holds a {type(value).__name__}")


def _decoded(_type: type, value: dict[str, Any]) -> object:
    return np.array(value["values"], dtype=np.float64).reshape(value["shape"])

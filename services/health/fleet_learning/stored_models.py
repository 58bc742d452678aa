"""Models in the database, by type and by how far they were learned: one that is stored never changes."""

from dataclasses import asdict
from datetime import datetime

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from services.health.prognostic_assessment.remaining_life.life_model import LAYOUT_VERSION, LifeModel

KIND = "remaining_life"
_READ = """
SELECT body FROM models WHERE kind = %s AND layout_version = %s AND body IS NOT NULL
ORDER BY asset_type, learned_through
"""
_WRITE = """
INSERT INTO models (kind, asset_type, learned_through, layout_version, body, skill)
VALUES (%(kind)s, %(type)s, %(through)s, %(version)s, %(body)s, %(skill)s)
ON CONFLICT (kind, asset_type, learned_through, layout_version)
DO UPDATE SET body = excluded.body, skill = excluded.skill WHERE models.body IS NULL
"""
# What was assessed beyond the model's date is assessed again with it, as if it had been known then.
_DUE = """
INSERT INTO assessments_due (customer_id, changed_from, due_since, received_at)
SELECT DISTINCT customer_id, %(through)s::timestamptz, now(), now()
FROM assets a JOIN asset_types t USING (asset_type_id) JOIN placements USING (asset_id) JOIN sites USING (site_id)
JOIN model_states m USING (customer_id) WHERE t.name = %(type)s AND m.assessed_through > %(through)s
ON CONFLICT (customer_id) DO UPDATE SET changed_from = least(assessments_due.changed_from, excluded.changed_from)
"""


def read_models(conn: psycopg.Connection) -> tuple[LifeModel, ...]:
    """All models in this code's layout, each type's oldest first."""
    rows = conn.execute(_READ, [KIND, LAYOUT_VERSION]).fetchall()
    return tuple(msgspec.msgpack.decode(body, type=LifeModel) for (body,) in rows)


def save_model(
    conn: psycopg.Connection,
    asset_type: str,
    through: datetime,
    model: LifeModel | None,
    failures: int,
    *,
    reported: int,
) -> bool:
    """Store what was learned, or that the failures were too few, in the caller's transaction; false if it was known.

    failures: that ended a life. reported: that anything tells of.
    """
    row = {
        "kind": KIND,
        "type": asset_type,
        "through": through,
        "version": LAYOUT_VERSION,
        "body": None if model is None else msgspec.msgpack.encode(model),
        "skill": Jsonb({"failures": failures, "reported": reported} if model is None else asdict(model.skill)),
    }
    new = conn.execute(_WRITE, row).rowcount > 0
    if new and model is not None:
        conn.execute(_DUE, row)
    return new

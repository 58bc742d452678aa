"""A customer's business as its machines show it, what it could recover, and a baseline that waits for an answer."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from services.api.bodies.lists import Body, MoneyRange


class Business(Body):
    """What the customer asks of its machines; only of one whose `data_use` names business_trend."""

    as_of: date
    mode: Annotated[str | None, Field(description="ramp, grow, steady, adapt or contract; null where not known.")]
    of_a_year_ago: Annotated[
        float | None, Field(description="Asked in the last three months as a share of the same ones a year before.")
    ]
    evidence: dict[str, Any]


class MovedFigure(Body):
    """A figure that lies elsewhere than before, in its unit."""

    what: str
    unit: str
    before: float
    since: float


class BaselineProposal(Body):
    """A new baseline that waits for an answer, an event `baseline`; value keeps the old one until then."""

    proposed_on: date
    since: Annotated[date, Field(description="From when on the world is another.")]
    changed: list[MovedFigure]


class Range(Body):
    """A figure with what its uncertainty allows, at 90 %."""

    value: float
    low: float
    high: float


class Loss(Body):
    """One loss of the machines of a type beyond what the best peers lose, a year."""

    asset_type: str
    category: Annotated[str, Field(description="supplier_down, …, effectiveness_loss or quality_loss.")]
    share: Annotated[float, Field(description="Of known planned time, in the last twelve months.")]
    best_share: Annotated[float, Field(description="Mean of the best fifth of the peers, of three at least.")]
    median_share: float
    peers: Annotated[int, Field(description="How many others there are; never fewer than five.")]
    hours: Range
    units: Annotated[Range | None, Field(description="Null where nobody counts them.")]
    money: Annotated[MoneyRange | None, Field(description="Null where any of it is unknown.")]


class RecoverableLoss(Body):
    """The largest losses first; none where too few peers let themselves be compared, or the customer is the best."""

    as_of: date
    losses: list[Loss]
    missing_peers: int

"""The record of alerts as it is shown."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.api.bodies.lists import Body, Instant

_Share = Annotated[float | None, Field(description="0 to 1; null while nobody can know.")]


class Skill(StrEnum):
    """Whether the kind says more than chance on this fleet."""

    DEMONSTRATED = "demonstrated"
    NONE = "none"
    NOT_KNOWN_YET = "not_known_yet"


class ReliabilityBin(Body):
    """Forecasts next to each other: the mean of what was told, and the share that happened."""

    forecasts: int
    told: float
    happened: float


class Calibration(Body):
    """Probabilities of one horizon against what came."""

    horizon_days: int
    forecasts: int
    happened: int
    base_rate: _Share
    brier: _Share
    brier_skill: Annotated[float | None, Field(description="1 - Brier score / that of the base rate; 1 is perfect.")]
    calibration_error: _Share
    bins: list[ReliabilityBin]


class TrackRecord(Body):
    """How often alerts of one kind were right, over all customers, judged when their horizon was over."""

    kind: str
    as_of: Annotated[Instant, Field(description="Event time: nothing that came later counts.")]
    horizon_days: int
    skill: Skill
    ready_on: Annotated[date | None, Field(description="When `not_known_yet` ends at the present rate; null unknown.")]
    needed: Annotated[int | None, Field(description="Judged alerts after which skill usually shows.")]
    alerts: Annotated[int, Field(description="All that opened: the sum of the next six.")]
    came_true: int
    too_early: Annotated[int, Field(description="The outcome came, but after the horizon.")]
    false_alarms: int
    averted: Annotated[int, Field(description="Someone acted; never a false alarm, and in no share.")]
    unjudged: Annotated[int, Field(description="Nobody can know: worked on, without data, or no forecast.")]
    standing: Annotated[int, Field(description="Their horizon is not over.")]
    outcomes: Annotated[int, Field(description="What happened of what the kind forecasts.")]
    caught: Annotated[int, Field(description="Outcomes that had an alert in time.")]
    precision: _Share
    recall: _Share
    base_rate: Annotated[float | None, Field(description="How often an alert at any moment would have been right.")]
    lead_median_h: float | None
    lead_p10_h: float | None
    calibration: list[Calibration]

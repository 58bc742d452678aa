"""Assets: where they stand, how they run, how they wear."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from services.api.bodies.customers import AssetState
from services.api.bodies.lists import AssessedThrough, Body, CustomerReference, Expected


class Place(Body):
    """A site or a line."""

    id: int
    name: str


class Kpis(Body):
    """ISO 22400 KPIs over whole UTC days, from the sums of their times. Null where the denominator is zero."""

    days: int
    first_day: date | None
    last_day: date | None
    availability: Annotated[
        float | None, Field(description="APT / (PBT - unknown), 0 to 1: no data counts neither as up nor as down.")
    ]
    coverage: Annotated[float | None, Field(description="1 - unknown / PBT, 0 to 1.")]
    mtbf_h: Annotated[float | None, Field(description="APT per failure, in hours.")]
    mttr_h: Annotated[float | None, Field(description="Repair time per failure, in hours.")]
    quality: Annotated[float | None, Field(description="Good per produced, 0 to 1.")]
    failures: int | None
    produced: float | None
    good: float | None
    times_h: Annotated[
        dict[str, float | None],
        Field(description="Hours: pot, planned, pbt, apt, adet, adot, unknown, supplier_down, repair."),
    ]


class SignalDay(Body):
    """A signal's value on one day."""

    day: date
    value: float | None


class AssetSignal(Body):
    """One finding about the asset: its newest value, and the days before it, oldest first."""

    kind: str
    day: date
    value: float | None
    confidence: float | None
    expected: Expected | None
    evidence: dict[str, Any]
    history: list[SignalDay]


class AssetDetail(Body):
    """One asset. `kpis` and `signals` are of the last `days` days for which times exist at the present customer."""

    id: int
    external_id: str
    record_source: str
    name: str
    serial: str | None
    commissioned_on: date | None
    asset_type: str
    customer: CustomerReference | None
    site: Place | None
    line: Place | None
    state: AssetState | None
    kpis: Kpis
    signals: list[AssetSignal]
    assessed_through: AssessedThrough

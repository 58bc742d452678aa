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


Share = Annotated[float | None, Field(description="From 0 to 1.")]
Ratio = Annotated[float | None, Field(description="Above 1 where a declared unit time or capacity is wrong.")]


class Kpis(Body):
    """ISO 22400-2 KPIs over UTC days, from the sums of their times.

    Null where the denominator is zero or an input is not declared. Time without data counts neither as up nor as down:
    it is left out of both sides and told by the coverages.
    """

    days: int
    first_day: date | None
    last_day: date | None
    coverage: Annotated[float | None, Field(description="1 - unknown / PBT, 0 to 1.")]
    availability: Annotated[
        float | None, Field(description="APT / (PBT - unknown), 0 to 1: no data counts neither as up nor as down.")
    ]
    attributed_availability: Annotated[
        float | None, Field(description="1 - supplier-caused stops / (PBT - unknown): what a guarantee promises.")
    ]
    uptime: Annotated[float | None, Field(description="1 - stops of any cause / (PBT - unknown).")]
    effectiveness: Annotated[Ratio, Field(description="Planned run time of what was produced / APT.")]
    quality: Annotated[float | None, Field(description="Good per produced, 0 to 1.")]
    oee: Annotated[Ratio, Field(description="Availability x effectiveness x quality; not clipped above 1.")]
    nee: Annotated[Ratio, Field(description="AUPT / (PBT - unknown) x effectiveness x quality.")]
    allocation_efficiency: Annotated[Share, Field(description="AUBT / (PBT - unknown); needs orders.")]
    utilization_efficiency: Annotated[Share, Field(description="APT / AUBT; needs orders.")]
    technical_efficiency: Annotated[Share, Field(description="APT / (APT + ADET).")]
    setup_ratio: Annotated[Share, Field(description="ASUT / AUPT.")]
    allocation_ratio: Annotated[Ratio, Field(description="AUBT / AOET; needs orders.")]
    throughput_per_h: Annotated[float | None, Field(description="Produced an hour of AOET; needs orders.")]
    first_pass_yield: Annotated[Ratio, Field(description="Good in the first pass / inspected.")]
    scrap_ratio: Annotated[Ratio, Field(description="Scrapped / produced.")]
    rework_ratio: Annotated[Ratio, Field(description="Reworked / produced.")]
    corrective_maintenance_ratio: Annotated[
        Share, Field(description="CMT / (CMT + PMT); needs states or a mode that tell of maintenance.")
    ]
    load_ratio: Annotated[Ratio, Field(description="Produced / the most that is possible in the known PBT.")]
    mtbf_h: Annotated[float | None, Field(description="AUPT per failure, in hours.")]
    mttf_h: Annotated[float | None, Field(description="Known PBT in which it had not failed, per failure, in hours.")]
    mttr_h: Annotated[float | None, Field(description="Repair time per failure, in hours.")]
    coverages: Annotated[
        dict[str, float | None],
        Field(description="KPI to the share of PBT for which all its inputs exist, 0 to 1."),
    ]
    implausible: Annotated[list[str], Field(description="KPIs above 1 that cannot be: a declaration is wrong.")]
    failures: int | None
    produced: float | None
    good: float | None
    scrapped: float | None
    reworked: float | None
    inspected: float | None
    first_pass: float | None
    times_h: Annotated[
        dict[str, float | None],
        Field(
            description="Hours: pot, planned, pbt, apt, asut, aupt, adet, adot, unknown, stopped, failed, repair, "
            "stops by cause (supplier_down, …), and where they are told of aubt, aoet, pmt, cmt."
        ),
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
    calendar_assumed: Annotated[
        bool, Field(description="Nobody said when the site works: it counts as working round the clock.")
    ]
    kpis: Kpis
    signals: list[AssetSignal]
    assessed_through: AssessedThrough

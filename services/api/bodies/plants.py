"""Lines and sites."""

from typing import Annotated

from pydantic import Field

from services.api.bodies.assets import Kpis, Place
from services.api.bodies.lists import AssessedThrough, Body, CustomerReference

_COVERAGE = "Share of the planned time of all machines for which data exists: any of them could be the constraint."


class ConstraintOfLine(Body):
    """The machine that the line waits for, by whose figures it is judged."""

    id: int
    name: str
    by: Annotated[
        str,
        Field(description="capacity: units an hour while it does not wait; waiting: it waits least for others."),
    ]


class MachineOfLine(Body):
    """A machine of the line, and how it compares."""

    id: int
    name: str
    availability: float | None
    coverage: float | None
    compared_by: Annotated[
        float | None,
        Field(description="Units an hour, or the share of known time waiting: the least is the constraint."),
    ]


class LineOfSite(Body):
    """A line of the site, by its constraint."""

    id: int
    name: str
    constraint: ConstraintOfLine | None
    availability: float | None
    oee: float | None
    coverage: Annotated[float | None, Field(description=_COVERAGE)]


class _Plant(Body):
    id: int
    external_id: str
    record_source: str
    name: str
    customer: CustomerReference
    calendar_assumed: Annotated[
        bool, Field(description="Nobody said when the site works: it counts as working round the clock.")
    ]
    coverage: Annotated[float | None, Field(description=_COVERAGE)]
    assessed_through: AssessedThrough


class LineDetail(_Plant):
    """One line. `kpis` are those of its constraint, null while nothing is known of one of its machines."""

    line_of_business: str | None
    site: Place
    constraint: ConstraintOfLine | None
    kpis: Kpis
    assets: list[MachineOfLine]


class SiteDetail(_Plant):
    """One site. `kpis` are sums over the constraints of its lines and its machines on no line."""

    timezone: str
    kpis: Kpis
    lines: list[LineOfSite]


class CustomerKpis(Body):
    """A customer's KPIs: sums over the constraints of its lines and its machines on no line."""

    kpis: Kpis
    assessed_through: AssessedThrough

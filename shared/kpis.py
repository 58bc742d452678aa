"""ISO 22400-2 key performance indicators from times and counts that add up over days and machines. Pure.

Every indicator is None where its denominator is zero or an input is not declared, never 0 or 1: a machine that was
not planned to run has no availability. Time without data is left out of both sides and published as coverage: the
share of planned busy time for which an indicator's inputs exist. Ratios above 1 that cannot be are flagged, not
clipped: a declared unit time is too long, or orders were not sent. Formulas: ISO 22400-2:2014, in the names of its
newer edition where they differ.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

FailureCount = Literal["failures", "failures_and_one"]
"""What MTBF, MTTF and MTTR divide by; the second is the older reading of the standard."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Sums over days and machines that declare the same inputs; seconds and units, None where nobody declares them."""

    pot_s: float
    planned_s: float
    pbt_s: float
    apt_s: float
    asut_s: float
    adet_s: float
    adot_s: float
    unknown_s: float
    stopped_s: float
    supplier_down_s: float
    customer_down_s: float
    external_down_s: float
    operator_down_s: float
    unknown_down_s: float
    failures: int
    repair_s: float
    failed_s: float
    waiting_s: float
    pmt_s: float | None
    cmt_s: float | None
    aubt_s: float | None
    aoet_s: float | None
    produced: float | None
    good: float | None
    scrapped: float | None
    reworked: float | None
    inspected: float | None
    first_pass: float | None
    planned_run_s: float | None
    capacity: float | None
    counted_apt_s: float | None

    @property
    def known_s(self) -> float:
        """PBT for which data exists."""
        return self.pbt_s - self.unknown_s

    @property
    def aupt_s(self) -> float:
        """Unit processing time: production and setup."""
        return self.apt_s + self.asut_s


INPUTS = (
    "pmt_s",
    "cmt_s",
    "aubt_s",
    "aoet_s",
    "produced",
    "good",
    "scrapped",
    "reworked",
    "inspected",
    "first_pass",
    "planned_run_s",
    "capacity",
    "counted_apt_s",
)
COLUMNS = tuple(field.name for field in fields(Totals))
Sums = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Formula:
    """An indicator as a ratio of sums, and the inputs without which there is none. at_most_one: more cannot be."""

    part: Callable[[Sums], float]
    whole: Callable[[Sums], float]
    inputs: tuple[str, ...] = ()
    at_most_one: bool = False


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """An indicator's value, the share of PBT that it stands on, and whether it is more than can be."""

    value: float | None
    coverage: float | None
    implausible: bool = False


def _made(t: Sums) -> float:
    """Units made in all production time, at the pace of what of it was counted."""
    return t["produced"] * t["apt_s"] / t["counted_apt_s"] if t["counted_apt_s"] > 0 else t["produced"]


FORMULAS: Mapping[str, Formula] = {
    "availability": Formula(part=lambda t: t["apt_s"], whole=lambda t: t["known_s"]),
    "attributed_availability": Formula(
        part=lambda t: t["known_s"] - t["supplier_down_s"], whole=lambda t: t["known_s"]
    ),
    "uptime": Formula(part=lambda t: t["known_s"] - t["stopped_s"], whole=lambda t: t["known_s"]),
    "effectiveness": Formula(
        part=lambda t: t["planned_run_s"],
        whole=lambda t: t["counted_apt_s"],
        inputs=("planned_run_s", "counted_apt_s"),
        at_most_one=True,
    ),
    "quality": Formula(
        part=lambda t: t["good"],
        whole=lambda t: t["produced"],
        inputs=("good", "produced", "counted_apt_s"),
        at_most_one=True,
    ),
    "oee": Formula(
        part=lambda t: t["apt_s"] * t["planned_run_s"] * t["good"],
        whole=lambda t: t["known_s"] * t["counted_apt_s"] * t["produced"],
        inputs=("planned_run_s", "good", "produced", "counted_apt_s"),
        at_most_one=True,
    ),
    "nee": Formula(
        part=lambda t: t["aupt_s"] * t["planned_run_s"] * t["good"],
        whole=lambda t: t["known_s"] * t["counted_apt_s"] * t["produced"],
        inputs=("planned_run_s", "good", "produced", "counted_apt_s"),
        at_most_one=True,
    ),
    "allocation_efficiency": Formula(part=lambda t: t["aubt_s"], whole=lambda t: t["known_s"], inputs=("aubt_s",)),
    "utilization_efficiency": Formula(
        part=lambda t: t["apt_s"], whole=lambda t: t["aubt_s"], inputs=("aubt_s",), at_most_one=True
    ),
    "technical_efficiency": Formula(part=lambda t: t["apt_s"], whole=lambda t: t["apt_s"] + t["adet_s"]),
    "setup_ratio": Formula(part=lambda t: t["asut_s"], whole=lambda t: t["aupt_s"]),
    "allocation_ratio": Formula(
        part=lambda t: t["aubt_s"], whole=lambda t: t["aoet_s"], inputs=("aubt_s", "aoet_s"), at_most_one=True
    ),
    "throughput_per_h": Formula(
        part=_made, whole=lambda t: t["aoet_s"] / 3600, inputs=("produced", "aoet_s", "counted_apt_s")
    ),
    "first_pass_yield": Formula(
        part=lambda t: t["first_pass"],
        whole=lambda t: t["inspected"],
        inputs=("first_pass", "inspected"),
        at_most_one=True,
    ),
    "scrap_ratio": Formula(
        part=lambda t: t["scrapped"],
        whole=lambda t: t["produced"],
        inputs=("scrapped", "produced", "counted_apt_s"),
        at_most_one=True,
    ),
    "rework_ratio": Formula(
        part=lambda t: t["reworked"],
        whole=lambda t: t["produced"],
        inputs=("reworked", "produced", "counted_apt_s"),
        at_most_one=True,
    ),
    "corrective_maintenance_ratio": Formula(
        part=lambda t: t["cmt_s"], whole=lambda t: t["cmt_s"] + t["pmt_s"], inputs=("cmt_s", "pmt_s")
    ),
    "load_ratio": Formula(
        part=_made,
        whole=lambda t: t["capacity"],
        inputs=("produced", "capacity", "counted_apt_s"),
        at_most_one=True,
    ),
    "mtbf_h": Formula(part=lambda t: t["aupt_s"] / 3600, whole=lambda t: t["failures"]),
    "mttf_h": Formula(part=lambda t: (t["known_s"] - t["failed_s"]) / 3600, whole=lambda t: t["failures"]),
    "mttr_h": Formula(part=lambda t: t["repair_s"] / 3600, whole=lambda t: t["failures"]),
}
_PER_FAILURE = ("mtbf_h", "mttf_h", "mttr_h")


def kpis(totals: Sequence[Totals], *, per: FailureCount = "failures") -> dict[str, Kpi]:
    """Every indicator of FORMULAS, each over those of the totals that have its inputs."""
    return {name: kpi(name, totals, per=per) for name in FORMULAS}


def kpi(name: str, totals: Sequence[Totals], *, per: FailureCount = "failures") -> Kpi:
    """One indicator of FORMULAS over those of the totals that have its inputs."""
    return _kpi(FORMULAS[name], totals, name in _PER_FAILURE and per != "failures")


def coverage(totals: Sequence[Totals]) -> float | None:
    """Share of planned busy time for which data exists."""
    return _ratio(sum(t.known_s for t in totals), sum(t.pbt_s for t in totals))


def _kpi(formula: Formula, totals: Sequence[Totals], one_more: bool) -> Kpi:
    with_inputs = [t for t in totals if all(getattr(t, name) is not None for name in formula.inputs)]
    sums = summed(with_inputs)
    value = None
    if with_inputs:
        whole = formula.whole(sums)
        value = _ratio(formula.part(sums), whole + 1 if one_more and whole > 0 else whole)
    return Kpi(
        value=value,
        coverage=_ratio(_stood_on_s(formula, sums), sum(t.pbt_s for t in totals)),
        implausible=formula.at_most_one and value is not None and value > 1,
    )


def _stood_on_s(formula: Formula, sums: Sums) -> float:
    """Known PBT that an indicator stands on: of counts as much as of the production time was counted."""
    if "counted_apt_s" not in formula.inputs or sums["apt_s"] <= 0:
        return sums["known_s"]
    return sums["known_s"] * min(1.0, sums["counted_apt_s"] / sums["apt_s"])


def merged(totals: Iterable[Totals]) -> list[Totals]:
    """The same totals, those that declare the same inputs as one: every indicator of them is the same."""
    alike: dict[tuple[bool, ...], list[Totals]] = {}
    for own in totals:
        alike.setdefault(tuple(getattr(own, name) is None for name in INPUTS), []).append(own)
    return [_sum(own) for own in alike.values()]


def _sum(alike: Sequence[Totals]) -> Totals:
    first = alike[0]
    sums = {
        name: None if getattr(first, name) is None else sum(getattr(own, name) for own in alike) for name in COLUMNS
    }
    return Totals(**cast("dict[str, Any]", sums))


def of_unknown(totals: Totals) -> Totals:
    """The same planned time with nothing known of it."""
    nothing: dict[str, float | None] = dict.fromkeys(COLUMNS, 0.0) | dict.fromkeys(INPUTS)
    planned = {"pot_s": totals.pot_s, "planned_s": totals.planned_s, "pbt_s": totals.pbt_s, "unknown_s": totals.pbt_s}
    return Totals(**cast("dict[str, Any]", nothing | planned))


def summed(totals: Sequence[Totals]) -> dict[str, float]:
    """The sum of each column over the totals that declare it, with `known_s` and `aupt_s`."""
    return {
        name: sum(value for t in totals if (value := getattr(t, name)) is not None)
        for name in (*COLUMNS, "known_s", "aupt_s")
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None

"""ISO 22400-2 key performance indicators from times and counts. Pure.

Every indicator is None where its denominator is zero or unknown, never 0 or 1: a machine that was not planned to run
has no availability. Time without data is left out of both sides and published as coverage. Formulas: ISO 22400-2:2014,
in the names of its newer edition where they differ.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Times in seconds and counts, summed over days and machines; counts are None where nobody counts."""

    pot_s: float
    planned_s: float
    pbt_s: float
    apt_s: float
    adet_s: float
    adot_s: float
    unknown_s: float
    supplier_down_s: float
    failures: int
    repair_s: float
    produced: float | None
    good: float | None


@dataclass(frozen=True, kw_only=True)
class Oee:
    """Overall equipment effectiveness; `implausible` where it exceeds 1, because a declared unit time is too long."""

    value: float | None
    implausible: bool


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or whole is None or whole <= 0 else part / whole


def coverage(t: Totals) -> float | None:
    """Share of planned busy time for which data exists."""
    return _ratio(t.pbt_s - t.unknown_s, t.pbt_s)


def availability(t: Totals) -> float | None:
    """APT / PBT over the time for which data exists."""
    return _ratio(t.apt_s, t.pbt_s - t.unknown_s)


def attributed_availability(t: Totals) -> float | None:
    """1 - supplier-attributed downtime / PBT, over the time for which data exists: what a guarantee promises."""
    down = _ratio(t.supplier_down_s, t.pbt_s - t.unknown_s)
    return None if down is None else 1 - down


def uptime(t: Totals) -> float | None:
    """1 - ADET / PBT, over the time for which data exists: a machine without an order is not a bad machine."""
    down = _ratio(t.adet_s, t.pbt_s - t.unknown_s)
    return None if down is None else 1 - down


def effectiveness(t: Totals, unit_time_s: float | None) -> float | None:
    """PRI x PQ / APT; unit_time_s is the planned run time per unit (PRI)."""
    return None if unit_time_s is None or t.produced is None else _ratio(unit_time_s * t.produced, t.apt_s)


def quality(t: Totals) -> float | None:
    """GQ / PQ."""
    return _ratio(t.good, t.produced)


def oee(t: Totals, unit_time_s: float | None) -> Oee:
    """Availability x effectiveness x quality, flagged above 1 and not clipped."""
    return _product(availability(t), effectiveness(t, unit_time_s), quality(t))


def nee(t: Totals, unit_time_s: float | None, setup_s: float) -> Oee:
    """AUPT / PBT x effectiveness x quality, where AUPT = APT + setup."""
    return _product(_ratio(t.apt_s + setup_s, t.pbt_s - t.unknown_s), effectiveness(t, unit_time_s), quality(t))


def _product(*factors: float | None) -> Oee:
    value = 1.0
    for factor in factors:
        if factor is None:
            return Oee(value=None, implausible=False)
        value *= factor
    return Oee(value=value, implausible=value > 1)


def technical_efficiency(t: Totals) -> float | None:
    """APT / (APT + ADET)."""
    return _ratio(t.apt_s, t.apt_s + t.adet_s)


def mtbf(t: Totals, *, denominator: str = "failures") -> float | None:
    """Operating seconds per failure; `denominator` "failures+1" is the older reading of the standard."""
    return _ratio(t.apt_s, _failures(t, denominator))


def mttr(t: Totals, *, denominator: str = "failures") -> float | None:
    """Seconds down per failure."""
    return _ratio(t.repair_s, _failures(t, denominator))


def _failures(t: Totals, denominator: str) -> float | None:
    if denominator not in ("failures", "failures+1"):
        raise ValueError(f"denominator is {denominator!r}; it must be 'failures' or 'failures+1'")
    if t.failures == 0:
        return None
    return float(t.failures + (denominator == "failures+1"))

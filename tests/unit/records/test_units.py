"""Units of plants."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.units import KNOWN_UNITS, UnitError, convert, known_unit

BY_DIMENSION = [
    (a, b) for a in KNOWN_UNITS for b in KNOWN_UNITS if KNOWN_UNITS[a].dimension == KNOWN_UNITS[b].dimension
]


@pytest.mark.parametrize(
    ("value", "unit", "to", "expected"),
    [
        (212, "degF", "degC", 100),
        (-40, "degC", "degF", -40),
        (0, "degC", "K", 273.15),
        (1, "bar", "psi", 14.503773773),
        (1, "bar", "kPa", 100),
        (1, "MPa", "bar", 10),
        (60, "L/min", "m3/h", 3.6),
        (1, "in/s", "mm/s", 25.4),
        (1, "gn", "m/s2", 9.80665),
        (3.6, "MJ", "kWh", 1),
        (1, "hp", "kW", 0.7456998715822702),
        (3000, "rpm", "Hz", 50),
        (97.5, "%", "1", 0.975),
        (1, "t/h", "kg/s", 1000 / 3600),
        (1, "cP", "mPa.s", 1),
        (90, "min", "h", 1.5),
        (1, "gal/min", "L/min", 3.785411784),
        (180, "deg", "rad", math.pi),
        (5, "uS/cm", "mS/cm", 0.005),
    ],
)
def test_known_conversions(value: float, unit: str, to: str, expected: float) -> None:
    assert convert(value, unit, to) == pytest.approx(expected, rel=1e-9)


@given(pair=st.sampled_from(BY_DIMENSION), value=st.floats(-1e6, 1e6))
def test_there_and_back_is_the_same_value(pair: tuple[str, str], value: float) -> None:
    one, other = pair
    scale = max(abs(value), abs(convert(0.0, other, one)), 1e-12)
    assert convert(convert(value, one, other), other, one) == pytest.approx(value, abs=scale * 1e-9)


@pytest.mark.parametrize(
    ("symbol", "error"),
    [
        ("°C", "unknown unit '°C'; write degC"),
        ("C", "unknown unit 'C'; write degC"),
        ("celsius", "unknown unit 'celsius'; write degC"),
        ("KWH", "unknown unit 'KWH'; write kWh"),
        ("l/min", "unknown unit 'l/min'; write L/min"),
        ("Mw", "unknown unit 'Mw'; write mW or MW"),
        ("m³/h", "unknown unit 'm³/h'; write m3/h"),
        ("percent", "unknown unit 'percent'; write %"),
        ("mm/ss", "unknown unit 'mm/ss'; write mm/s or mm2/s or mm/s2"),
        (
            "furlong",
            "unknown unit 'furlong'; write a unit such as degC, bar, mm/s, kW, kWh, m3/h, rpm, A, V, Hz, %, h, count,"
            " or 1 where there is none",
        ),
    ],
)
def test_an_unknown_unit_is_told_with_the_right_writing(symbol: str, error: str) -> None:
    with pytest.raises(UnitError) as caught:
        known_unit(symbol)
    assert str(caught.value) == error


def test_another_dimension_is_refused() -> None:
    with pytest.raises(
        UnitError, match=r"cannot convert rpm \(frequency\) to degC \(temperature\); convert rpm to one"
    ):
        convert(1, "rpm", "degC")
    with pytest.raises(UnitError, match=r"cannot convert g \(mass\) to m/s2 \(acceleration\); write gn"):
        convert(1, "g", "m/s2")

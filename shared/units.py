"""Units of plants: which are known, what they measure, and how a value goes from one to another.

Every unit is linear in the base unit of its dimension: base = value * factor + offset. A table of our own and not
pint: a metric's unit is one fixed symbol, never an expression, so a parser of unit algebra would only widen what a
typing mistake can mean, and the whole need is this table and two functions. Symbols follow the trade's usual writing
in ASCII; `C` is left out, since plants mean degC by it, and g is the gram (the acceleration of gravity is gn).
"""

from dataclasses import dataclass
from difflib import get_close_matches

from shared.errors import PermanentError


class UnitError(PermanentError):
    """A unit is unknown, or two units do not measure the same thing."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A symbol, what it measures, and its way to the base unit: base = value * factor + offset."""

    symbol: str
    dimension: str
    factor: float
    offset: float = 0.0


_HOUR = 3600.0
_GRAVITY = 9.80665
_INCH = 0.0254
_POUND = 0.45359237
_GALLON = 231 * _INCH**3

# The first unit of each dimension is its base.
_FACTORS: dict[str, dict[str, float]] = {
    "number": {"1": 1, "count": 1, "%": 0.01, "ppm": 1e-6},
    "time": {"s": 1, "ms": 1e-3, "us": 1e-6, "min": 60, "h": _HOUR, "d": 86400},
    "frequency": {"Hz": 1, "kHz": 1e3, "rpm": 1 / 60, "1/s": 1, "1/min": 1 / 60, "1/h": 1 / _HOUR},
    "length": {"m": 1, "mm": 1e-3, "um": 1e-6, "cm": 1e-2, "km": 1e3, "in": _INCH, "mil": _INCH / 1e3, "ft": 0.3048},
    "area": {"m2": 1, "cm2": 1e-4, "mm2": 1e-6},
    "volume": {"m3": 1, "L": 1e-3, "mL": 1e-6, "cm3": 1e-6, "gal": _GALLON},
    "mass": {"kg": 1, "g": 1e-3, "mg": 1e-6, "t": 1e3, "lb": _POUND, "oz": _POUND / 16},
    "velocity": {"m/s": 1, "mm/s": 1e-3, "m/min": 1 / 60, "km/h": 1 / 3.6, "in/s": _INCH, "ft/min": 0.3048 / 60},
    "acceleration": {"m/s2": 1, "mm/s2": 1e-3, "gn": _GRAVITY},
    "angle": {"rad": 1, "deg": 0.017453292519943295},
    "force": {"N": 1, "kN": 1e3, "lbf": _POUND * _GRAVITY},
    "torque": {"N.m": 1, "kN.m": 1e3, "lbf.ft": _POUND * _GRAVITY * 0.3048},
    "pressure": {
        "Pa": 1,
        "hPa": 1e2,
        "kPa": 1e3,
        "MPa": 1e6,
        "mbar": 1e2,
        "bar": 1e5,
        "psi": _POUND * _GRAVITY / _INCH**2,
        "psia": _POUND * _GRAVITY / _INCH**2,
        "atm": 101325,
        "mmHg": 133.322387415,
        "inH2O": 249.08891,
    },
    "energy": {"J": 1, "kJ": 1e3, "MJ": 1e6, "GJ": 1e9, "Wh": _HOUR, "kWh": 1e3 * _HOUR, "MWh": 1e6 * _HOUR},
    "power": {"W": 1, "mW": 1e-3, "kW": 1e3, "MW": 1e6, "hp": 745.6998715822702},
    "apparent power": {"VA": 1, "kVA": 1e3, "MVA": 1e6},
    "reactive power": {"var": 1, "kvar": 1e3, "Mvar": 1e6},
    "electric current": {"A": 1, "mA": 1e-3, "uA": 1e-6, "kA": 1e3},
    "voltage": {"V": 1, "mV": 1e-3, "kV": 1e3},
    "resistance": {"Ohm": 1, "kOhm": 1e3, "MOhm": 1e6},
    "electric charge": {"Ah": 1},
    "volume flow": {
        "m3/s": 1,
        "m3/h": 1 / _HOUR,
        "m3/min": 1 / 60,
        "L/s": 1e-3,
        "L/min": 1e-3 / 60,
        "L/h": 1e-3 / _HOUR,
        "mL/min": 1e-6 / 60,
        "gal/min": _GALLON / 60,
        "ft3/min": 0.3048**3 / 60,
    },
    "mass flow": {
        "kg/s": 1,
        "kg/min": 1 / 60,
        "kg/h": 1 / _HOUR,
        "g/s": 1e-3,
        "t/h": 1e3 / _HOUR,
        "t/d": 1e3 / 86400,
        "lb/s": _POUND,
        "lb/h": _POUND / _HOUR,
    },
    "density": {"kg/m3": 1, "g/cm3": 1e3, "kg/L": 1e3},
    "mass concentration": {"mg/m3": 1, "ug/m3": 1e-3, "mg/L": 1e3},
    "dynamic viscosity": {"Pa.s": 1, "mPa.s": 1e-3, "cP": 1e-3},
    "kinematic viscosity": {"m2/s": 1, "mm2/s": 1e-6, "cSt": 1e-6},
    "conductivity": {"S/m": 1, "mS/cm": 0.1, "uS/cm": 1e-4},
    "acidity": {"pH": 1},
    "sound level": {"dB": 1},
    "illuminance": {"lx": 1},
    "specific energy": {"J/kg": 1, "kJ/kg": 1e3, "kWh/t": 3600, "kWh/kg": 3.6e6},
    "data": {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9},
}

_TEMPERATURES = (
    Unit(symbol="K", dimension="temperature", factor=1.0),
    Unit(symbol="degC", dimension="temperature", factor=1.0, offset=273.15),
    Unit(symbol="degF", dimension="temperature", factor=5 / 9, offset=459.67 * 5 / 9),
    Unit(symbol="degR", dimension="temperature", factor=5 / 9),
)

KNOWN_UNITS: dict[str, Unit] = {unit.symbol: unit for unit in _TEMPERATURES} | {
    symbol: Unit(symbol=symbol, dimension=dimension, factor=factor)
    for dimension, factors in _FACTORS.items()
    for symbol, factor in factors.items()
}

# What people write, to what they mean. Only unambiguous writings; compared without case and blanks.
_OTHER_WRITINGS = {
    "°c": "degC", "celsius": "degC", "deg c": "degC", "c": "degC", "°f": "degF", "fahrenheit": "degF", "f": "degF",
    "kelvin": "K", "percent": "%", "pct": "%", "pcs": "count", "pieces": "count", "units": "count", "each": "count",
    "none": "1", "dimensionless": "1", "unitless": "1", "-": "1", "l": "L", "liter": "L", "litre": "L", "lpm": "L/min",
    "gpm": "gal/min", "cfm": "ft3/min", "m³": "m3", "m^3": "m3", "m³/h": "m3/h", "m^3/h": "m3/h", "cbm/h": "m3/h",
    "m/s²": "m/s2", "m/s^2": "m/s2", "mm/sec": "mm/s", "m/sec": "m/s", "ips": "in/s", "hour": "h", "hours": "h",
    "hr": "h", "hrs": "h", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "minute": "min", "minutes": "min",
    "day": "d", "days": "d", "r/min": "rpm", "u/min": "rpm", "rev/min": "rpm", "hertz": "Hz", "amp": "A", "amps": "A",
    "ampere": "A", "volt": "V", "volts": "V", "watt": "W", "watts": "W", "kw/h": "kWh", "kwhr": "kWh", "bars": "bar",
    "bara": "bar", "nm": "N.m", "n·m": "N.m", "n*m": "N.m", "ω": "Ohm", "ohms": "Ohm", "°": "deg", "degrees": "deg",
    "µm": "um", "μm": "um", "micron": "um", "tph": "t/h", "tonne": "t", "tonnes": "t", "g-force": "gn", "g0": "gn",
    "inch": "in", "inches": "in", "\"": "in", "feet": "ft", "°r": "degR", "rankine": "degR", "pound": "lb",
    "lbs": "lb", "pps": "lb/s",
}  # fmt: skip


def known_unit(symbol: str) -> Unit:
    """The unit of that exact symbol; raise UnitError, which suggests the right writing, for any other."""
    unit = KNOWN_UNITS.get(symbol)
    if unit is None:
        raise UnitError(f"unknown unit '{symbol}'", _suggestion(symbol))
    return unit


def _suggestion(symbol: str) -> str:
    written = symbol.strip().lower()
    same_letters = [known for known in KNOWN_UNITS if known.lower() == written.replace(" ", "")]
    if written in _OTHER_WRITINGS and not same_letters:
        same_letters = [_OTHER_WRITINGS[written]]
    found = same_letters or get_close_matches(symbol, KNOWN_UNITS, n=3, cutoff=0.6)
    if found:
        return "write " + " or ".join(found)
    return "write a unit such as degC, bar, mm/s, kW, kWh, m3/h, rpm, A, V, Hz, %, h, count, or 1 where there is none"


def conversion(from_unit: str, to_unit: str) -> tuple[float, float]:
    """(scale, offset) with converted = value * scale + offset; raise UnitError where the two do not fit."""
    source, target = known_unit(from_unit), known_unit(to_unit)
    if source.dimension != target.dimension:
        fitting = [unit.symbol for unit in KNOWN_UNITS.values() if unit.dimension == source.dimension]
        raise UnitError(
            f"cannot convert {from_unit} ({source.dimension}) to {to_unit} ({target.dimension})",
            "write gn for the acceleration"
            if {from_unit, target.dimension} == {"g", "acceleration"}
            else f"convert {from_unit} to one of {', '.join(fitting)}",
        )
    if source == target:
        return 1.0, 0.0
    return source.factor / target.factor, (source.offset - target.offset) / target.factor


def convert(value: float, from_unit: str, to_unit: str) -> float:
    """`value` in `to_unit`; raise UnitError for an unknown unit or another dimension."""
    scale, offset = conversion(from_unit, to_unit)
    return value * scale + offset

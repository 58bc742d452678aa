"""The stories of the demo: who the customers are, and what was planted in their plants.

Days count from the demo's first start; negative is before it.
"""

from dataclasses import dataclass, field

from deploy.local.plants.calendars import Shift
from deploy.local.plants.kinds import COMPRESSOR, PACKAGING, PUMP, Kind
from deploy.local.plants.wear import Life

ROUND_THE_CLOCK = (Shift(weekdays=tuple(range(7)), starts_at="00:00", ends_at="00:00"),)
TWO_SHIFTS = (
    Shift(weekdays=(0, 1, 2, 3, 4, 5), starts_at="06:00", ends_at="14:00"),
    Shift(weekdays=(0, 1, 2, 3, 4), starts_at="14:00", ends_at="22:00"),
)
SHORT_WEEK = (
    Shift(weekdays=(0, 1, 2, 3), starts_at="06:00", ends_at="12:00"),
    Shift(weekdays=(0, 1, 2, 3), starts_at="12:00", ends_at="16:00"),
)
THREE_SHIFTS = (Shift(weekdays=(0, 1, 2, 3, 4, 5), starts_at="06:00", ends_at="06:00"),)

Shares = tuple[tuple[float, float], ...]
IMPROVING_FAST: Shares = ((-1096, 0.19), (-730, 0.145), (-365, 0.10), (0, 0.055), (365, 0.03))
IMPROVING: Shares = ((-1096, 0.145), (-730, 0.12), (-365, 0.095), (0, 0.07), (365, 0.05))
FLAT: Shares = ((-1096, 0.16), (-790, 0.12))


@dataclass(frozen=True, kw_only=True)
class TripStory:
    """A sudden failure `day` days from the start that lasts `hours`."""

    day: float
    hours: float
    mode: str


@dataclass(frozen=True, kw_only=True)
class MachineStory:
    """One machine. `life`: its wear; `bad_update_day`: when it got the firmware that harms, None for the others."""

    device: str
    kind: Kind
    line: str
    life: Life
    use: float = 70.0
    trips: tuple[TripStory, ...] = ()
    bad_update_day: int | None = None


@dataclass(frozen=True, kw_only=True)
class PlantStory:
    """One site with one gateway. `shares`: (day, share of working time lost to short stops).

    short_week_day: when it went over to SHORT_WEEK, None for never; it works in TWO_SHIFTS before.
    """

    id: str
    name: str
    timezone: str
    sparkplug: bool
    shifts: tuple[Shift, ...]
    shares: Shares
    revision_day: int
    machines: tuple[MachineStory, ...]
    silent_from_day: float | None = None
    short_week_day: int | None = None


@dataclass(frozen=True, kw_only=True)
class CustomerStory:
    """One customer and what was planted: alert kinds that must open, and others that may."""

    id: str
    name: str
    segment: str
    planted: str
    plants: tuple[PlantStory, ...]
    expected: frozenset[str] = field(default_factory=frozenset)
    tolerated: frozenset[str] = field(default_factory=frozenset)


def _life(typical: float, age: float, left: float) -> Life:
    return Life(typical_days=typical, age_days=age, left_days=left)


STORIES: tuple[CustomerStory, ...] = (
    CustomerStory(
        id="marisol-bay",
        name="Marisol Bay Desalination",
        segment="water",
        planted="intake pump 2 wears towards a bearing failure about seven weeks after the demo's first start",
        expected=frozenset({"wear"}),
        plants=(
            PlantStory(
                id="marisol-intake",
                name="Intake station",
                timezone="Europe/Madrid",
                sparkplug=False,
                shifts=ROUND_THE_CLOCK,
                shares=IMPROVING,
                revision_day=-150,
                machines=(
                    MachineStory(device="intake-pump-1", kind=PUMP, line="Intake", life=_life(330, 60, 320)),
                    MachineStory(device="intake-pump-2", kind=PUMP, line="Intake", life=_life(290, 240, 50)),
                    MachineStory(device="intake-pump-3", kind=PUMP, line="Intake", life=_life(360, 95, 300)),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="northfield",
        name="Northfield Foods",
        segment="food",
        planted="improves year over year on both sites and uses what it bought: quiet",
        plants=(
            PlantStory(
                id="northfield-coast",
                name="Coast plant",
                timezone="Europe/Copenhagen",
                sparkplug=False,
                shifts=TWO_SHIFTS,
                shares=IMPROVING_FAST,
                revision_day=-120,
                machines=(
                    MachineStory(device="packer-1", kind=PACKAGING, line="Packing A", life=_life(300, 50, 300)),
                    MachineStory(device="packer-2", kind=PACKAGING, line="Packing B", life=_life(340, 80, 330), use=82),
                ),
            ),
            PlantStory(
                id="northfield-inland",
                name="Inland plant",
                timezone="Europe/Warsaw",
                sparkplug=False,
                shifts=TWO_SHIFTS,
                shares=IMPROVING_FAST,
                revision_day=-170,
                machines=(
                    MachineStory(device="packer-3", kind=PACKAGING, line="Packing C", life=_life(320, 40, 310), use=75),
                    MachineStory(device="packer-4", kind=PACKAGING, line="Packing D", life=_life(350, 110, 340)),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="hollowmere",
        name="Hollowmere Dairy",
        segment="food",
        planted="machines run well, but the adaptive control it pays for is hardly ever switched on",
        expected=frozenset({"unused_capability"}),
        plants=(
            PlantStory(
                id="hollowmere-dairy",
                name="Main dairy",
                timezone="Europe/Dublin",
                sparkplug=False,
                shifts=THREE_SHIFTS,
                shares=IMPROVING,
                revision_day=-90,
                machines=(
                    MachineStory(device="filler-1", kind=PACKAGING, line="Filling", life=_life(310, 70, 290), use=0.4),
                    MachineStory(device="filler-2", kind=PACKAGING, line="Filling", life=_life(330, 45, 320), use=0.0),
                    MachineStory(device="cartoner", kind=PACKAGING, line="Cartons", life=_life(350, 100, 310), use=0.2),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="quillon",
        name="Quillon Glass",
        segment="glass",
        planted="no money figures are known; compressor 2 fails again and again by its drive electronics",
        expected=frozenset({"repeated_failures"}),
        plants=(
            PlantStory(
                id="quillon-works",
                name="Float works",
                timezone="Europe/Paris",
                sparkplug=False,
                shifts=ROUND_THE_CLOCK,
                shares=IMPROVING,
                revision_day=-200,
                machines=(
                    MachineStory(device="compressor-1", kind=COMPRESSOR, line="Air", life=_life(340, 75, 310)),
                    MachineStory(
                        device="compressor-2",
                        kind=COMPRESSOR,
                        line="Air",
                        life=_life(360, 130, 300),
                        trips=(
                            TripStory(day=-68.3, hours=7, mode="drive electronics"),
                            TripStory(day=-47.6, hours=9, mode="drive electronics"),
                            TripStory(day=-27.4, hours=6, mode="drive electronics"),
                            TripStory(day=-20.1, hours=11, mode="drive electronics"),
                            TripStory(day=-13.2, hours=8, mode="drive electronics"),
                            TripStory(day=-7.6, hours=7, mode="drive electronics"),
                            TripStory(day=-2.4, hours=9, mode="drive electronics"),
                        ),
                    ),
                    MachineStory(device="compressor-3", kind=COMPRESSOR, line="Air", life=_life(330, 55, 330)),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="kestrel-moor",
        name="Kestrel Moor Paper",
        segment="paper",
        planted="healthy, but nothing has improved for more than two years",
        expected=frozenset({"stagnation"}),
        plants=(
            PlantStory(
                id="kestrel-mill",
                name="Mill",
                timezone="Europe/Helsinki",
                sparkplug=True,
                shifts=ROUND_THE_CLOCK,
                shares=FLAT,
                revision_day=-140,
                machines=(
                    MachineStory(device="stock-pump-1", kind=PUMP, line="Stock", life=_life(350, 85, 320)),
                    MachineStory(device="stock-pump-2", kind=PUMP, line="Stock", life=_life(360, 60, 350)),
                    MachineStory(device="white-water-pump", kind=PUMP, line="Water", life=_life(340, 110, 330)),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="stellan-ridge",
        name="Stellan Ridge Minerals",
        segment="mining",
        planted="firmware 4.3.0 on two of four compressors made them shake, heat and stop more; the others kept 4.2.1",
        expected=frozenset({"regression_after_update"}),
        tolerated=frozenset({"wear", "decline", "condition_change"}),
        plants=(
            PlantStory(
                id="stellan-ridge",
                name="Concentrator",
                timezone="America/Denver",
                sparkplug=True,
                shifts=ROUND_THE_CLOCK,
                shares=IMPROVING,
                revision_day=-130,
                machines=(
                    MachineStory(
                        device="compressor-a",
                        kind=COMPRESSOR,
                        line="Flotation air",
                        life=_life(350, 140, 300),
                        bad_update_day=-48,
                    ),
                    MachineStory(
                        device="compressor-b",
                        kind=COMPRESSOR,
                        line="Flotation air",
                        life=_life(340, 120, 290),
                        bad_update_day=-41,
                    ),
                    MachineStory(device="compressor-c", kind=COMPRESSOR, line="Plant air", life=_life(330, 90, 330)),
                    MachineStory(device="compressor-d", kind=COMPRESSOR, line="Plant air", life=_life(360, 105, 310)),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="brackwater",
        name="Brackwater Bottling",
        segment="beverages",
        planted="the supplier's machines stood still so often in five weeks that the guaranteed 97 % are being lost",
        expected=frozenset({"guarantee_breach"}),
        tolerated=frozenset({"repeated_failures", "stagnation", "decline"}),
        plants=(
            PlantStory(
                id="brackwater-hall",
                name="Bottling hall",
                timezone="Europe/London",
                sparkplug=False,
                shifts=ROUND_THE_CLOCK,
                shares=IMPROVING,
                revision_day=-160,
                machines=(
                    MachineStory(
                        device="packer-east",
                        kind=PACKAGING,
                        line="East",
                        life=_life(340, 90, 310),
                        trips=(
                            TripStory(day=-31.4, hours=44, mode="gearbox"),
                            TripStory(day=-9.3, hours=52, mode="gearbox"),
                        ),
                    ),
                    MachineStory(
                        device="packer-middle",
                        kind=PACKAGING,
                        line="Middle",
                        life=_life(320, 70, 320),
                        trips=(
                            TripStory(day=-22.6, hours=61, mode="servo drive"),
                            TripStory(day=-0.8, hours=46, mode="servo drive"),
                        ),
                    ),
                    MachineStory(
                        device="packer-west",
                        kind=PACKAGING,
                        line="West",
                        life=_life(350, 100, 300),
                        trips=(TripStory(day=-15.7, hours=57, mode="control cabinet"),),
                    ),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="tarnwick",
        name="Tarnwick Chemicals",
        segment="chemicals",
        planted="the gateway fell silent four days before the demo's first start and stays so",
        expected=frozenset({"silent_source"}),
        plants=(
            PlantStory(
                id="tarnwick-works",
                name="Works",
                timezone="Europe/Berlin",
                sparkplug=True,
                shifts=ROUND_THE_CLOCK,
                shares=IMPROVING,
                revision_day=-110,
                silent_from_day=-4.0,
                machines=(
                    MachineStory(device="feed-pump-1", kind=PUMP, line="Feed", life=_life(340, 65, 310)),
                    MachineStory(device="feed-pump-2", kind=PUMP, line="Feed", life=_life(350, 90, 340)),
                    MachineStory(device="process-air", kind=COMPRESSOR, line="Utilities", life=_life(330, 50, 320)),
                ),
            ),
        ),
    ),
    CustomerStory(
        id="larkfield",
        name="Larkfield Ceramics",
        segment="ceramics",
        planted="its orders fall away: four months ago it cut its two shifts to four short days; the machines run well",
        expected=frozenset({"customer_distress"}),
        plants=(
            PlantStory(
                id="larkfield-hall",
                name="Sorting hall",
                timezone="Europe/Lisbon",
                sparkplug=False,
                shifts=TWO_SHIFTS,
                shares=IMPROVING,
                revision_day=-230,
                short_week_day=-125,
                machines=(
                    MachineStory(device="sorter-1", kind=PACKAGING, line="Sorting", life=_life(340, 60, 330)),
                    MachineStory(device="sorter-2", kind=PACKAGING, line="Sorting", life=_life(350, 80, 320)),
                ),
            ),
        ),
    ),
)

"""The demo's plants as they are from one first start on: stories with dates, machines with their cycles of wear."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from deploy.local.plants.calendars import Calendar, planned_stops
from deploy.local.plants.machine import Machine, Trip
from deploy.local.plants.noise import stream
from deploy.local.plants.story import SHORT_WEEK, STORIES, CustomerStory, MachineStory, PlantStory
from deploy.local.plants.wear import cycles

SEED = 20_240_229
HISTORY_DAYS = 3 * 365 + 1
_YEARS_AFTER = 5
_DAY_S = 86_400
_HOUR_S = 3_600
SPARKPLUG_GROUP = "demo"


@dataclass(frozen=True, kw_only=True, eq=False)
class Plant:
    """One site's gateway and the machines behind it; `silent_from_s` is when it falls silent for good, else None."""

    id: str
    name: str
    customer_id: str
    sparkplug: bool
    calendar: Calendar
    machines: tuple[Machine, ...]
    origin_s: int
    silent_from_s: int | None

    @property
    def topic_prefix(self) -> str:
        """Prefix of all topics that this plant publishes to: the source."""
        return f"spBv1.0/{SPARKPLUG_GROUP}/{self.id}" if self.sparkplug else f"bellwether/v1/{self.id}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Customer:
    """A customer of the demo with its plants."""

    story: CustomerStory
    plants: tuple[Plant, ...]


def customers(started_at: datetime, seed: int = SEED) -> tuple[Customer, ...]:
    """The demo as first started at `started_at` (its whole hour counts): the same for the same arguments.

    History begins HISTORY_DAYS before.
    """
    started_s = int(started_at.astimezone(UTC).timestamp()) // _HOUR_S * _HOUR_S
    return tuple(
        Customer(story=story, plants=tuple(_plant(story.id, plant, started_s, seed) for plant in story.plants))
        for story in STORIES
    )


def _plant(customer_id: str, story: PlantStory, started_s: int, seed: int) -> Plant:
    calendar = Calendar(
        timezone=story.timezone,
        shifts=story.shifts,
        planned_stops=planned_stops(story.timezone, started_s, -story.revision_day),
        later_shifts=SHORT_WEEK,
        later_from=_day_of(started_s, story.short_week_day),
    )
    silent = story.silent_from_day
    return Plant(
        id=story.id,
        name=story.name,
        customer_id=customer_id,
        sparkplug=story.sparkplug,
        calendar=calendar,
        machines=tuple(_machine(machine, story, calendar, started_s, seed) for machine in story.machines),
        origin_s=started_s - HISTORY_DAYS * _DAY_S,
        silent_from_s=None if silent is None else started_s + round(silent * _DAY_S),
    )


def _machine(story: MachineStory, plant: PlantStory, calendar: Calendar, started_s: int, seed: int) -> Machine:
    machine_id = f"{plant.id}/{story.device}"
    key = stream(seed, machine_id)
    updated = story.bad_update_day
    return Machine(
        id=machine_id,
        device=story.device,
        name=story.device.replace("-", " ").capitalize(),
        line=story.line,
        kind=story.kind,
        key=key,
        calendar=calendar,
        cycles=cycles(key, story.life, calendar, started_s, 4, _YEARS_AFTER),
        trips=tuple(
            Trip(starts_s=_at(started_s, trip.day), ends_s=_at(started_s, trip.day + trip.hours / 24), mode=trip.mode)
            for trip in story.trips
        ),
        stop_share=tuple((started_s + round(day * _DAY_S), share) for day, share in plant.shares),
        bad_update_s=None if updated is None else _at(started_s, updated) + 9 * _HOUR_S,
        use=story.use,
        origin_s=started_s - HISTORY_DAYS * _DAY_S,
    )


def _day_of(started_s: int, day: int | None) -> date | None:
    return None if day is None else datetime.fromtimestamp(_at(started_s, day), UTC).date()


def _at(started_s: int, day: float) -> int:
    return started_s + round(day * _DAY_S)

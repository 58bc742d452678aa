"""What disturbs the order of Sparkplug, counted."""

from dataclasses import dataclass


@dataclass
class Counts:
    """What the host has met since it was made.

    gaps: messages were missing when the time-out or the room was over. forgotten_nodes: there was no room for their
    births; forgotten_devices: there was none for all of one node; forgotten_unborn: they had no births.
    """

    repeated: int = 0
    held: int = 0
    gaps: int = 0
    stale_deaths: int = 0
    rebirths: int = 0
    forgotten_nodes: int = 0
    forgotten_devices: int = 0
    forgotten_unborn: int = 0

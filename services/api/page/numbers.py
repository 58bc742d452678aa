"""A chart with the sentence that it proves and the numbers under it."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Chart:
    """svg: empty where there is too little to draw; the sentence stands by itself."""

    sentence: str
    svg: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    unit: str = ""
    tags: Sequence[str] = field(default=())

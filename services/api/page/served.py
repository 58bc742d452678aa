"""The page's own files, each served under a name that has its hash, so that browsers may keep it for ever."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

_TYPES = {"css": "text/css; charset=utf-8", "woff2": "font/woff2"}
_FONT = "inter-latin.woff2"


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One file as it is served."""

    name: str
    content: bytes
    media_type: str


def _served(name: str, content: bytes) -> Asset:
    stem, _, ending = name.rpartition(".")
    served = f"{stem}.{sha256(content).hexdigest()[:12]}.{ending}"
    return Asset(name=served, content=content, media_type=_TYPES[ending])


def _read(name: str) -> bytes:
    return files(__package__).joinpath("assets", name).read_bytes()


def _style(font: Asset) -> Asset:
    parts = b"\n".join(_read(name) for name in ("tokens.css", "page.css", "charts.css"))
    return _served("page.css", parts.replace(_FONT.encode(), font.name.encode()))


FONT = _served(_FONT, _read(_FONT))
STYLE = _style(FONT)
BY_NAME = {asset.name: asset for asset in (FONT, STYLE)}

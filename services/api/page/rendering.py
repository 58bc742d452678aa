"""Templates to text: everything is escaped but what our own charts drew."""

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from services.api.page import words
from services.api.page.served import FONT, STYLE

_environment = Environment(
    loader=PackageLoader("services.api.page"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.globals.update(w=words, style=STYLE.name, font=FONT.name)


def render(template: str, *, assessed_through: datetime | None = None, here: str = "", **shown: object) -> str:
    """One page; here: which entry of the navigation it belongs to."""
    return _environment.get_template(template).render(assessed_through=assessed_through, here=here, **shown)

"""`--database` and `--broker`, the same for every command that needs them."""

from collections.abc import Callable
from typing import Annotated, Literal, Never

import typer
from typer.models import OptionInfo

from shared.errors import AddressMissingError


def _missing(what: Literal["database", "broker"]) -> Callable[[], Never]:
    def refuse() -> Never:
        raise AddressMissingError(what)

    return refuse


def _option(what: Literal["database", "broker"], scheme: str) -> OptionInfo:
    found: OptionInfo = typer.Option(
        f"--{what}",
        envvar=f"BELLWETHER_{what.upper()}_URL",
        help=f"{scheme} URL; that of the one stack in this folder if not given",
        metavar="URL",
        show_default=False,
        default_factory=_missing(what),
    )
    return found


DatabaseUrl = Annotated[str, _option("database", "postgresql://")]
BrokerUrl = Annotated[str, _option("broker", "mqtt:// or mqtts://")]

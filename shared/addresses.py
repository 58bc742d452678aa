"""`--database` and `--broker`, the same for every command that needs them."""

from collections.abc import Callable
from typing import Annotated, Literal, Never

import typer

from shared.errors import AddressMissingError


def _missing(what: Literal["database", "broker"]) -> Callable[[], Never]:
    def refuse() -> Never:
        raise AddressMissingError(what)

    return refuse


DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database",
        envvar="BELLWETHER_DATABASE_URL",
        help="postgresql:// URL; that of the one stack in this folder if not given",
        metavar="URL",
        show_default=False,
        default_factory=_missing("database"),
    ),
]
BrokerUrl = Annotated[
    str,
    typer.Option(
        "--broker",
        envvar="BELLWETHER_BROKER_URL",
        help="mqtt:// or mqtts:// URL; that of the one stack in this folder if not given",
        metavar="URL",
        show_default=False,
        default_factory=_missing("broker"),
    ),
]

"""The tree of errors that `shared/errors.py` draws is the one that there is."""

import importlib
import pkgutil
import re

import shared
from shared import errors


def test_the_tree_drawn_is_the_tree_there_is():
    for module in pkgutil.walk_packages(shared.__path__, "shared."):
        if not module.name.startswith("shared.migrations."):
            importlib.import_module(module.name)
    assert _drawn(errors.__doc__ or "") == _real(errors.BellwetherError)


def _real(parent: type[Exception]) -> dict[str, str]:
    """Each error that `shared` defines, to its parent's name."""
    found = {}
    for child in parent.__subclasses__():
        if child.__module__.startswith("shared."):
            found |= {child.__name__: parent.__name__} | _real(child)
    return found


def _drawn(text: str) -> dict[str, str]:
    parents = ["BellwetherError"]
    found = {}
    for indent, name in re.findall(r"^([│ ]*)[├└]── (\w+)", text, re.MULTILINE):
        depth = len(indent) // 4 + 1
        parents[depth:] = [name]
        found[name] = parents[depth - 1]
    return found

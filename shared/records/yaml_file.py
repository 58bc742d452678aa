"""YAML with the line of everything in it. Pure.

Scalars stay as they are written, apart from true, false and null: YAML 1.1 would read the machine state `off` as
false and the serial 012 as ten.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from shared.errors import RecordError

_SCALARS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True)
class Place:
    """A part of a YAML document: its file and line, and what stands there."""

    file: str
    line: int
    value: "str | bool | list[Place] | dict[str, Place] | None"

    def error(self, problem: str, remedy: str) -> RecordError:
        """The error that this part is wrong."""
        return RecordError(self.file, self.line, problem, remedy)

    def plain(self) -> object:
        """The same without lines: dicts, lists, texts, booleans and None."""
        match self.value:
            case list():
                return [part.plain() for part in self.value]
            case dict():
                return {key: part.plain() for key, part in self.value.items()}
            case _:
                return self.value

    def entries(self, what: str) -> "list[Place]":
        """The parts of a list; raise RecordError where it is none."""
        if isinstance(self.value, list):
            return self.value
        raise self.error(f"{what} is not a list", "begin each entry with '- '")

    def members(self, what: str) -> "dict[str, Place]":
        """The members of a mapping; raise RecordError where it is none."""
        if isinstance(self.value, dict):
            return self.value
        raise self.error(f"{what} is not a mapping", "write 'key: value' lines")


def load_yaml(file: str, content: str) -> Place:
    """The document; raise RecordError where it is not valid YAML, repeats a key or holds nothing."""
    try:
        node = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        problem = getattr(exc, "problem", None) or str(exc).splitlines()[0]
        line = None if mark is None else mark.line + 1
        raise RecordError(file, line, f"not valid YAML ({problem})", "check indentation, quotes and colons") from None
    if node is None:
        raise RecordError(file, 1, "the file is empty", "write a list, or remove the file")
    return _place(file, node, frozenset())


def _place(file: str, node: yaml.Node, above: frozenset[int]) -> Place:
    line = node.start_mark.line + 1
    if id(node) in above:
        raise RecordError(file, line, "an alias contains itself", "write the part out")
    below = above | {id(node)}
    match node:
        case yaml.SequenceNode():
            return Place(file, line, [_place(file, part, below) for part in node.value])
        case yaml.MappingNode():
            return Place(file, line, dict(_members(file, node, below)))
        case yaml.ScalarNode() if node.style is None and node.value in _SCALARS:
            return Place(file, line, _SCALARS[node.value])
        case _:
            return Place(file, line, str(node.value))


def _members(file: str, node: yaml.MappingNode, above: frozenset[int]) -> Iterator[tuple[str, Place]]:
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise RecordError(file, line, "a key is not plain text", "write 'key: value' lines")
        if key.value in seen:
            raise RecordError(file, line, f"'{key.value}' stands in line {seen[key.value]} already", "keep one of them")
        seen[key.value] = line
        yield key.value, _place(file, value, above)

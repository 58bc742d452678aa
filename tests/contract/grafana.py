"""What Grafana does to a query before it sends it, as its PostgreSQL data source and its variables do."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

# As Grafana finds them: an argument ends at the first closing parenthesis.
_MACRO = re.compile(r"\$(__\w+)\(([^)]*)\)")
_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")


class All(NamedTuple):
    """The choice of everything, which stands for a text of the variable's own, unquoted."""

    text: str


Chosen = Mapping[str, Sequence[str] | All]


def expanded(query: str, chosen: Chosen, since: datetime, until: datetime) -> str:
    """The query as it is sent: variables first, then macros of time."""

    def variable(match: re.Match[str]) -> str:
        values = chosen[match[1]]
        if isinstance(values, All):
            return values.text
        return ",".join("'" + value.replace("'", "''") + "'" for value in values)

    def macro(match: re.Match[str]) -> str:
        name, argument = match.groups()
        return {
            "__timeFilter": f"{argument} BETWEEN '{_rfc3339(since)}' AND '{_rfc3339(until)}'",
            "__timeFrom": f"'{_rfc3339(since)}'",
            "__timeTo": f"'{_rfc3339(until)}'",
        }[name]

    return _MACRO.sub(macro, _VARIABLE.sub(variable, query))


def _rfc3339(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")

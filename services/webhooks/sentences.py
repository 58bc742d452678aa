"""What people are told of a change: the sentence first, then what to do, then where to look."""

from collections.abc import Mapping
from typing import Any

_TRIAL = "This is a test: what Bellwether tells this channel will arrive here."


def sentences(event: Mapping[str, Any]) -> str | None:
    """The text for an event as receivers get it; None for what people are not told of: anything but alerts."""
    if event["type"] == "bellwether.webhook.test":
        return _TRIAL
    if event["data"]["subject"] != "alert":
        return None
    alert, transition = event["data"]["body"], event["data"]["transition"]
    said = str(alert["sentence"])
    if transition == "resolved":
        return _lines(f"Over ({alert['resolution'].replace('_', ' ')}): {said}", None, alert["url"])
    first = said if transition == "opened" else f"{transition.replace('_', ' ').capitalize()}: {said}"
    return _lines(first, f"What to do: {alert['play']}", alert["url"])


def _lines(*parts: str | None) -> str:
    return "\n\n".join(part for part in parts if part is not None)

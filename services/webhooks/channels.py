"""Channels of people: Slack, Teams, e-mail and what else Apprise speaks.

Whoever runs the deployment names them in a file; who makes a webhook says only the name. So no secret of theirs passes
through the API, and nobody can make us speak to an address that the file does not have.
"""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import yaml
from apprise import Apprise, AppriseAsset

from services.webhooks.retrying import Answer
from services.webhooks.sentences import sentences
from shared.errors import SetupError

SCHEME = "notify:"
_ASSET = AppriseAsset(app_id="Bellwether", app_desc="Bellwether", app_url="", http_redirects=False)


class Channels:
    """Apprise's services by the names of the file."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        self._services = {name: _service(name, address) for name, address in addresses.items()}

    def post(self, url: str, _headers: Mapping[str, str], body: bytes) -> Answer:
        """Tell the channel `notify:NAME` of the event in `body`."""
        service = self._services.get(url.removeprefix(SCHEME))
        if service is None:
            return Answer(None, "no channel of this name is set up where webhooks are sent from")
        text = sentences(json.loads(body))
        if text is None or service.notify(body=text):
            return Answer(200)
        return Answer(None, "the channel's service did not take the message")


def read_channels(path: Path | None) -> Channels:
    """The channels of a YAML file, `NAME: address of Apprise` a line; raise SetupError for a file that is wrong."""
    if path is None:
        return Channels({})
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise SetupError(f"{path} cannot be read as YAML: write a line `NAME: ADDRESS` for each channel") from None
    if not isinstance(found, dict):
        raise SetupError(f"{path} has no channels: write a line `NAME: ADDRESS` for each")
    return Channels({str(name): str(address) for name, address in found.items()})


def _service(name: str, address: str) -> Apprise:
    service = Apprise(asset=_ASSET)
    if not service.add(address):
        raise SetupError(
            f"the address of the channel {name!r} is none that Apprise knows, such as slack:// or mailtos://"
        )
    return service

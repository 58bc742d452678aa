"""Writes every dashboard to dashboards/*.json: `make dashboards`."""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.boards import BOARDS
from deploy.grafana.rules import complaints

FOLDER = Path(__file__).parent / "dashboards"


def files() -> dict[str, str]:
    """Name and text of each dashboard's file."""
    return {
        f"{name}.json": json.dumps(make(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
        for name, make in BOARDS.items()
    }


def main() -> None:
    """Write all files and take away those of dashboards that are no more; nothing where a rule is broken."""
    wanted = files()
    broken = [f"{name}: {each}" for name, text in wanted.items() for each in complaints(json.loads(text))]
    if broken:
        sys.exit("\n".join(broken))
    for old in FOLDER.glob("*.json"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

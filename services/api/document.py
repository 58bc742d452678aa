"""Prints the OpenAPI document: `python -m services.api.document > services/api/openapi.json`."""

import json
import sys
from datetime import UTC, datetime

from services.api.app import build_app, openapi_of
from services.api.database import Database

if __name__ == "__main__":
    app = build_app(Database("postgresql://"), secret=b"", clock=lambda: datetime.now(UTC))
    json.dump(openapi_of(app), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")

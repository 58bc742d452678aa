import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from services.api.settings import ApiSettings
from services.health.settings import HealthSettings
from services.ingest.settings import IngestSettings
from services.webhooks.settings import DeliverySettings
from shared.errors import SetupError
from shared.public_url import PublicSettings
from shared.settings import BrokerSettings, DatabaseSettings, WebhookSettings, read_settings

SETTINGS = Path(__file__).parents[2] / "docs" / "settings.md"
KINDS = (
    DatabaseSettings,
    PublicSettings,
    BrokerSettings,
    IngestSettings,
    HealthSettings,
    ApiSettings,
    WebhookSettings,
    DeliverySettings,
)


def test_a_setting_that_is_missing_is_named_as_it_is_set(monkeypatch):
    monkeypatch.delenv("BELLWETHER_BROKER_URL", raising=False)
    with pytest.raises(SetupError, match="BELLWETHER_BROKER_URL: Field required"):
        read_settings(BrokerSettings)


def test_a_setting_that_is_wrong_is_named_and_its_value_is_not_shown(monkeypatch):
    monkeypatch.setenv("BELLWETHER_INGEST_METRICS_PORT", "s3cret")
    with pytest.raises(SetupError, match="BELLWETHER_INGEST_METRICS_PORT") as caught:
        read_settings(IngestSettings)
    assert "s3cret" not in str(caught.value)


def test_what_is_given_counts_before_the_environment(monkeypatch):
    monkeypatch.setenv("BELLWETHER_BROKER_URL", "mqtt://environment")
    settings = read_settings(BrokerSettings, broker_url="mqtt://given")
    assert settings.broker_url.get_secret_value() == "mqtt://given"


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_settings_says_each_with_its_default(kind):
    page = SETTINGS.read_text().splitlines()
    for name, field in kind.model_fields.items():
        default = "" if field.default in (PydanticUndefined, None, "") else f"`{field.default}`"
        variable = kind.model_config["env_prefix"] + name.upper()
        assert f"| `{variable}` | {default} | {field.description} |" in page


def test_the_page_of_settings_says_no_others():
    known = {kind.model_config["env_prefix"] + name.upper() for kind in KINDS for name in kind.model_fields}
    assert set(re.findall(r"^\| `(\w+)`", SETTINGS.read_text(), re.MULTILINE)) == known

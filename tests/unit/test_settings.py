import pytest

from services.ingest.__main__ import IngestSettings
from shared.errors import SetupError
from shared.settings import BrokerSettings, read_settings


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

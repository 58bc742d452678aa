"""deploy/compose without an engine: everything that it names exists, and nothing secret is in it."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from deploy.cli import app
from services.api.settings import ApiSettings
from services.health.settings import HealthSettings
from services.ingest.settings import IngestSettings
from services.webhooks.settings import DeliverySettings
from shared.public_url import PublicSettings
from shared.settings import BrokerSettings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose"
TEXT = (COMPOSE / "compose.yaml").read_text(encoding="utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
EXAMPLE = dict(
    line.split("=", 1)
    for line in (COMPOSE / ".env.example").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def test_the_parts_of_the_product_are_there():
    assert {"database", "broker", "migrate", "ingest", "health", "api", "grafana"} <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_our_services_run_a_command_that_exists(name):
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert SERVICES[name]["command"][0] in commands


@pytest.mark.parametrize("name", OURS)
def test_our_services_are_given_only_settings_that_they_know(name):
    fields = {
        *(
            f"BELLWETHER_{field}".upper()
            for model in (ApiSettings, PublicSettings, BrokerSettings)
            for field in model.model_fields
        ),
        *(f"BELLWETHER_HEALTH_{field}".upper() for field in HealthSettings.model_fields),
        *(f"BELLWETHER_WEBHOOK_{field}".upper() for field in DeliverySettings.model_fields),
        *(f"BELLWETHER_INGEST_{field}".upper() for field in IngestSettings.model_fields),
        "BELLWETHER_GRAFANA_DATABASE_PASSWORD",  # of `bellwether grafana-login` alone
    }
    assert set(SERVICES[name]["environment"]) <= fields


def test_every_file_that_is_mounted_or_copied_exists():
    mounted = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume.startswith(".")
    ]
    assert mounted
    for path in mounted:
        assert (COMPOSE / path).exists(), path
    for service in OURS.values():
        assert (COMPOSE / service["build"]["context"]).resolve() == ROOT
        dockerfile = (ROOT / service["build"]["dockerfile"]).read_text()
    allowed = {line[1:] for line in (COMPOSE / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = {
        part
        for line in dockerfile.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for part in line.split()[1:-1]
    }
    assert copied == allowed
    for path in copied:
        assert (ROOT / path).exists(), path


def test_every_named_volume_is_declared():
    named = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }
    assert named == set(FILE["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_can_come_about(name):
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        match wanted["condition"]:
            case "service_healthy":
                assert SERVICES[other]["healthcheck"]["test"]
            case "service_completed_successfully":
                assert SERVICES[other]["restart"] == "no"
            case condition:
                pytest.fail(f"{name} waits for {other} to be {condition}")


@pytest.mark.parametrize("name", SERVICES)
def test_every_lasting_service_has_a_healthcheck(name):
    assert ("healthcheck" in SERVICES[name]) == (SERVICES[name]["restart"] != "no")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"database", "volume-owners"}))
def test_services_run_without_root_without_rights_and_on_a_read_only_disk(name):
    service = SERVICES[name]
    assert not service["user"].startswith("0")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", [name for name, service in SERVICES.items() if "read_only" in service])
def test_what_has_a_read_only_disk_and_lasts_can_write_temporary_files(name):
    # Without it the broker ends at its start: mosquitto_passwd writes the new file there first.
    if SERVICES[name]["restart"] != "no":
        assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108 - inside the container


def test_images_are_pinned():
    for service in SERVICES.values():
        assert re.search(r":v?\d+\.\d+\.\d+", service["image"]), service["image"]


def test_every_variable_has_its_line_in_the_example_and_secrets_have_no_value():
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    required = set(re.findall(r"\$\{(\w+):\?", TEXT))
    assert used == set(EXAMPLE)
    assert {name for name, value in EXAMPLE.items() if not value} == required
    assert {name for name in used if re.search("PASSWORD|SECRET", name)} == required


def test_nothing_is_reachable_from_outside_unless_somebody_says_so():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert all(port.startswith("${BELLWETHER_LISTEN:-127.0.0.1}:") for port in ports)
    assert EXAMPLE["BELLWETHER_LISTEN"] == "127.0.0.1"


def test_grafana_is_given_what_its_provisioning_asks_for():
    provisioning = "".join(path.read_text() for path in (ROOT / "deploy" / "grafana" / "provisioning").rglob("*.yaml"))
    assert set(re.findall(r"\$\{(\w+)\}", provisioning)) <= set(SERVICES["grafana"]["environment"])
    (provider,) = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/bellwether.yaml").read_text())[
        "providers"
    ]
    assert f"../grafana/dashboards:{provider['options']['path']}:ro" in SERVICES["grafana"]["volumes"]
    assert SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].startswith(
        provider["options"]["path"]
    )


@pytest.mark.parametrize("script", sorted(COMPOSE.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_shell_and_stop_at_the_first_error(script):
    subprocess.run(["sh", "-n", str(script)], check=True)
    assert "\nset -eu\n" in script.read_text()


def test_the_image_installs_exactly_the_locked_dependencies_and_is_not_root():
    dockerfile = (COMPOSE / "Dockerfile").read_text()
    assert "--require-hashes --requirement requirements.lock" in dockerfile
    assert "pip install --no-build-isolation --no-deps ." in dockerfile
    assert "\nUSER 10001\n" in dockerfile

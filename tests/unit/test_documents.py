"""Every path, command, option and target that a document names exists."""

import re
import shlex
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

import services.ingest.__main__  # noqa: F401 - registers its metrics
from deploy.cli import app
from services.api.settings import ApiSettings
from services.health.settings import HealthSettings
from services.ingest.settings import IngestSettings
from services.webhooks.settings import DeliverySettings
from shared.public_url import PublicSettings
from shared.settings import BrokerSettings, DatabaseSettings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not {".venv", "node_modules", ".pytest_cache", ".bellwether", ".git"} & set(path.relative_to(ROOT).parts)
)
# What the product makes when it runs, so a clone does not have it.
MADE_AT_RUN_TIME = (".bellwether", ".venv")
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def fenced_lines(text: str) -> list[str]:
    return [line.strip() for block in FENCE.findall(text) for line in block.splitlines()]


def commands(program: str) -> list[str]:
    """Every call of a program in a fence of any document or inline, without placeholders' meaning."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text()
        found += [line for line in fenced_lines(text) if line.startswith(program)]
        found += re.findall(rf"`({re.escape(program)}[^`]*)`", FENCE.sub("", text))
    return sorted(set(found))


def command_of(words: list[str]) -> TyperCommand | TyperGroup:
    """The sub-command that these words call; fails where there is none."""
    command = get_command(app)
    for word in words:
        if not isinstance(command, TyperGroup):
            break
        assert word in command.commands, f"{shlex.join(words)}: {command.name} has no {word}"
        command = command.commands[word]
    return command


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_in_the_document_exists(document):
    text = document.read_text()
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", text)
    missing = [link for link in links if not (document.parent / link).exists()]
    folders = "services|shared|deploy|tests|docs"
    quoted = re.findall(rf"`((?:{folders})/[\w./-]*|Makefile|pyproject\.toml)`", text)
    quoted += re.findall(rf"(?<![\w/.])((?:{folders})/[\w./-]*\w)", "\n".join(fenced_lines(text)))
    missing += [path for path in quoted if not (ROOT / path).exists()]
    assert missing == []


def test_the_documents_name_the_commands_that_a_newcomer_needs():
    assert "make run" in commands("make")
    assert any(line.startswith(".venv/bin/bellwether up") for line in commands(".venv/bin/bellwether"))


@pytest.mark.parametrize("command", commands("make "))
def test_every_make_target_exists(command):
    target = shlex.split(command)[1]
    assert re.search(rf"^{re.escape(target)}:", (ROOT / "Makefile").read_text(), re.MULTILINE), command


@pytest.mark.parametrize("command", commands(".venv/bin/bellwether") + commands("bellwether "))
def test_every_command_and_option_exists(command):
    words = shlex.split(command, comments=True)[1:]
    options = {option for parameter in command_of(words).params for option in parameter.opts}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= {*options, "--help"}


def test_every_short_hand_for_a_neighbour_of_a_command_exists():
    """As in: `bellwether dead-letters list`, `show`, `replay`."""
    named = [
        [group, name]
        for document in DOCUMENTS
        for group, names in re.findall(
            r"bellwether ([\w-]+) [\w-]+`((?:,? (?:and |or )?`[\w-]+`)+)", document.read_text()
        )
        for name in re.findall(r"[\w-]+(?=`)", names)
    ]
    assert ["dead-letters", "show"] in named
    for words in named:
        command_of(words)


@pytest.mark.parametrize("words", [["harvest"], ["dead-letters", "bury"], ["conflicts", "show"], ["sources", "show"]])
def test_a_command_that_is_not_there_is_seen(words):
    with pytest.raises(AssertionError, match=f"has no {words[-1]}"):
        command_of(words)


def test_every_metric_of_ingest_that_a_document_names_is_counted():
    counted = {sample.name for metric in REGISTRY.collect() for sample in (*metric.samples, _bare(metric))}
    named = {name for document in DOCUMENTS for name in re.findall(r"\bbellwether_ingest_\w+", document.read_text())}
    assert "bellwether_ingest_spool_messages" in named
    assert named - counted == set()


def _bare(metric: Metric) -> Sample:
    """A metric without a label's value yet has no sample, and its counter is named with _total all the same."""
    return Sample(metric.name + ("_total" if metric.type == "counter" else ""), {}, 0)


def test_every_setting_that_a_document_names_is_read():
    prefixed = {
        f"{model.model_config['env_prefix']}{field}".upper()
        for model in (
            ApiSettings,
            PublicSettings,
            BrokerSettings,
            DatabaseSettings,
            HealthSettings,
            IngestSettings,
            DeliverySettings,
        )
        for field in model.model_fields
    }
    tests_own = {"BELLWETHER_TEST_TIMESCALE_URL"}
    provisioning = "".join(path.read_text() for path in (ROOT / "deploy" / "grafana" / "provisioning").rglob("*.yaml"))
    grafanas = set(re.findall(r"\$\{(\w+)\}", provisioning))
    named = {name for document in DOCUMENTS for name in re.findall(r"\bBELLWETHER_[A-Z_]+[A-Z]", document.read_text())}
    assert named - prefixed - tests_own - grafanas == set()


def test_ingest_s_page_shows_what_it_promises():
    text = (ROOT / "services" / "ingest" / "README.md").read_text()
    rows = re.findall(r"^\| \*\*(.*)\|$", text, re.MULTILINE)
    assert rows
    for row in rows:
        promise, how_to_tell, shown_by = row.split("|")
        assert re.search(r"`bellwether[ _]", how_to_tell), promise
        assert re.search(r"`tests/", shown_by), promise

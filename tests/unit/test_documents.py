"""Every path, command, option and target that a document names exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

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


def help_of(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *words, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "300", "PATH": "/usr/bin:/bin", "TERM": "dumb", "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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


@pytest.mark.parametrize("command", commands(".venv/bin/bellwether"))
def test_every_command_and_option_exists(command):
    words = shlex.split(command, comments=True)[1:]
    names = [words[0]]
    if words[0] in {"keys", "dead-letters"} and len(words) > 1:
        names.append(words[1])
    text = help_of(*names)
    for option in (word.split("=")[0] for word in words if word.startswith("--")):
        assert option in text, f"{command}: no option {option}"

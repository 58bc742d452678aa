import sys

import pytest

from deploy.cli import main
from deploy.local import access


def test_other_commands_find_the_servers_that_run_and_none_that_have_stopped(tmp_path):
    for file, text in (("database-url", "postgresql://d"), ("broker-url", "mqtt://b"), ("broker-mqtt-version", "5")):
        access.write_private(tmp_path / "demo" / file, text)
    assert access.running_addresses(tmp_path) == {
        "BELLWETHER_DATABASE_URL": "postgresql://d",
        "BELLWETHER_BROKER_URL": "mqtt://b",
        "BELLWETHER_BROKER_MQTT_VERSION": "5",
    }
    access.forget_addresses(tmp_path / "demo")
    assert access.running_addresses(tmp_path) == {}


def test_where_a_demo_and_a_live_stack_run_a_person_must_say_which(tmp_path):
    for stack in ("demo", "live"):
        access.write_private(tmp_path / stack / access.DATABASE_URL_FILE, "postgresql://d")
    assert access.running_addresses(tmp_path) == {}


def test_a_stack_with_a_broker_of_its_own_lends_none_of_another_s_addresses(tmp_path):
    access.write_private(tmp_path / "demo" / access.BROKER_URL_FILE, "mqtt://demo")
    access.write_private(tmp_path / "live" / access.DATABASE_URL_FILE, "postgresql://live")
    assert access.running_addresses(tmp_path) == {}


def test_a_check_is_of_the_spool_of_the_stack_whose_database_it_is(tmp_path):
    assert access.running_spool(tmp_path, "postgresql://demo") is None
    for stack in ("demo", "live"):
        access.write_private(tmp_path / stack / access.DATABASE_URL_FILE, f"postgresql://{stack}")
    assert access.running_spool(tmp_path, "postgresql://live") == tmp_path / "live" / "spool"
    assert access.running_spool(tmp_path, "postgresql://elsewhere") is None


@pytest.mark.parametrize("command", ["sources list", "broker-acl", "migrate", "ingest --check", "health", "api"])
@pytest.mark.parametrize(
    ("stacks", "told"),
    [
        ((), "no stack runs in this folder: start one by `bellwether up`, or give --database URL"),
        (("demo", "live"), ".bellwether/demo/database-url or .bellwether/live/database-url says"),
    ],
    ids=["none", "two"],
)
def test_where_not_one_stack_runs_a_command_says_so_and_what_to_do(
    tmp_path, monkeypatch, capsys, command, stacks, told
):
    for stack in stacks:
        access.write_private(tmp_path / ".bellwether" / stack / access.DATABASE_URL_FILE, "postgresql://d")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BELLWETHER_DATABASE_URL", raising=False)
    monkeypatch.setattr(sys, "argv", ["bellwether", *command.split()])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert told in capsys.readouterr().err

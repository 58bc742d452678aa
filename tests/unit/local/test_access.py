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

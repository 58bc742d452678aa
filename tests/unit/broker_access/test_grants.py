"""What each credential may publish and read, and what cannot smuggle a rule in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.broker_access.grants import Access, LeftOut, Source, User, access
from deploy.broker_access.mosquitto_file import mosquitto_file, mosquitto_refuses
from deploy.broker_access.nats_block import nats_block, nats_refuses, password_variable, subjects

TELEMETRY = ("bellwether/v1/+/+", "spBv1.0/#")


def granted(*sources: Source, telemetry=TELEMETRY, refuses=mosquitto_refuses) -> Access:
    return access(sources, host_id="bellwether", ingest_name="ingest", telemetry=telemetry, refuses=refuses)


def bound(prefix: str, credential: str | None = "plant") -> Source:
    return Source(prefix, credential, assigned=True)


def rules(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_a_plant_publishes_under_its_prefix_and_reads_nothing():
    assert granted(bound("bellwether/v1/malmo")).users[1] == User("plant", ("bellwether/v1/malmo/#",), ())


def test_an_edge_node_publishes_its_births_data_and_deaths_and_reads_its_commands_and_our_state():
    assert granted(bound("spBv1.0/malmo/filling")).users[1] == User(
        "plant",
        (
            "spBv1.0/malmo/NBIRTH/filling",
            "spBv1.0/malmo/NDATA/filling",
            "spBv1.0/malmo/NDEATH/filling",
            "spBv1.0/malmo/DBIRTH/filling/+",
            "spBv1.0/malmo/DDATA/filling/+",
            "spBv1.0/malmo/DDEATH/filling/+",
        ),
        ("spBv1.0/malmo/NCMD/filling", "spBv1.0/malmo/DCMD/filling/+", "spBv1.0/STATE/bellwether"),
    )


def test_ingest_reads_telemetry_and_publishes_rebirth_commands_and_its_state():
    assert granted().users == (User("ingest", ("spBv1.0/+/NCMD/+", "spBv1.0/STATE/bellwether"), TELEMETRY),)


def test_who_replays_publishes_telemetry_and_reads_nothing_and_no_plant_is_called_so():
    found = access(
        [bound("a", "replayer")],
        host_id="bellwether",
        ingest_name="ingest",
        telemetry=TELEMETRY,
        refuses=mosquitto_refuses,
        replay_name="replayer",
    )
    assert found.users[1:] == (User("replayer", TELEMETRY, ()),)
    assert found.left_out == (LeftOut("a", "its credential replayer is Bellwether's own"),)


def test_one_credential_has_the_rules_of_all_its_prefixes():
    found = granted(bound("a"), bound("b", "other"), bound("c"))
    assert [(user.name, user.publishes) for user in found.users[1:]] == [("other", ("b/#",)), ("plant", ("a/#", "c/#"))]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (Source("a", "plant", assigned=False), "no record assigns it to a site"),
        (bound("a", None), "its record names no credential"),
        (bound("a", "ingest"), "its credential ingest is Bellwether's own"),
        (
            bound("a", "x\nuser ingest"),
            "'x\\nuser ingest' has a character that cannot be printed or an outer space",
        ),
        (
            bound("a\ntopic write #"),
            "'a\\ntopic write #' has a character that cannot be printed or an outer space",
        ),
        (bound("a\nuser ingest"), "'a\\nuser ingest' has a character that cannot be printed or an outer space"),
        (bound(" a"), "' a' has a character that cannot be printed or an outer space"),
        (bound("a/+"), "'a/+' contains a wildcard"),
        (bound("#"), "'#' contains a wildcard"),
        (bound("a//b"), "'a//b' has an empty level"),
        (bound("$share/g/a"), "'$share/g/a' is not one source's"),
        (bound("bellwether/v1"), "'bellwether/v1' is not bellwether/v1/{plant}"),
        (bound("spBv1.0/group"), "'spBv1.0/group' is not spBv1.0/{group}/{edge}"),
        (bound("spBv1.0/STATE/bellwether"), "'spBv1.0/STATE/bellwether' is not one source's"),
        (bound("umh/v1"), "'umh/v1' is not umh/v1/{enterprise}/{site}"),
    ],
)
def test_who_is_granted_nothing_is_told_why(source, reason):
    assert granted(source) == Access(granted().users, (LeftOut(source.topic_prefix, reason),))


def test_a_mapping_s_topic_cannot_smuggle_a_rule_in():
    found = granted(telemetry=("plants/+/data", "x\ntopic write #"))
    assert found.users[0].reads == ("plants/+/data",)
    assert [each.topic for each in found.left_out] == ["x\ntopic write #"]


@pytest.mark.parametrize("prefix", ["plants/*", "plants/>", "plants/a b", "plants/\t"])
def test_nats_is_granted_no_prefix_that_its_subjects_read_as_a_wildcard_or_not_at_all(prefix):
    assert len(granted(bound(prefix), refuses=nats_refuses).users) == 1
    assert granted(telemetry=(prefix,), refuses=nats_refuses).users[0].reads == ()


def test_a_mosquitto_file_has_one_rule_a_line():
    assert rules(mosquitto_file(granted(bound("bellwether/v1/malmo")))) == [
        "user ingest",
        "topic write spBv1.0/+/NCMD/+",
        "topic write spBv1.0/STATE/bellwether",
        "topic read bellwether/v1/+/+",
        "topic read spBv1.0/#",
        "user plant",
        "topic write bellwether/v1/malmo/#",
    ]


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("spBv1.0/g/NDATA/e", ("spBv1//0.g.NDATA.e",)),
        ("spBv1.0/#", ("spBv1//0", "spBv1//0.>")),
        ("bellwether/v1/+/+", ("bellwether.v1.*.*",)),
        ("#", (">",)),
    ],
)
def test_topics_become_the_subjects_that_nats_makes_of_them(topic, expected):
    assert subjects(topic) == expected


def test_a_plant_that_reads_nothing_is_denied_everything_by_nats():
    assert 'subscribe: { deny: ">" }' in nats_block(granted(bound("bellwether/v1/malmo")))


@given(st.lists(st.text(min_size=1), unique=True))
def test_every_user_has_a_password_of_its_own(names):
    assert len({password_variable(name) for name in names}) == len(names)


_PREFIXES = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.lists(st.tuples(_PREFIXES, st.none() | _PREFIXES), unique_by=lambda each: each[0]))
def test_whatever_a_source_is_called_the_files_hold_the_rules_of_what_is_granted_and_no_more(names):
    sources = [bound(prefix, credential) for prefix, credential in names]
    found = granted(*sources)
    assert rules(mosquitto_file(found)) == [
        line
        for user in found.users
        for line in (
            f"user {user.name}",
            *(f"topic write {each}" for each in user.publishes),
            *(f"topic read {each}" for each in user.reads),
        )
    ]
    nats = granted(*sources, refuses=nats_refuses)
    assert sum(line.startswith("      user: ") for line in rules(nats_block(nats))) == len(nats.users)

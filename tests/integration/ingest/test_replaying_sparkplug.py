"""Sparkplug is never replayed: an old message would be taken for the present of its node."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from services.ingest.commands.dead_letters import numbers_left, replay
from shared.errors import InvalidActionError
from shared.settings import BrokerSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def letters(conn):
    """Numbers of two dead letters: Sparkplug's, then another's."""
    rows = [
        conn.execute(
            "INSERT INTO dead_letters (received_at, topic, payload, qos, retained, reason)"
            " VALUES (%s, %s, '', 0, false, 'x') RETURNING dead_letter_id",
            [NOW, topic],
        ).fetchone()[0]
        for topic in ("spBv1.0/g/NBIRTH/edge", "bellwether/v1/spBv1.0/pump")
    ]
    conn.commit()
    return rows


def test_a_dead_letter_of_sparkplug_is_refused_with_what_to_do_before_anything_is_sent(conn, letters):
    nowhere = BrokerSettings(broker_url="mqtt://127.0.0.1:1")
    with pytest.raises(InvalidActionError, match=rf"dead-letters delete {letters[0]}"):
        replay(conn, letters[::-1], nowhere, NOW)


def test_all_that_are_left_to_replay_are_those_that_can_be(conn, letters):
    assert numbers_left(conn) == letters[1:]


@pytest.mark.needs_broker
@pytest.mark.usefixtures("letters")
def test_replaying_all_says_how_many_it_leaves_and_why(database_url, broker):
    words = ["dead-letters", "replay", "--all", "--database", database_url, "--broker", broker.url]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "1 published again" in result.output
    assert "1 of Sparkplug left as they are: hosts would take the past" in result.output

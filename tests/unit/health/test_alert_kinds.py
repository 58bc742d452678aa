"""The registry of alert kinds: few, so that each is worth a call."""

from string import Formatter

import pytest

from services.health.advisory_generation.alert_kinds import KINDS
from shared.records.vocabulary import OWNER_ROLES


def test_there_are_twelve_kinds_at_most():
    assert len(KINDS) <= 12


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_each_kind_has_an_owner_a_play_and_a_sentence_about_whom_it_concerns(kind):
    assert set(kind.owner_roles) <= set(OWNER_ROLES)
    assert kind.play.endswith(".")
    named = {name for _, name, _, _ in Formatter().parse(kind.sentence)}
    assert named & {"asset", "site", "customer"}

"""Everything that fuzzing ever found worth keeping, fed to its target again; and targets that see what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from services.ingest.messages.readings import Decoded, Reading
from services.ingest.sparkplug.stencils import Stencils
from tests.fuzz.invariants import check_decoded
from tests.fuzz.run import SHARES
from tests.fuzz.targets import NOW_US, TARGETS
from tests.unit.ingest.messages import envelope

CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())


def test_every_target_has_a_corpus_and_a_share_of_the_time():
    assert {path.parent.name for path in INPUTS} == TARGETS.keys() == SHARES.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_ends_in_samples_or_reasons(target):
    for path in INPUTS:
        if path.parent.name == target:
            TARGETS[target](path.read_bytes())


def test_the_corpus_stays_small():
    assert len(INPUTS) < 300
    assert sum(path.stat().st_size for path in INPUTS) < 300_000


GOOD = Reading("s", "json", "d", NOW_US, False, ("m",), np.array([1.0]))


@pytest.mark.parametrize(
    "wrong",
    [
        GOOD._replace(values=np.array([np.inf])),
        GOOD._replace(values=np.array([1.0, 2.0])),
        GOOD._replace(observed_us=0),
        GOOD._replace(observed_us=NOW_US + 2 * 86_400_000_000),
        GOOD._replace(metrics=("",)),
        GOOD._replace(metrics=("a\x00",)),
        GOOD._replace(metrics=("\ud800",)),
        GOOD._replace(device="x" * 513),
        GOOD._replace(texts=(("m", 5),)),
        GOOD._replace(texts=(("m", 10**31),)),
        GOOD._replace(quality=7),
    ],
)
def test_what_cannot_be_stored_is_seen(wrong):
    check_decoded(Decoded(envelope("t", b""), (GOOD,)))
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        check_decoded(Decoded(envelope("t", b""), (wrong,)))


def test_a_refusal_that_tells_something_all_the_same_is_seen():
    with pytest.raises(AssertionError):
        check_decoded(Decoded(envelope("t", b""), (GOOD,), reason="no"))


REPEATING = bytes([0xF0, 0x70, 0x0A]) + bytes(50)


def test_a_stencil_that_reads_something_else_is_seen(monkeypatch):
    read = Stencils.read

    def wrong(self, raw, seq):
        said = read(self, raw, seq)
        return None if said is None else said._replace(values=said.values + 1)

    TARGETS["sparkplug"](REPEATING)
    monkeypatch.setattr(Stencils, "read", wrong)
    with pytest.raises(AssertionError, match="a stencil read something else"):
        TARGETS["sparkplug"](REPEATING)

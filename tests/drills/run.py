"""The long form of the drills, `make drills`.

ARGS="--seed 7 --rounds 20 --only 'disk is full'"    rounds of trouble; all fifty by default
ARGS="--replicas 2"                                   two ingests share the load
ARGS="--drill outage --minutes 10"                    the database away at 20,000 samples a second
ARGS="--drill broker-kill"                            what a killed mosquitto loses, by how it saves
"""

import argparse
import random
import signal
import sys

from tests.drills import broker_kill
from tests.drills.outage import run_outage
from tests.drills.rounds import DrillError, run_rounds


def main() -> int:
    """1 when a promise was broken; the seed that is printed does it again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drill", choices=("rounds", "outage", "broker-kill"), default="rounds")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="printed; the same again")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--replicas", type=int, default=1, help="so many ingests that share the load")
    parser.add_argument("--only", action="append", default=[], help="troubles with these words in their names")
    parser.add_argument("--quick", action="store_true", help="without those that last a minute")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the outage")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return _run(parser.parse_args())


def _run(chosen: argparse.Namespace) -> int:
    if chosen.drill == "broker-kill":
        broker_kill.measure(_say, rate=200.0, seconds=20.0, kills=3, seed=chosen.seed)
        return 0
    if chosen.drill == "outage":
        verdict = run_outage(chosen.minutes, _say, seed=chosen.seed)
        _say(str(verdict))
        return 0 if verdict.good else 1
    try:
        run_rounds(chosen.seed, chosen.rounds, _say, names=chosen.only, slow=not chosen.quick, replicas=chosen.replicas)
    except DrillError as broken:
        _say(f"BROKEN: {broken}")
        return 1
    return 0


def _say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    sys.exit(main())

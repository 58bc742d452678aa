"""`make drills`: the long form of the drills. `ARGS="--seed 7 --rounds 20"`, `ARGS="--only 'disk is full'"`."""

import argparse
import random
import sys

from tests.drills.rounds import DrillError, run_rounds


def main() -> int:
    """1 when a promise was broken; the seed that is printed does it again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="printed; the same again")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--replicas", type=int, default=1, help="so many ingests that share the load")
    parser.add_argument("--only", action="append", default=[], help="troubles with these words in their names")
    parser.add_argument("--quick", action="store_true", help="without those that last a minute")
    chosen = parser.parse_args()
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

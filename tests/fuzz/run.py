"""Coverage-guided fuzzing of every decoder, by turns: `make fuzz ARGS="--minutes 60"`.

Needs atheris (requirements-fuzz.lock), which `make fuzz` installs beside the virtual environment's packages.
What it finds new goes to `.fuzz/<target>`; `--minimise` keeps the smallest set that reaches the same in
tests/fuzz/corpus, which `make test` replays. An input that breaks a target stays in `.fuzz` as <target>-crash-...
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
LONGEST = {"sparkplug": 800}
"""Bytes of an input, where not 4096: a long story takes long, and tells nothing that a short one cannot."""
SHARES = {"json": 4, "mapped": 4, "umh": 3, "topic": 2, "sparkplug": 6, "state": 0.2}
"""Of the time, by how much there is to be reached."""


def main() -> int:
    """Fuzz each target for its share of the time; 1 when one of them broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="in all, shared by the targets")
    parser.add_argument("--only", choices=SHARES, action="append", help="this target alone")
    parser.add_argument("--seed", type=int, default=0, help="libFuzzer's; 0 takes one from the clock and prints it")
    parser.add_argument("--minimise", action="store_true", help="do not fuzz; merge .fuzz into tests/fuzz/corpus")
    parser.add_argument("--found", type=Path, default=Path(".fuzz"), help="where finds are kept")
    chosen = parser.parse_args()
    broken = []
    names = chosen.only or list(SHARES)
    for name in names:
        directory = chosen.found / name
        directory.mkdir(parents=True, exist_ok=True)
        if chosen.minimise:
            arguments = ["-merge=1", str(CORPUS / name), str(directory)]
            (CORPUS / name).mkdir(exist_ok=True)
        else:
            seconds = max(1, round(chosen.minutes * 60 * SHARES[name] / sum(SHARES[one] for one in names)))
            arguments = [
                f"-max_total_time={seconds}",
                f"-seed={chosen.seed}",
                f"-artifact_prefix={chosen.found}/{name}-",
            ]
            arguments += _dictionary(name)
            arguments += [str(directory), str(CORPUS / name)]
            (CORPUS / name).mkdir(exist_ok=True)
        print(f"== {name}", flush=True)
        one = [
            sys.executable,
            "-m",
            "tests.fuzz.one",
            name,
            f"-max_len={LONGEST.get(name, 4096)}",
            "-timeout=10",
            *arguments,
        ]
        if subprocess.run(one, check=False).returncode:
            broken.append(name)
    print("broken: " + ", ".join(broken) if broken else "no target broke")
    return 1 if broken else 0


def _dictionary(name: str) -> list[str]:
    path = HERE / "dictionaries" / f"{name}.dict"
    return [f"-dict={path}"] if path.exists() else []


if __name__ == "__main__":
    sys.exit(main())

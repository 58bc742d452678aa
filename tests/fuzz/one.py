"""One target under atheris: `python -m tests.fuzz.one TARGET [libFuzzer's options] [corpus directories]`."""

import sys

import atheris

with atheris.instrument_imports(include=["services", "shared", "tests.fuzz"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Hand over to libFuzzer, which ends the process."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

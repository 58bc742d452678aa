"""One target under atheris: `python -m tests.fuzz.one TARGET [libFuzzer's options] [corpus directories]`."""

import sys

import atheris

with atheris.instrument_imports(include=["services", "shared", "tests.fuzz"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Hand over to libFuzzer, which ends the process; to merge, it runs its own command line again through a shell."""
    name = sys.argv[1]
    command = f"{sys.executable} -m tests.fuzz.one {name}"
    atheris.Setup([command, *sys.argv[2:]], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()

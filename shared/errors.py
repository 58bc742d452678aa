"""Errors of this product, divided by what the caller should do.

BellwetherError
├── PermanentError       retrying cannot help: say what is wrong and move on
│   ├── DecodeError          a payload is not what its topic promises
│   ├── RecordError          a record or mapping file is wrong: file, line, what to write instead
│   ├── FieldError           one field of a record is wrong; whoever knows file and line makes a RecordError of it
│   ├── UnitError            a unit is unknown, or two units do not measure the same thing
│   ├── MappingError         a declared mapping cannot be used
│   ├── TargetError          an address to which nothing is sent
│   ├── NotFoundError        no such row in the caller's scope
│   ├── ConflictError        the row changed since the caller read it
│   ├── InvalidActionError   the state of an alert, or what a message is, does not allow the action
│   └── SetupError           the machine or the settings do not allow a start
│       └── AddressMissingError  a command was not told which database or broker
└── TransientError       the same call may succeed later: keep the input and retry
    ├── StorageError         the database is away
    │   └── DatabaseMissingError  the server is there and the database has to be created
    ├── LeaseLostError       another process has what only one may have
    └── BrokerError          the broker is away
        └── RefusedError         it answers, and does not let us in

Fields, units and mappings have theirs beside them; what only HTTP knows is in services/api/problems.py.
"""

from typing import Literal


class BellwetherError(Exception):
    """Root of every error that Bellwether raises on purpose."""


class PermanentError(BellwetherError):
    """Retrying cannot help."""


class TransientError(BellwetherError):
    """The same call may succeed later."""


class DecodeError(PermanentError):
    """A payload does not match the format its topic promises."""

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"{topic}: {reason}")
        self.topic = topic
        self.reason = reason


class RecordError(PermanentError):
    """A record, event or mapping file says something that cannot be stored."""

    def __init__(self, file: str, line: int | None, problem: str, remedy: str) -> None:
        where = file if line is None else f"{file}:{line}"
        super().__init__(f"{where}: {problem}; {remedy}")
        self.file = file
        self.line = line
        self.problem = problem
        self.remedy = remedy


class NotFoundError(PermanentError):
    """No such row in the caller's scope."""


class ConflictError(PermanentError):
    """The row changed since the caller read it."""


class InvalidActionError(PermanentError):
    """The state of an alert, or what a message is, does not allow the action."""


class SetupError(PermanentError):
    """The machine or the settings do not allow a start; the message says what to do."""


class AddressMissingError(SetupError):
    """A command was not told which database or broker it is for, and found none by itself."""

    def __init__(self, what: Literal["database", "broker"]) -> None:
        self.what = what
        self.remedy = f"give --{what} URL, or set BELLWETHER_{what.upper()}_URL"
        super().__init__(f"no {what} is named: {self.remedy}")


class StorageError(TransientError):
    """The database is away or refused for now; nothing was stored."""


class DatabaseMissingError(StorageError):
    """The server is there and has no database of this name."""

    def __init__(self, name: str) -> None:
        self.remedy = f"create it on its server, for example by `createdb {name}`, then run `bellwether migrate`"
        super().__init__(f"there is no database '{name}': {self.remedy}")


class LeaseLostError(TransientError):
    """Another process has the lease that this one thinks it has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"another process has the lease {name!r}")
        self.name = name


class BrokerError(TransientError):
    """The broker is away."""


class RefusedError(BrokerError):
    """The broker answers and does not let us in; later it may, when its rules or ours have changed."""

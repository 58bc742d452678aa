"""What kind of reason a dead letter has: few enough to count by, where the reason itself is a sentence."""

from enum import StrEnum


class ReasonKind(StrEnum):
    """What to look at first."""

    TOPIC = "topic"
    TIME = "time"
    NAME = "name"
    VALUE = "value"
    SPARKPLUG = "sparkplug"
    LIMIT = "limit"
    DATABASE = "database"
    PAYLOAD = "payload"


# The first line of which a part occurs decides, so a word that a payload may bring into its reason stands last.
_SIGNS: tuple[tuple[ReasonKind, tuple[str, ...]], ...] = (
    (ReasonKind.DATABASE, ("the database refuses it",)),
    (ReasonKind.LIMIT, ("it names new metrics, and the source", "is new, and", "it has more than")),
    (
        ReasonKind.TOPIC,
        ("the topic is not", "no mapping fits", "the location has no site", "no tag is named"),
    ),
    (ReasonKind.TIME, ("the time is", "no time", "is not a time", "no offset from UTC", "has a time")),
    (ReasonKind.SPARKPLUG, ("birth", "alias", "Sparkplug")),
    (ReasonKind.NAME, ("a name must have", "no name of a metric", "the character NUL", "surrogate", "twice")),
    (
        ReasonKind.VALUE,
        (
            "an integer of more",
            "not a number",
            "has a unit, but",
            "is too large for",
            "there is no array",
            "there is no object",
            "was sent for",
            "does not fit an integer",
            "a metric can have",
            "a value may have",
            "it has no value",
        ),
    ),
)


def kind_of(reason: str) -> ReasonKind:
    """The kind of a reason; PAYLOAD for what a parser says that cannot read the bytes, and for anything else."""
    return next((kind for kind, signs in _SIGNS if any(sign in reason for sign in signs)), ReasonKind.PAYLOAD)

"""The words of a review, for people who run plants: none of those by which things are called inside. Pure."""

from collections.abc import Mapping

from services.api.review.review_rows import EventRow

BASES: Mapping[str, str] = {
    "measured": "measured in hours and units",
    "assumed": "what an hour and a unit are worth is assumed by us and not yet agreed with you",
    "supplier": "what an hour and a unit are worth is our estimate and not yet agreed with you",
    "agreed": "what an hour and a unit are worth was agreed with you",
}
"""How money is known, the weakest first."""
_COUNTERFACTUALS = {
    "acceptance_window": "the first four weeks of each machine",
    "declared": "the reference of the business case",
    "several": "more than one reference, machine by machine",
    "peers": "comparable machines elsewhere, without names and of at least five operators",
}


def counterfactual_in_words(name: str) -> str:
    """What would have been otherwise, by its stored name."""
    return _COUNTERFACTUALS.get(name, "an agreed reference")


def happening(event: EventRow) -> str | None:
    """What was done, in one phrase; None for what needs no telling."""
    match event.kind:
        case "software_release":
            return f"Software {event.version} installed" if event.version else "New software installed"
        case "retrofit":
            return f"Retrofit: {event.title}" if event.title else "Retrofit"
        case "training":
            return f"Training: {event.title}" if event.title else "Training"
        case "capability_adopted":
            return f"In use: {capability_in_words(event.capability)}" if event.capability else None
        case "baseline":
            return "New reference agreed for what value is measured against"
        case _:
            return None


def capability_in_words(name: str) -> str:
    """`predictive_stop` as a person writes it."""
    return name.replace("_", " ")

"""What was planted in the demo, for tests to hold Bellwether against."""

from dataclasses import dataclass

from deploy.local.plants.story import STORIES


@dataclass(frozen=True, kw_only=True)
class Truth:
    """One customer: its external id and name, the story, alert kinds that must open, and others that may.

    Any other kind is a false alarm. A customer with none expected and none tolerated is to stay quiet.
    """

    customer_id: str
    name: str
    story: str
    expected: frozenset[str]
    tolerated: frozenset[str]

    @property
    def quiet(self) -> bool:
        """Whether no alert at all is deserved."""
        return not self.expected and not self.tolerated


TRUTHS: tuple[Truth, ...] = tuple(
    Truth(
        customer_id=story.id,
        name=story.name,
        story=story.planted,
        expected=story.expected,
        tolerated=story.tolerated,
    )
    for story in STORIES
)

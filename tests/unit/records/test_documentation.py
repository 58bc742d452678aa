"""docs/records.md says what the import takes, and the example shows it."""

import re
from pathlib import Path

import pytest

from services.ingest.decoding.decoder import acknowledged_subscriptions
from shared.records import kinds
from shared.records.engineering import METRICS, parse_asset_types, parse_mappings
from shared.records.importing import FILES
from shared.records.rows import RecordKind
from shared.records.vocabulary import (
    EVENT_KINDS,
    GUARANTEE_EXCLUSIONS,
    GUARANTEE_WINDOWS,
    IMPROVEMENT_STATUSES,
    KPIS,
    METRIC_ROLES,
    OWNER_ROLES,
    STATES,
)
from shared.sparkplug import SUBSCRIPTION

_ROOT = Path(__file__).resolve().parents[3]
_PAGE = (_ROOT / "docs" / "records.md").read_text()
_KINDS = [kind for kind in vars(kinds).values() if isinstance(kind, RecordKind)]


def section(title: str) -> str:
    return re.split(r"^#+ ", _PAGE.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def documented(title: str) -> dict[str, bool]:
    """Column to whether it is required."""
    found = re.findall(r"^\| (\*\*)?(\w+)(?:\*\*)? \|", section(title), flags=re.MULTILINE)
    return {name: bool(bold) for bold, name in found if name not in ("column", "key")}


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.file)
def test_every_column_is_documented_as_required_or_not(kind: RecordKind) -> None:
    assert documented(kind.file) == {field.name: field.required for field in kind.fields}


def test_every_key_of_a_metric_is_documented() -> None:
    expected = {field.name: field.required for field in METRICS.fields if field.name != "asset_type"}
    assert documented("asset_types.yaml") == expected


def test_every_file_is_in_the_table_of_owners_and_in_the_example() -> None:
    assert set(re.findall(r"^\| [^|]+ \| [^|]+ \| `([^`]+)` \|", _PAGE, flags=re.MULTILINE)) == set(FILES)
    assert {path.name for path in (_ROOT / "deploy" / "example-records").iterdir()} == set(FILES)


@pytest.mark.parametrize(
    "words",
    [
        EVENT_KINDS,
        GUARANTEE_EXCLUSIONS,
        IMPROVEMENT_STATUSES,
        GUARANTEE_WINDOWS,
        KPIS,
        METRIC_ROLES,
        OWNER_ROLES,
        STATES,
    ],
)
def test_every_closed_set_of_words_is_listed_in_full(words: tuple[str, ...]) -> None:
    assert ", ".join(f"`{word}`" for word in words) in _PAGE


@pytest.mark.parametrize("page", [_PAGE, (_ROOT / "README.md").read_text()], ids=["records", "readme"])
def test_what_is_not_declared_is_said_to_be_kept_by_nobody(page: str) -> None:
    assert re.search(r"broker acknowledges[\w\s]* nobody keeps", page)


def test_the_page_names_every_topic_that_ingest_subscribes_to_without_a_mapping() -> None:
    (said,) = re.findall(r"Ingest subscribes to (.*) and the topics of mappings", _PAGE)
    assert set(re.findall(r"`([^`]+)`", said)) == {*acknowledged_subscriptions(()), SUBSCRIPTION}


def test_the_page_s_own_yaml_is_right() -> None:
    asset_types, mappings = re.findall(r"```yaml\n(.*?)```", _PAGE, flags=re.DOTALL)
    types, metrics = parse_asset_types("asset_types.yaml", asset_types)
    assert types.errors + metrics.errors + parse_mappings("mappings.yaml", mappings).errors == []

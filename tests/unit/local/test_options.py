from pathlib import Path

import pytest

from deploy.local.up import UpOptions


def options(**named: object) -> UpOptions:
    nothing = {"broker_url": None, "database_url": None, "import_directory": None}
    return UpOptions(directory=Path("b"), host="h", port=1, history_days=1, **{**nothing, **named})  # type: ignore[arg-type]


def test_the_demo_s_key_is_where_readme_s_first_command_looks():
    assert options().key_file == Path("b/api-key")


@pytest.mark.parametrize(
    "named", [{"broker_url": "mqtt://h"}, {"database_url": "postgresql://h/d"}, {"import_directory": Path("r")}]
)
def test_a_key_shown_at_a_demo_is_not_that_of_real_customers(named):
    assert options(**named).key_file == Path("b/live/api-key")

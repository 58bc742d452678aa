"""The parameters of every list."""

from typing import Annotated

from fastapi import Query

Limit = Annotated[int, Query(ge=1, le=200, description="The most rows of one page.")]
Cursor = Annotated[
    str | None, Query(min_length=1, max_length=500, description="`next` of the page before, with the same filters.")
]

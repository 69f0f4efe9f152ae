# SPDX-License-Identifier: Apache-2.0
"""The catalog: what is known of licenses, laws, duties and playbooks, from where, how surely."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, NamedTuple

from fastapi import Query
from starlette.responses import Response

from steelyard.catalog import entries
from steelyard.kernel.errors import MissingError
from steelyard.ui.door import Pages, Viewer
from steelyard.ui.texts import mark

pages = Pages()
PARTS = {
    "frameworks": mark("Laws and standards"),
    "licenses": mark("Licenses"),
    "duties": mark("Duties"),
    "playbooks": mark("Playbooks"),
}
_MOST = 100


class Found(NamedTuple):
    """Entries of one part that fit, as many as a page shows."""

    rows: list[dict[str, Any]]
    total: int


@lru_cache(maxsize=64)
def _part(part: str, framework: str) -> tuple[dict[str, Any], ...]:
    if part == "frameworks":
        return tuple(entries.framework_entries(framework or None))
    if part == "licenses":
        return tuple(entries.license_entries())
    if part == "duties":
        return tuple(entries.duty_entries(framework or None))
    return tuple(entries.playbook_entries(framework or None))


def search(part: str, framework: str, words: str, start: int) -> Found:
    """Return the entries whose id or title holds every word."""
    wanted = words.casefold().split()
    rows = [
        each
        for each in _part(part, framework)
        if all(word in f"{each['id']} {each['title']}".casefold() for word in wanted)
    ]
    return Found(rows[start : start + _MOST], len(rows))


@pages.page("/catalog", right="charter.read")
def catalog(
    viewer: Viewer,
    part: Annotated[str, Query(max_length=20)] = "frameworks",
    framework: Annotated[str, Query(max_length=60)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
    start: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Show one part of the catalog, narrowed by words."""
    if part not in PARTS:
        raise MissingError(
            f"The catalog has no part {part!r}.", next_step="Choose one of the tabs.",
            code="catalog.part",
        )  # fmt: skip
    found = search(part, framework, q, start)
    return viewer.show(
        "controls/catalog.html", part=part, parts=PARTS, framework=framework, q=q, start=start,
        found=found, most=_MOST,
    )  # fmt: skip

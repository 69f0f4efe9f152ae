# SPDX-License-Identifier: Apache-2.0
"""Every page there is, light and dark, wide and narrow: no barrier, no error, nothing cut off."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.ui.place import (
    AXE,
    ROLES,
    Place,
    Theme,
    barriers,
    in_a_browser,
    open_browser,
    open_place,
)

from steelyard.kernel.actor import Actor
from steelyard.platform.identity.permissions import allowed
from steelyard.ui.app import pages_of
from steelyard.ui.door import OPEN

pytestmark = in_a_browser
NOT_LOOKED_AT = {
    "/assessments/{assessment_id}/progress",
    "/notifications/count",
    "/requests/{request_id}/progress",
    "/search/quick",
    "/go/{thing_id}",
    "/decisions/{decision_id}/bundle",
}
"""Pieces of pages, and addresses that only lead elsewhere."""
ONLY = tuple(os.environ.get("STEELYARD_PAGES", "/").split(","))
"""Beginnings of the addresses to look at."""
LOUD = ("error", "warning")
"""Kinds of console messages that nobody may cause."""
SHARES = 4
"""Tests the pages are dealt to, so that they run side by side."""
SHARE = os.environ.get("STEELYARD_PAGES_SHARE", "")
"""The one share to look at, where there is no time for all of them; empty for all."""
THEMES: tuple[Theme, ...] = ("light", "dark")
REQUESTS = 12
FIRST_LOAD = 150_000
"""Bytes on the wire of a first page with everything it needs."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("place")) as found:
        yield found


def _looker(right: str) -> str:
    """Return who looks at pages that ask for ``right``: the first who may."""
    if right == OPEN:
        return ""
    return next(
        name
        for name, roles in {"lena": ROLES["lena"], **ROLES}.items()
        if allowed(Actor(id="x", alias="x", roles=frozenset(roles)), right)
    )


def addresses(place: Place) -> list[tuple[str, str]]:
    """Return (who, path) of every page; one whose things are not known by name fails."""
    found = []
    for page in pages_of():
        if page["method"] != "GET" or page["path"] in NOT_LOOKED_AT:
            continue
        if not page["path"].startswith(ONLY):
            continue
        names = re.findall(r"\{([^}:]*)[^}]*\}", page["path"])
        missing = [name for name in names if name not in place.things]
        assert not missing, f"say in tests/ui/place.py what {missing} of {page['path']} is"
        path = re.sub(r"\{([^}:]*)[^}]*\}", lambda part: place.things[part[1]], page["path"])
        found.append((_looker(page["right"]), path))
    assert found
    return found


@pytest.mark.parametrize("share", range(SHARES))
def test_no_page_keeps_anybody_out_or_fails(place: Place, browser: Browser, share: int) -> None:
    if SHARE and int(SHARE) % SHARES != share:
        pytest.skip(
            f"ONE SHARE OF {SHARES} WAS ASKED FOR: the pages of share {share} were not seen"
        )
    wrong: list[str] = []
    for who, path in addresses(place)[share::SHARES]:
        with place.browse(browser, who) as context:
            wrong += [f"{path}: {each}" for each in faults(place, context.new_page(), path)]
    assert not wrong, "\n".join(wrong)


def faults(place: Place, page: Page, path: str) -> list[str]:
    """Load a page once; return what is wrong with it in light, in dark, and on a narrow screen."""
    wrong: list[str] = []
    sizes: list[float] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in LOUD else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda each: sizes.append(each["encodedDataLength"]))
    answer = page.goto(path)
    assert answer is not None
    if answer.status != 200 or page.url.removeprefix(place.url) != path:
        wrong.append(f"answered {answer.status} {page.url}")
    if sum(sizes) > FIRST_LOAD or len(sizes) > REQUESTS:
        wrong.append(f"{sum(sizes):.0f} bytes in {len(sizes)} requests")
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.goto(path)  # a page that is already there takes the other colors only bit by bit
        page.evaluate(AXE)
        wrong += [f"in {theme}: {each}" for each in barriers(page)]
    page.set_viewport_size({"width": 360, "height": 740})
    over = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    if over > 0:
        wrong.append(f"{over} pixels wider than a narrow screen")
    if page.locator("h1").count() != 1:
        wrong.append(f"{page.locator('h1').count()} headings of the first level")
    if not page.title().removesuffix("· Steelyard").strip():
        wrong.append("no title")
    return wrong


def test_pages_say_the_same_without_scripts(place: Place, browser: Browser) -> None:
    with place.browse(browser, "anna", scripts=False) as context:
        page = context.new_page()
        page.goto("/")
        assert page.locator("h1").count() == 1
        assert page.get_by_role("navigation", name="Main menu").is_visible()

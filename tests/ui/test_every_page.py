# SPDX-License-Identifier: Apache-2.0
"""Every page there is, light and dark, wide and narrow: no barrier, no error, nothing cut off."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.ui.place import ROLES, Place, Theme, barriers, in_a_browser, open_browser, open_place

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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_keeps_anybody_out(place: Place, browser: Browser, theme: Theme) -> None:
    wrong: list[str] = []
    for who, path in addresses(place):
        with place.browse(browser, who, theme=theme, bypass_csp=True) as context:
            page = context.new_page()
            answer = page.goto(path)
            assert answer is not None
            if answer.status != 200 or page.url.removeprefix(place.url) != path:
                wrong.append(f"{path}: {answer.status} {page.url}")
            wrong += [f"{path} in {theme}: {each}" for each in barriers(page)]
    assert not wrong, "\n".join(wrong)


def test_pages_are_quiet_fit_narrow_screens_and_say_where_one_is(
    place: Place, browser: Browser
) -> None:
    wrong: list[str] = []
    for who, path in addresses(place):
        with place.browse(browser, who, width=360) as context:
            page = context.new_page()
            _listen(page, path, wrong)
            page.goto(path, wait_until="networkidle")
            over = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if over > 0:
                wrong.append(f"{path}: {over} pixels wider than a narrow screen")
            if page.locator("h1").count() != 1:
                wrong.append(f"{path}: {page.locator('h1').count()} headings of the first level")
            if not page.title().removesuffix("· Steelyard").strip():
                wrong.append(f"{path}: no title")
    assert not wrong, "\n".join(wrong)


def _listen(page: Page, path: str, wrong: list[str]) -> None:
    page.on(
        "console",
        lambda said: wrong.append(f"{path}: {said.text}") if said.type in LOUD else None,
    )
    page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))


def test_a_first_load_is_small(place: Place, browser: Browser) -> None:
    for who, path in addresses(place):
        with place.browse(browser, who) as context:
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            sizes: list[float] = []
            session.on(
                "Network.loadingFinished",
                lambda each, sizes=sizes: sizes.append(each["encodedDataLength"]),
            )
            page.goto(path, wait_until="networkidle")
            assert sum(sizes) <= FIRST_LOAD, path
            assert len(sizes) <= 12, path


def test_pages_say_the_same_without_scripts(place: Place, browser: Browser) -> None:
    with place.browse(browser, "anna", scripts=False) as context:
        page = context.new_page()
        page.goto("/")
        assert page.locator("h1").count() == 1
        assert page.get_by_role("navigation", name="Main menu").is_visible()

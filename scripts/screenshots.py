# SPDX-License-Identifier: Apache-2.0
"""Pictures of pages, to be looked at: ``screenshots.py FOLDER [/path …]``; all without a path.

Every page is taken in light and dark, wide and narrow, from a server with something on each of
them. ``{name}`` in a path is filled in with such a thing, as ``/models/{model_id}``.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from playwright.sync_api import Browser  # noqa: E402
from tests.ui.place import ROLES, Place, Theme, open_browser, open_place  # noqa: E402

from steelyard.kernel.actor import Actor  # noqa: E402
from steelyard.platform.identity.permissions import allowed  # noqa: E402
from steelyard.ui.app import pages_of  # noqa: E402
from steelyard.ui.door import OPEN  # noqa: E402

THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = (1280, 360)


def looker(path: str, place: Place) -> str:
    """Return who looks at a page: the first whose right it is."""
    for page in pages_of():
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(page["path"]))
        if page["method"] != "GET" or not re.fullmatch(pattern, path.partition("?")[0]):
            continue
        if page["right"] == OPEN:
            return ""
        for name in ("lena", *ROLES):
            somebody = Actor(id="x", alias="x", roles=frozenset(ROLES[name]))
            if name in place.ids and allowed(somebody, page["right"]):
                return name
    return "lena"


def take(place: Place, browser: Browser, folder: Path, path: str) -> None:
    """Take the pictures of one page."""
    path = re.sub(r"\{([^}:]*)[^}]*\}", lambda found: place.things[found[1]], path)
    name = re.sub(r"[^a-z0-9]+", "-", path.partition("?")[0]).strip("-") or "home"
    for theme in THEMES:
        for width in WIDTHS:
            with place.browse(browser, looker(path, place), theme=theme, width=width) as context:
                page = context.new_page()
                page.goto(path, wait_until="networkidle")
                page.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
    print(f"{path} → {name}-*.png", flush=True)


def main(folder: Path, paths: list[str]) -> None:
    """Take pictures of ``paths``, or of every page."""
    folder.mkdir(parents=True, exist_ok=True)
    every = [page["path"] for page in pages_of() if page["method"] == "GET"]
    with (
        tempfile.TemporaryDirectory() as held,
        open_place(Path(held)) as place,
        open_browser() as browser,
    ):
        for path in paths or every:
            take(place, browser, folder, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

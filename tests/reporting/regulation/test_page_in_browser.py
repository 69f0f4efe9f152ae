# SPDX-License-Identifier: Apache-2.0
"""The page of a classification in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from steelyard.reporting.regulation.html import render_classification
from tests.charter.regulation.test_scenarios import told
from tests.reporting.test_browser import WEAK_TEXT, browser, opened, pytestmark

__all__ = ["browser", "pytestmark"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_silent_narrow_readable_and_has_one_heading(
    browser: Browser,  # the fixture of the other module
    tmp_path: Path,
    scheme: str,
) -> None:
    result = told(
        annex3__areas="employment", annex3__employment="recruitment",
        annex3__profiling="not-sure", annex3__derogation="procedural",
    )  # fmt: skip
    file = tmp_path / "page.html"
    file.write_bytes(render_classification(result, "W" * 300))
    for width in (360, 1200):
        page, noise = opened(browser, file.as_uri(), width, scheme)
        assert noise == []
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WEAK_TEXT) == []
        assert page.locator("h1").count() == 1
        page.context.close()

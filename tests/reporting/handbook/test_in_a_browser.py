# SPDX-License-Identifier: Apache-2.0
"""The handbook in a real browser: silent, narrow, dark, printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.reporting.handbook.test_handbook import bank, page_of
from tests.reporting.test_browser import CHROMIUM, FLAGS, WEAK_TEXT, opened, pytestmark

__all__ = ["pytestmark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "Chromium is required here and was not found"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("handbook") / "handbook.html"
    file.write_text(page_of(bank()), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_is_silent_and_fits(browser: Browser, address: str, width: int) -> None:
    page, noise = opened(browser, address, width, "light")
    assert noise == []
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_contrasts(browser: Browser, address: str, scheme: str) -> None:
    page, _ = opened(browser, address, 1280, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(WEAK_TEXT) == []
    page.context.close()


def test_no_word_leaves_its_box_in_the_picture(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, 1280, "light")
    outside = page.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll('.path rect')].map(r => r.getBBox());
          return [...document.querySelectorAll('.path text:not(.head)')].filter(text => {
            const b = text.getBBox();
            return !boxes.some(r => b.x >= r.x && b.x + b.width <= r.x + r.width
              && b.y >= r.y && b.y + b.height <= r.y + r.height);
          }).map(text => text.textContent);
        }"""
    )
    assert outside == []
    page.context.close()


def test_contents_stay_in_view_and_lead_to_chapters(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, 1280, "light")
    page.click("nav >> text=Every control")
    where = "document.querySelector('#controls').getBoundingClientRect().top"
    for _ in range(100):  # the scroll is smooth, and the page runs no script of ours
        if page.evaluate(where) < 200:
            break
        page.wait_for_timeout(50)
    assert page.evaluate(where) < 200
    contents = page.locator("nav").bounding_box()
    assert contents is not None
    assert contents["y"] == 0
    page.context.close()


def test_print_shows_the_conditions_on_a4(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, 800, "dark")
    page.emulate_media(media="print")
    heights = page.evaluate(
        "[...document.querySelectorAll('details > div')].map(d => d.getBoundingClientRect().height)"
    )
    assert min(heights) > 10
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")
    page.context.close()

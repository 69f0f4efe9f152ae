# SPDX-License-Identifier: Apache-2.0
"""The HTML report in a real browser: silent, offline, readable, printable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from steelyard.reporting.html import render_html
from tests.reporting import samples

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "chromium" not in os.environ.get("STEELYARD_REQUIRE", ""),
        reason="NO CHROMIUM FOUND: the report was not looked at in a browser",
    ),
]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

WEAK_TEXT = """() => {
  const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const numbers = color => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = numbers(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('svg')) continue;
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push([ratio, element.outerHTML.slice(0, 120)]);
  }
  return weak;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "Chromium is required here and was not found"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reports")
    hostile = samples.infected("<img src=http://evil.example onerror=alert(1)>" + "W" * 5000)
    addresses = {}
    for name, sample in {**samples.all_samples(), "hostile": hostile}.items():
        file = Path(folder / f"{name}.html")
        file.write_bytes(render_html(sample))
        addresses[name] = file.as_uri()
    return addresses


def opened(browser: Browser, address: str, width: int, scheme: str) -> tuple[Page, list[str]]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    noise: list[str] = []
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.on("request", lambda request: noise.append(request.url))
    page.goto(address)
    noise.remove(address)
    return page, noise


@pytest.mark.parametrize("name", [*samples.all_samples(), "hostile"])
def test_it_is_silent_and_fits_narrow_screens(
    browser: Browser, reports: dict[str, str], name: str
) -> None:
    for width in (360, 390, 1200):
        page, noise = opened(browser, reports[name], width, "light")
        assert noise == []
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["review", "rejected"])
def test_all_text_contrasts(
    browser: Browser, reports: dict[str, str], name: str, scheme: str
) -> None:
    page, _ = opened(browser, reports[name], 1200, scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate(WEAK_TEXT) == []
    page.context.close()


def test_print_opens_every_detail(browser: Browser, reports: dict[str, str]) -> None:
    page, _ = opened(browser, reports["review"], 800, "dark")
    page.emulate_media(media="print")
    heights = page.evaluate(
        "[...document.querySelectorAll('details > div')].map(d => d.getBoundingClientRect().height)"
    )
    assert len(heights) > 4
    assert min(heights) > 20
    assert page.pdf(format="A4").startswith(b"%PDF-")
    page.context.close()


def test_the_first_tab_stop_skips_to_the_decision(
    browser: Browser, reports: dict[str, str]
) -> None:
    page, _ = opened(browser, reports["approved"], 1200, "light")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.context.close()

# SPDX-License-Identifier: Apache-2.0
"""What pages are made of, used in a browser: dialogs, toasts, palette, tables, looks, paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ui.place import Place, in_a_browser, open_browser, open_place

pytestmark = in_a_browser
A4 = (595, 842)
"""Points of a page of paper."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with open_place(tmp_path_factory.mktemp("place")) as found:
        yield found


@pytest.fixture
def page(place: Place, browser: Browser) -> Iterator[Page]:
    with place.browse(browser, "lena") as context:
        yield context.new_page()


def test_the_frame_keeps_its_names_on_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/charter/versions")
    expect(page.get_by_role("link", name="Steelyard")).to_be_attached()
    expect(page.locator("header summary")).to_contain_text("Lena")
    names = page.evaluate(
        "[...document.querySelectorAll('header a, header summary, header button')]"
        ".filter(each => each.checkVisibility() && !each.innerText.trim())"
        ".map(each => each.outerHTML)"
    )
    assert not names


def test_what_cannot_be_taken_back_is_asked_for_once_more(place: Place, page: Page) -> None:
    path = f"/charter/proposals/{place.things['proposal_id']}"
    page.goto(path)
    page.get_by_role("button", name="Take it back").click()
    dialog = page.get_by_role("dialog", name="Are you sure?")
    expect(dialog).to_contain_text("cannot be opened again")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Take it back")).to_be_visible()
    page.get_by_role("button", name="Take it back").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Take it back").click()
    dialog.get_by_role("button", name="Yes, do it").click()
    toast = page.locator("[data-toast]")
    expect(toast).to_contain_text("taken back")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    page.reload()
    expect(page.locator("[data-toast]")).to_have_count(0)


def test_the_palette_opens_by_key_and_gives_the_focus_back(page: Page) -> None:
    page.goto("/charter/versions")
    palette = page.locator("#palette")
    for key in ("Control+k", "/"):
        page.keyboard.press(key)
        expect(palette).to_be_visible()
        expect(page.locator("#palette-q")).to_be_focused()
        page.keyboard.press("Escape")
        expect(palette).to_be_hidden()
    page.locator("#search").focus()
    page.keyboard.press("/")
    expect(palette).to_be_hidden()
    expect(page.locator("#search")).to_have_value("/")


def test_a_table_is_read_by_keys_and_sorted_by_its_heads(page: Page) -> None:
    page.goto("/ledger?limit=10")
    links = page.locator("table[data-table] tbody tr th a")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
    first = links.nth(0).inner_text()
    head = page.locator("th[data-sort]").nth(0)
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    numbers = [int(each) for each in links.all_inner_texts()]
    assert numbers == sorted(numbers)
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(links.nth(0)).to_have_text(first)
    page.keyboard.press("f")
    expect(page.locator("#filter-subject")).to_be_focused()
    page.locator("body").press("Escape")
    page.locator("h1").click()
    page.keyboard.press("n")
    page.wait_for_url(re.compile("cursor="))
    assert int(links.nth(0).inner_text()) < int(first)


def test_columns_and_views_are_kept(page: Page) -> None:
    page.goto("/ledger?type=charter.proposed")
    page.get_by_text("Columns", exact=True).click()
    page.locator('[data-column][value="about"]').check()
    page.locator(".table-tools").get_by_role("button", name="Filter").click()
    page.wait_for_url(re.compile("columns="))
    expect(page.get_by_role("columnheader", name="Belongs to")).to_be_visible()
    assert "subject=" not in page.url
    page.get_by_text("Views", exact=True).click()
    page.locator("[data-view-name]").fill("Proposals only")
    page.locator("[data-view-keep]").click()
    page.goto("/ledger")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("link", name="Proposals only").click()
    page.wait_for_url(re.compile("type=charter.proposed"))
    expect(page.get_by_role("columnheader", name="Belongs to")).to_be_visible()


def test_theme_and_language_are_chosen_and_stay(page: Page) -> None:
    page.goto("/charter/versions")
    page.locator("header summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    page.locator("header summary").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fassungen der Charta")
    page.goto("/ledger")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_have_text("Hauptbuch")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == dark


def test_a_form_is_sent_without_scripts(place: Place, browser: Browser) -> None:
    with place.browse(browser, "rolf", scripts=False) as context:
        page = context.new_page()
        page.goto("/charter/proposals/new")
        page.locator("#f-text").fill("charter: x\nrules: 7\n")
        page.locator("#f-why").fill("Words that must stay.")
        page.get_by_role("button", name="Check only").click()
        expect(page.get_by_role("alert")).to_contain_text("charter.yaml:")
        expect(page.locator("#f-why")).to_have_value("Words that must stay.")
        expect(page.locator("#f-text")).to_have_value("charter: x\nrules: 7\n")


def test_paper_is_a4_without_the_frame(place: Place, page: Page, tmp_path: Path) -> None:
    page.goto(f"/charter/proposals/{place.things['proposal_id']}")
    file = tmp_path / "page.pdf"
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main menu")).to_be_hidden()
    expect(page.locator("header.top")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.pdf(path=file, prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", file.read_bytes())
    assert boxes
    assert {(round(float(wide)), round(float(high))) for wide, high in boxes} == {A4}

# SPDX-License-Identifier: Apache-2.0
"""The HTML report: self-contained, well-formed, accessible, and deaf to hostile text."""

from __future__ import annotations

import re
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steelyard.kernel.assessment import Assessment, Driver
from steelyard.kernel.finding import Severity
from steelyard.reporting import chips, html
from steelyard.reporting.icons import ICONS
from tests.reporting import samples

NAMES = list(samples.all_samples())
VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Reads a page and complains about tags that do not match."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(data.decode("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page(assessment: Assessment) -> Page:
    return Page(html.render_html(assessment))


@pytest.mark.parametrize("name", NAMES)
def test_everything_that_decides_is_said(name: str) -> None:
    sample = samples.all_samples()[name]
    text = page(sample).text
    for reason in sample.decision.reasons:
        assert all(part in text for part in (reason.rule, reason.message, reason.remedy))
        assert all(" ".join(line.split()) in text for line in reason.evidence)
    for gap in sample.coverage.gaps:
        assert gap.path in text
        assert gap.reason in text
    for control in sample.controls:
        assert control.why in text
        assert all(task.acceptance in text for task in control.tasks)
    for rule in sample.rules:
        assert rule.why in text
    for finding in sample.findings:
        assert all(part in text for part in (finding.message, finding.evidence, finding.remedy))
    for wanted in (sample.subject.manifest_sha256, sample.charter.sha256, "steelyard verify"):
        assert wanted in text


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_and_nothing_runs(name: str) -> None:
    data = html.render_html(samples.all_samples()[name])
    shown = Page(data)
    assert not {"script", "img", "iframe", "object", "form", "base"} & {
        tag for tag, _ in shown.tags
    }
    for _, attributes in shown.tags:
        assert not any(attribute.startswith("on") for attribute in attributes)
        for attribute in ("href", "src"):
            value = attributes.get(attribute) or "#"
            assert value.startswith("#") or value == "data:,"
    policy = next(
        meta["content"]
        for meta in shown.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    assert (policy or "").startswith("default-src 'none'")
    assert b"url(" not in data
    assert b"@import" not in data


@pytest.mark.parametrize("name", NAMES)
def test_the_page_can_be_walked_without_seeing_it(name: str) -> None:
    shown = page(samples.all_samples()[name])
    ids = [attributes["id"] for _, attributes in shown.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for link in shown.all("a"):
        assert (link["href"] or "").removeprefix("#") in ids
    for _, attributes in shown.tags:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids
    tables = len(shown.all("table"))
    assert len(shown.all("caption")) == tables
    assert all(header.get("scope") in ("col", "row") for header in shown.all("th"))
    levels = [int(tag[1]) for tag, _ in shown.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("role" in svg or svg.get("aria-hidden") == "true" for svg in shown.all("svg"))


ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><style>*{background:url(http://evil.example)}",
    "{{ 7 * 7 }}{% include 'x' %}",
    "<!-- --><![CDATA[ ]]>",
]


@lru_cache
def harmless() -> list[tuple[str, tuple[str, ...]]]:
    return skeleton(samples.infected("harmless"))


def skeleton(assessment: Assessment) -> list[tuple[str, tuple[str, ...]]]:
    return skeleton_of(html.render_html(assessment))


def skeleton_of(data: bytes) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(attributes)) for tag, attributes in Page(data).tags]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_only_text(attack: str) -> None:
    assert skeleton(samples.infected(attack)) == harmless()
    assert attack in page(samples.infected(attack)).text


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=60))
def test_no_text_changes_the_structure(text: str) -> None:
    data = html.render_html(samples.infected(text))
    assert skeleton_of(data) == harmless()
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x1b]", data.decode("utf-8"))


def test_the_same_assessment_gives_the_same_bytes() -> None:
    assert html.render_html(samples.rejected()) == html.render_html(samples.rejected())


def test_long_lists_are_cut_and_counted() -> None:
    sample = samples.rejected()
    info = msgspec.structs.replace(sample.findings[2], severity=Severity.INFO)
    many = msgspec.structs.replace(
        sample,
        files=tuple(samples.component(f"f{n}", "text", n) for n in range(html.MOST_FILES + 7)),
        findings=(sample.findings[0], *[info] * (html.MOST_FINDINGS + 4)),
    )
    text = page(many).text
    assert "7 more files; all of them are in manifest.json" in text
    assert "5 more findings; all of them are in findings.sarif" in text
    assert sample.findings[0].message in text


def test_an_unexamined_model_without_findings_is_not_called_fine() -> None:
    sample = msgspec.structs.replace(samples.rejected(), findings=())
    text = page(sample).text
    assert "Not everything was" in text
    assert "all of them were examined in full" not in text


@given(st.lists(st.integers(-20, 60), max_size=12), st.integers(-10, 130))
def test_score_slices_add_up_to_the_score(points: list[int], score: int) -> None:
    drivers = [Driver(dimension=f"d{n}", value="v", points=p) for n, p in enumerate(points)]
    slices = html.score_slices(drivers, score)
    wanted = min(max(score, 0), 100) if any(point > 0 for point in points) else 0
    assert sum(part.length for part in slices) == pytest.approx(wanted, abs=0.1)
    assert all(0 <= part.start <= 100 and part.length >= 0 for part in slices)
    assert all(0 <= bar.length <= 100 for bar in html.driver_bars(drivers))


def test_the_coverage_ring_closes() -> None:
    ring = html.coverage_ring(samples.rejected())
    assert sum(part.length for part in ring) == pytest.approx(100)
    assert [part.kind for part in ring] == ["full", "none"]


def _tokens(css: str) -> dict[str, dict[str, str]]:
    """Return the light and dark tokens; dark ones that are not set are the light ones."""
    light, dark = css.split("@media screen and (prefers-color-scheme: dark)", 1)

    def read(part: str) -> dict[str, str]:
        return dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})\b", part))

    return {"light": read(light), "dark": read(light) | read(dark.split("\n}\n", 1)[0])}


def _luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TONES = ("good", "notice", "pending", "bad", "neutral")
TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "muted") for ground in ("canvas", "surface", "sunken")],
    ("accent", "surface"),
    *[(tone, f"{tone}-tint") for tone in TONES],
    *[("on-solid", f"{tone}-solid") for tone in TONES],
]
SHAPE_PAIRS = [
    *[(f"s{number}", ground) for number in range(6) for ground in ("surface", "sunken")],
    *[(f"{tone}-solid", "surface") for tone in TONES],
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_contrast(scheme: str) -> None:
    tokens = _tokens(html.stylesheet())[scheme]
    for ink, ground in TEXT_PAIRS:
        assert _contrast(tokens[ink], tokens[ground]) >= 4.5, (ink, ground)
    for shape, ground in SHAPE_PAIRS:
        assert _contrast(tokens[shape], tokens[ground]) >= 3.0, (shape, ground)


def test_every_icon_a_chip_names_can_be_drawn() -> None:
    drawn = html.render_html(samples.rejected()).decode("utf-8")
    assert set(chips.GLYPHS) == set(ICONS)
    assert ICONS["cross"] in drawn

# SPDX-License-Identifier: Apache-2.0
"""The page of a self-assessment: chart and table say the same, strangers' text is only text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from steelyard.catalog.maturity import maturity_catalog
from steelyard.charter.maturity import MaturityAnswers, assess_maturity
from steelyard.reporting.maturity_report import draw_levels, headline, render_maturity

IDS = [question.id for question in maturity_catalog().questions]


def test_the_chart_is_to_scale() -> None:
    answers = {**dict.fromkeys(IDS, 0), "oversight": 3, "training": 3, "voice": 3}
    result = assess_maturity(MaturityAnswers(answers=answers))
    picture = ET.fromstring(draw_levels(result.areas, "starter"))
    tracks = [rect for rect in picture.iter("rect") if rect.attrib["class"] == "track"]
    fills = [rect for rect in picture.iter("rect") if rect.attrib["class"] == "fill"]
    assert len(tracks) == 6
    assert [fill.attrib["width"] for fill in fills] == [tracks[0].attrib["width"]]
    described = picture.find("desc")
    assert described is not None
    assert "People 3.0 of 3" in str(described.text)


def test_the_page_says_what_the_result_says() -> None:
    result = assess_maturity(MaturityAnswers(answers={"scanning": 1}, organization="<b>N</b>"))
    page = render_maturity(result).decode("utf-8")
    assert "<b>N" not in page
    assert "<script" not in page
    assert headline(result) in page
    assert page.count('id="gap-') == len(result.gaps)
    for gap in result.gaps:
        assert gap.do in page
    assert "25 questions without an answer" in page
    assert page.count("<th ") == page.count('scope="')
    headings = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert headings[:3] == [1, 2, 2]


def test_at_the_top_there_is_nothing_to_do() -> None:
    result = assess_maturity(MaturityAnswers(answers=dict.fromkeys(IDS, 3)))
    page = render_maturity(result).decode("utf-8")
    assert "the strictest there is" in page
    assert "What to do next" not in page

# SPDX-License-Identifier: Apache-2.0
"""A classification as text and as a page."""

from __future__ import annotations

import datetime
import re

from hypothesis import given, settings

from steelyard.charter.regulation.classify import classify
from steelyard.charter.regulation.machine import Answer
from steelyard.charter.regulation.result import CLASSES
from steelyard.reporting.regulation import view
from steelyard.reporting.regulation.html import render_classification
from steelyard.reporting.regulation.text import classification_text
from tests.charter.regulation.strategies import walks
from tests.charter.regulation.test_scenarios import told

TODAY = datetime.date(2026, 11, 27)
HIRING = {"annex3__areas": "employment", "annex3__employment": "recruitment"}


def page(**changes: str) -> str:
    return render_classification(told(**changes), "applicant-screening").decode("utf-8")


def test_the_page_needs_nothing_else_and_tells_class_dates_and_sources() -> None:
    html = page(**HIRING)
    assert not re.search(r"<script|src=|https?://(?!eur-lex)", html.replace('href="data:,"', ""))
    assert "High-risk system, from 2 December 2027." in html
    assert "From 2 December 2027" in html and "before the Omnibus: 2 August 2026" in html
    assert "Risk management system" in html and "not legal advice" in html
    assert "rests on an open question" not in html


def test_the_page_marks_what_rests_on_open_questions() -> None:
    html = page(**HIRING, annex3__profiling="not-sure", annex3__derogation="procedural")
    assert "as long as 1 question stays open" in html
    assert "rests on an open question" in html and "annex3.profiling" in html


def test_names_and_reasons_of_others_are_only_text() -> None:
    html = render_classification(told(), "<b>\u202ename</b>").decode("utf-8")
    assert "<b>" not in html and "\u202e" not in html
    assert "\u202e" not in classification_text(told(), "\u202ename")


@given(walks())
@settings(max_examples=25, deadline=None)
def test_every_result_can_be_shown(answers: dict[str, Answer]) -> None:
    result = classify(answers, TODAY)
    text, html = classification_text(result), render_classification(result).decode("utf-8")
    for item in result.obligations:
        assert item.clause in html
        assert item.what.split()[0] in text
    assert view.CLASS_CHIPS[result.eu_class].word in html
    assert all(len(line) <= 96 for line in text.splitlines())


def test_every_class_has_a_chip_and_every_role_a_word() -> None:
    from steelyard.catalog.eu_ai_act import eu_ai_act

    assert set(view.CLASS_CHIPS) == set(CLASSES)
    assert set(view.ROLE_WORDS) == {role.id for role in eu_ai_act().roles}

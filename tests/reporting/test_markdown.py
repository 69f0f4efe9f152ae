# SPDX-License-Identifier: Apache-2.0
"""The Markdown summary, read back by a real Markdown parser."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from steelyard.reporting.markdown import assessment_markdown, code, escape
from tests.reporting import samples

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ALLOWED = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text",
    "softbreak", "code_inline", "strong_open", "strong_close", "table_open", "table_close",
    "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open",
    "th_close", "td_open", "td_close", "bullet_list_open", "bullet_list_close", "list_item_open",
    "list_item_close", "ordered_list_open", "ordered_list_close", "html_inline", "text_special",
}  # fmt: skip


def tokens(text: str) -> list[Token]:
    return [inner for token in PARSER.parse(text) for inner in (token, *(token.children or ()))]


@pytest.mark.parametrize("name", list(samples.all_samples()))
def test_it_says_what_decided(name: str) -> None:
    sample = samples.all_samples()[name]
    text = "".join(token.content for token in tokens(assessment_markdown(sample)))
    assert sample.subject.name in text
    for reason in sample.decision.reasons:
        assert reason.message in text
        assert reason.remedy in text
    for condition in sample.decision.conditions:
        assert condition.text in text


ATTACKS = [
    "`</code><img src=x>` ![x](http://evil.example) | cell",
    "@everyone #1 https://evil.example www.evil.example",
    "``` \n# heading\n<script>alert(1)</script>",
    "|||\n|---|\n",
    "\\` \\\\`` x",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_only_text(attack: str) -> None:
    for token in tokens(assessment_markdown(samples.infected(attack))):
        assert token.type in ALLOWED, token
        if token.type == "html_inline":
            assert token.content == "<!-- -->"


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("`|\\<>*_[]()!#@&; \nab:/.~-"), max_size=30))
def test_a_span_holds_its_text_whatever_it_is(text: str) -> None:
    (paragraph,) = [token for token in PARSER.parse(f"x {code(text)} y") if token.type == "inline"]
    kinds = [token.type for token in paragraph.children or ()]
    assert kinds == ["text", "code_inline", "text"]


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_escaped_text_reads_as_itself(text: str) -> None:
    inner = [token for token in tokens(f"x{escape(text)}y") if token.type != "inline"]
    assert {token.type for token in inner} <= {
        "paragraph_open", "paragraph_close", "text", "html_inline", "text_special",
    }  # fmt: skip
    read = "".join(token.content for token in inner if token.type != "html_inline")
    assert read == f"x{text}y"

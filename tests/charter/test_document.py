# SPDX-License-Identifier: Apache-2.0
"""Hand-written YAML: every error has its line, its column and the nearest right spelling."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from steelyard.charter.document import MAX_CHARACTERS, Document
from steelyard.charter.yaml_nodes import read_nodes
from steelyard.kernel.errors import DocumentErrors


class Box(Struct, frozen=True, kw_only=True):
    name: str
    size: int = 1
    open: bool = False
    words: tuple[str, ...] = ()
    inner: dict[str, int] = {}


def errors_of(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(DocumentErrors) as caught:
        Document(text, "box.yaml").decode(Box)
    return [(error.line, error.column, str(error)) for error in caught.value.errors]


def test_reads_plain_yaml() -> None:
    box = Document("name: a\nsize: 7\nopen: true\nwords: [x, 'y']\ninner: {k: 3}\n", "f").decode(
        Box
    )
    assert box == Box(name="a", size=7, open=True, words=("x", "y"), inner={"k": 3})


def test_yaml_1_2_words_are_not_booleans() -> None:
    assert Document("name: no\nwords: [on, yes]\n", "f").decode(Box).words == ("on", "yes")


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        (
            "name: a\nsiez: 7\n",
            2,
            1,
            "There is no field 'siez' in the document. Did you mean 'size'?",
        ),
        ("size: 7\n", 1, 1, "The document needs the field 'name'."),
        ("name: a\nsize: seven\n", 2, 7, "'size' must be a whole number, not 'seven'."),
        ("name: a\nopen: yes\n", 2, 7, "'open' must be true or false, not 'yes'."),
        ("name: a\nwords: x\n", 2, 8, "'words' must be a list"),
        ("name: a\nwords:\n  - [x]\n", 3, 5, "Entry 1 of 'words'"),
        ("name: [a]\n", 1, 7, "'name' must be text, not a list."),
        ("name: a\nsize: 1\nname: b\n", 3, 1, "given twice; the first is on line 1"),
        ("name: a\n\tsize: 1\n", 2, 1, "This is not YAML"),
        ("name: [a\n", 2, 1, "This is not YAML"),
        ("name: &x a\nwords: [*x]\n", 2, 9, "Aliases are not read here"),
        ("name: !!python/object:os.system x\n", 1, 7, "tag"),
        ("- a\n", 1, 1, "must be a mapping"),
        ("", 1, 1, "empty"),
        ("name: a\n---\nname: b\n", 2, 1, "There is a second document"),
    ],
)
def test_errors_have_their_place(text: str, line: int, column: int, said: str) -> None:
    found = errors_of(text)
    assert any((line, column) == place[:2] and said in place[2] for place in found), found


def test_all_errors_are_collected_in_order() -> None:
    found = errors_of("siez: 1\nsize: x\nopen: 3\n")
    assert [place[:2] for place in found] == [(1, 1), (1, 1), (2, 7), (3, 7)]


def test_limits() -> None:
    assert "at most" in errors_of("name: " + "a" * MAX_CHARACTERS)[0][2]
    assert errors_of("name: " + "[" * 5000)
    assert errors_of("inner: " + "{a: " * 40 + "1" + "}" * 40)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abn:[]{}&*!\"'|>-#\n\t ,0", max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        Document(text, "f").decode(Box)
    except DocumentErrors as caught:
        assert all(error.line >= 1 and error.column >= 1 for error in caught.errors)


@pytest.mark.parametrize("piece", ["[", "- ", "{a: ", "? ", "[ - "])
def test_deep_nesting_is_refused_not_followed(piece: str) -> None:
    found = errors_of(f"name: {piece * 60_000}" if piece in "[{a: " else piece * 60_000)
    assert found and "internal" not in found[0][2]


@pytest.mark.parametrize(
    ("word", "tag"),
    [("no", "str"), ("on", "str"), ("true", "bool"), ("12", "int"), ("0x1F", "int"), ("~", "null"),
     ("1e3", "float"), (".inf", "float"), ("2027-01-02", "timestamp"), ("v1", "str"), ("-", "str"),
     ("1:30", "str")],
)  # fmt: skip
def test_plain_words_follow_the_core_schema(word: str, tag: str) -> None:
    root = read_nodes(f"[{word}, x]" if word != "-" else '["-", x]', lambda *_: None)
    assert root is not None and isinstance(root.value, list)
    assert root.value[0].tag == tag


def test_a_bomb_of_aliases_is_refused_at_its_first_alias() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    found = errors_of(bomb)
    assert "Aliases are not read here" in found[0][2]


def test_a_tolerant_document_warns_of_unknown_fields_but_not_of_misspelt_ones() -> None:
    document = Document("name: a\nsize: 1\ncomment: hello\n", "box.yaml", tolerant=True)
    document.decode(Box)
    assert document.warnings == ["box.yaml:3:1: There is no field 'comment' in the document."]
    misspelt = Document("name: a\nsiez: 1\n", "box.yaml", tolerant=True)
    with pytest.raises(DocumentErrors, match="Did you mean 'size'"):
        misspelt.decode(Box)

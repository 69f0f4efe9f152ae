# SPDX-License-Identifier: Apache-2.0
"""Every text has its German, with the same placeholders; none is kept that nothing says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import build_texts

from steelyard.ui import texts

_HOLE = re.compile(r"%\((\w+)\)[sd]")


@pytest.mark.parametrize("language", [code for code in texts.LANGUAGES if code != "en"])
def test_a_language_says_everything(language: str) -> None:
    said = build_texts.said()
    have = build_texts.catalogs(language)
    missing = {
        room: sorted(message for message in messages if not have.get(room, {}).get(message))
        for room, messages in said.items()
    }
    missing = {room: messages for room, messages in missing.items() if messages}
    assert not missing, "run scripts/build_texts.py and fill in what is empty"


@pytest.mark.parametrize("language", [code for code in texts.LANGUAGES if code != "en"])
def test_nothing_is_kept_that_nothing_says(language: str) -> None:
    said = build_texts.said()
    spare = {
        room: sorted(set(messages) - said.get(room, set()))
        for room, messages in build_texts.catalogs(language).items()
    }
    assert not {room: messages for room, messages in spare.items() if messages}


@pytest.mark.parametrize("language", [code for code in texts.LANGUAGES if code != "en"])
def test_placeholders_are_the_same(language: str) -> None:
    for messages in build_texts.catalogs(language).values():
        for message, meant in messages.items():
            assert set(_HOLE.findall(message)) == set(_HOLE.findall(meant)), message


def test_a_browser_gets_the_language_it_likes() -> None:
    assert texts.negotiate("fr;q=0.9, de-CH;q=0.8, en;q=0.1") == "de"
    assert texts.negotiate("fr") == "en"
    assert texts.negotiate("de;q=nonsense, ,;") == "en"
    assert texts.of("de").gettext("Log in") == "Anmelden"
    assert texts.of("xx").gettext("Log in") == "Log in"

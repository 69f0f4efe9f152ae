# SPDX-License-Identifier: Apache-2.0
"""Bring the catalogs of texts up to date: one ``.po`` file for each room of pages and language.

Texts come from ``_("…")``, ``ngettext`` and ``{% trans %}`` in templates, from ``say("…")`` and
``mark("…")`` in code. What is new gets an empty translation to fill in, what nothing says any more
is removed. A text belongs to the first room, by name, that says it.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

UI = Path(__file__).parents[1] / "src/steelyard/ui"
LANGUAGES = ("de",)
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "mark": None}
COMMON = "common"
"""The room of what stands directly in ``ui/``."""


def said() -> dict[str, set[str]]:
    """Return room → the texts it says."""
    found: dict[str, set[str]] = {}
    seen: set[str] = set()
    entries = sorted(
        extract_from_dir(UI, METHODS, OPTIONS, KEYWORDS),
        key=lambda each: ("/" in each[0], each[0]),
    )
    for file, _, message, *_ in entries:
        room = Path(file).parts[0] if "/" in file else COMMON
        for each in message if isinstance(message, tuple) else (message,):
            if each and each not in seen:
                seen.add(each)
                found.setdefault(room, set()).add(each)
    return found


def _plurals() -> dict[str, tuple[str, str]]:
    return {
        message[0]: (message[0], message[1])
        for _, _, message, *_ in extract_from_dir(UI, METHODS, OPTIONS, KEYWORDS)
        if isinstance(message, tuple) and len(message) == 2
    }


def catalogs(language: str) -> dict[str, dict[str, str]]:
    """Return room → text → what it is in ``language``; both forms of a plural."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((UI / "locale" / language).glob("*.po")):
        room = found.setdefault(file.stem, {})
        for message in read_po(io.BytesIO(file.read_bytes()), locale=language):
            if not message.id:
                continue
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            for text, meant in zip(ids, strings, strict=False):
                room[str(text)] = str(meant or "")
    return found


def update(language: str) -> int:
    """Write the catalogs of a language; return how many texts are still empty."""
    have = {text: meant for room in catalogs(language).values() for text, meant in room.items()}
    folder = UI / "locale" / language
    folder.mkdir(parents=True, exist_ok=True)
    rooms, plurals, empty = said(), _plurals(), 0
    for room, messages in rooms.items():
        catalog = Catalog(locale=language, fuzzy=False)
        seconds = {plural for _, plural in plurals.values()}
        for message in sorted(messages - seconds):
            if message in plurals:
                meant = tuple(have.get(each, "") for each in plurals[message])
                catalog.add(plurals[message], meant)
                empty += not all(meant)
            else:
                catalog.add(message, have.get(message, ""))
                empty += not have.get(message)
        held = io.BytesIO()
        write_po(held, catalog, omit_header=True, sort_output=True, width=100)
        head = (
            'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
            '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        )
        (folder / f"{room}.po").write_text(head + held.getvalue().decode().lstrip(), "utf-8")
    for file in folder.glob("*.po"):
        if file.stem not in rooms:
            file.unlink()
    return empty


if __name__ == "__main__":
    for code in LANGUAGES:
        print(f"{code}: {update(code)} texts are empty")

# SPDX-License-Identifier: Apache-2.0
"""Texts of pages by language: gettext catalogs, one file for each language and room.

English is in the templates and the code; what another language lacks is shown in English. The
catalogs are read from their ``.po`` files, once in each process.
"""

from __future__ import annotations

import gettext as standard
import io
from functools import cache
from importlib import resources
from typing import Final

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
"""Code of a language → its own name."""


@cache
def of(language: str) -> standard.NullTranslations:
    """Return the texts of a language; English ones for one we do not have."""
    found: standard.NullTranslations | None = None
    folder = resources.files("steelyard.ui") / "locale" / language
    if language == "en" or not folder.is_dir():
        return standard.NullTranslations()
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if not file.name.endswith(".po"):
            continue
        catalog = read_po(io.BytesIO(file.read_bytes()), locale=language)
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        one = standard.GNUTranslations(compiled)
        if found is None:
            found = one
        else:
            found.add_fallback(one)
    return found or standard.NullTranslations()


def negotiate(header: str) -> str:
    """Return the language of ours that an ``Accept-Language`` header likes best; else English."""
    stated: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            stated.append((float(weight) if weight else 1.0, name.strip()))
        except ValueError:
            continue
    liked = [name for weight, name in sorted(stated, key=lambda each: -each[0]) if weight > 0]
    return negotiate_locale(liked, list(LANGUAGES), sep="-") or "en"


def mark(message: str) -> str:
    """Return ``message`` unchanged; marks a text that is put into words later, by its language."""
    return message

# SPDX-License-Identifier: Apache-2.0
"""What may come in: words that exist, lists that do not contradict each other, one scanner."""

from __future__ import annotations

import re

from steelyard.charter.document import Document, Path, nearest
from steelyard.charter.facts import fact_types
from steelyard.charter.schema import (
    LicenseEntry,
    ModelsSection,
    Sections,
    SecuritySection,
    Selection,
)
from steelyard.charter.sections.writing import OTHER

MODALITIES = ("text", "image", "audio", "video", "tabular", "other")


def check_selection(document: Document, written: Sections) -> None:
    """Check the sections about models, data, licenses, security and the scanner."""
    if written.models is not None:
        _models(document, written.models)
    _data(document, written)
    _licenses(document, written)
    if written.security is not None:
        _security(document, written.security)
    _scanner(document, written)


def _models(document: Document, section: ModelsSection) -> None:
    for verb in ("allow", "forbid"):
        selection: Selection = getattr(section, verb)
        for index, word in enumerate(selection.modalities):
            if word not in MODALITIES:
                document.error_at(
                    ("models", verb, "modalities", index),
                    f"{word!r} is not a modality ({', '.join(MODALITIES)}).",
                    nearest(word, MODALITIES),
                )
        known = {terms.origin for terms in section.publishers.values()}
        for index, word in enumerate(selection.origins):
            if word not in known:
                document.error_at(
                    ("models", verb, "origins", index),
                    f"No publisher of the table has the origin {word!r}.",
                    nearest(word, known)
                    or "Name publishers and where they are under `models: publishers:`.",
                )
    for name in Selection.__struct_fields__:
        forbidden = getattr(section.forbid, name)
        for index, word in enumerate(getattr(section.allow, name)):
            if word in forbidden:
                document.error_at(
                    ("models", "allow", name, index), f"{word!r} is both allowed and forbidden."
                )


def _data(document: Document, written: Sections) -> None:
    data = written.data_sources
    for place, part in (("training", data and data.training), ("use", data and data.use)):
        if not part:
            continue
        for index, word in enumerate(part.allow):
            if word in part.forbid:
                document.error_at(
                    ("data_sources", place, "allow", index),
                    f"{word!r} is both allowed and forbidden.",
                )


def _licenses(document: Document, written: Sections) -> None:
    from steelyard.catalog.license_terms import CODES

    section = written.licenses
    if section is None:
        return
    seen: dict[str, str] = {}
    for verb in ("allow", "review", "forbid"):
        entries: tuple[str | LicenseEntry, ...] = getattr(section, verb)
        for index, entry in enumerate(entries):
            path: Path = ("licenses", verb, index)
            word = entry if isinstance(entry, str) else entry.license
            _license_word(document, path, word)
            # Under a condition a license may well stand in a second list.
            if isinstance(entry, str) and seen.setdefault(word, verb) != verb:
                document.error_at(path, f"{word!r} stands under {seen[word]!r} already.")
    for verb in ("review", "forbid"):
        codes = getattr(section.clauses, verb) if section.clauses else ()
        for index, code in enumerate(codes):
            if code not in CODES:
                document.error_at(
                    ("licenses", "clauses", verb, index),
                    f"No license term of the catalog has the code {code!r}.",
                    nearest(code, CODES) or "See `steelyard license show KEY` for codes.",
                )


def _license_word(document: Document, path: Path, word: str) -> None:
    from steelyard.catalog.licenses import by_key

    categories = fact_types()["license.category"].values
    if word not in categories and by_key(word) is None:
        document.error_at(
            path,
            f"{word!r} is neither a license category ({', '.join(categories)}) nor a license key.",
            nearest(word, categories),
        )


_ENVIRONMENT = re.compile(r"\A[a-z][a-z0-9-]*\Z")


def _security(document: Document, section: SecuritySection) -> None:
    if section.signers and section.unsigned is None:
        document.error_at(
            ("security", "signers"),
            "Signers are named, but nothing follows from an unsigned model.",
            "Say what happens under `unsigned`, such as `unsigned: review(security)`.",
        )
    for name in SecuritySection.__struct_fields__:
        value = getattr(section, name)
        if not isinstance(value, dict):
            continue
        path: Path = ("security", name)
        for environment in value:
            if not _ENVIRONMENT.match(environment):
                document.error_at(
                    (*path, environment), f"{environment!r} is not the name of an environment."
                )
        if OTHER not in value:
            document.warn_at(
                path,
                f"In environments that are not named, {name.replace('_', ' ')} has no consequence.",
                "Add `other: …` for all the rest.",
            )


def _scanner(document: Document, written: Sections) -> None:
    seen: set[str] = set()
    for index, plugin in enumerate(written.scanner.plugins if written.scanner else ()):
        if plugin.name in seen:
            document.error_at(
                ("scanner", "plugins", index, "name"),
                f"The plug-in {plugin.name!r} is named twice.",
            )
        seen.add(plugin.name)

# SPDX-License-Identifier: Apache-2.0
"""Reads which license a file says it is under: SPDX tags in source files, and the plain statements
of short papers such as NOTICE. A statement is a declaration, never a license text.
"""

from __future__ import annotations

import re

from steelyard.catalog.licenses import License, resolve
from steelyard.kernel.license import DeclaredLicense

_HEAD = 8_000
"""Characters of a source file in which a tag is looked for."""
_PAPER = 40_000
"""Characters of a paper in which statements are looked for."""
_MAX = 20
_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\n\r]{1,200})")
_CLOSERS = re.compile(r"\s*(?:\*/|-->|\*\)|#\})?\s*\Z")
_UNDER = re.compile(
    r"\b(?:licensed|released|distributed|available|provided|published|shared)\s+(?:\w+\s+)?under\s+"
    r"(?:the\s+)?(?:terms\s+of\s+)?(?:the\s+)?([^\n;\"]{2,90}(?:\n[^\n;\"]{2,60})?)",
    re.IGNORECASE,
)
_GNU = re.compile(
    r"GNU\s+(Lesser\s+|Library\s+|Affero\s+)?General\s+Public\s+License\b[^.]{0,160}?"
    r"\bversion\s+(\d(?:\.\d)?)(?:\s+of\s+the\s+License)?"
    r"(,?\s+or\s+(?:\(at\s+your\s+option\)\s+)?any\s+later)?",
    re.IGNORECASE,
)
_GNU_NAMES = {"": "GPL", "lesser": "LGPL", "library": "LGPL", "affero": "AGPL"}
_COMMENT = re.compile(r"[ \t]*(?:#|//|/?\*|;|--|%|\"\"\"|'\'\'|<!--|$)")
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\((\S{1,300})\)")
_CC = re.compile(r"\bCC[ -]BY(?:[ -](?:NC|SA|ND))*[ -]\d\.\d\b|\bCC0[ -]1\.0\b", re.IGNORECASE)
_CC_URL = re.compile(r"creativecommons\.org/licenses/(by(?:-[a-z]{2})*)/(\d\.\d)", re.IGNORECASE)


def read_tags(path: str, text: str) -> list[DeclaredLicense]:
    """Return the licenses a file's ``SPDX-License-Identifier`` tags name."""
    found = [_CLOSERS.sub("", match.group(1)) for match in _TAG.finditer(text[:_HEAD])]
    return [_declared(path, raw, resolve(raw)) for raw in dict.fromkeys(found) if raw][:_MAX]


def read_source(path: str, text: str) -> list[DeclaredLicense]:
    """Return the licenses a source file names: its tags and, in the comment it begins with, the
    well-known notices."""
    tags = read_tags(path, text)
    if tags:
        return tags
    lines = []
    for line in text[:_HEAD].split("\n")[:100]:
        if not _COMMENT.match(line):
            break
        lines.append(line.lstrip(" \t#/*;%-"))
    return read_statements(path, "\n".join(lines)) if lines else []


def read_statements(path: str, text: str) -> list[DeclaredLicense]:
    """Return the known licenses a short paper names as its own or as a part's.

    Only names that are understood count: in running text a name is a guess, and what is not
    understood stays with the verdict on the whole text.
    """
    found: dict[str, DeclaredLicense] = {
        each.key or each.raw: each for each in read_tags(path, text)
    }
    text = _LINK.sub(r"\1 ( \2 ) ", text[:_PAPER])
    named = [(match.group(), match.group()) for match in _CC.finditer(text)]
    named += [(m.group(), f"cc-{m.group(1)}-{m.group(2)}") for m in _CC_URL.finditer(text)]
    for raw, name in named:
        known = resolve(re.sub(r"[ ]", "-", name))
        if known is not None:
            found.setdefault(known.key, _declared(path, raw, known))
    for match in _GNU.finditer(text):
        kind = _GNU_NAMES[(match.group(1) or "").strip().lower()]
        version = match.group(2) if "." in match.group(2) else f"{match.group(2)}.0"
        known = resolve(f"{kind}-{version}-{'or-later' if match.group(3) else 'only'}")
        if known is not None:
            found.setdefault(known.key, _declared(path, " ".join(match.group().split()), known))
    for match in _UNDER.finditer(text):
        words = match.group(1).split()[:9]
        for count in range(len(words), 0, -1):
            raw = " ".join(words[:count]).strip(" .,:()\u201c\u201d'")
            known = resolve(raw)
            if known is not None:
                found.setdefault(known.key, _declared(path, raw, known))
                break
    return list(found.values())[:_MAX]


def _declared(path: str, raw: str, known: License | None) -> DeclaredLicense:
    return DeclaredLicense(
        source="header",
        path=path,
        raw=raw,
        key=known.key if known else "",
        spdx=known.spdx if known else "",
    )

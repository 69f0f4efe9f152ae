# SPDX-License-Identifier: Apache-2.0
"""Builds ``src/steelyard/catalog/data/license_references.msgpack`` from license texts.

Usage: ``python scripts/build_license_references.py TEXTS.json TEXTS_DIR [KEY=FILE …]``

``TEXTS.json`` lists ``{"id", "key", "spdx", "source"}``; each text is ``TEXTS_DIR/<id>.txt``.
``KEY=FILE`` adds another harmless spelling of a license that is already listed. Only hashes are
written, never the texts.
"""

from __future__ import annotations

import json
import re
import sys
from array import array
from pathlib import Path

import msgspec

from steelyard.catalog.license_references import SAMPLE_STEP, Reference, References
from steelyard.licensing.tokens import SHINGLE, digest_words, hash_words, shingles_of, words_of

OUTPUT = (
    Path(__file__).resolve().parents[1] / "src/steelyard/catalog/data/license_references.msgpack"
)
END_OF_TERMS = re.compile(
    r"(?:END OF TERMS AND CONDITIONS\W+)?(?:APPENDIX: How to apply|How to Apply These Terms)"
)
"""Where instructions begin that copies may leave out. An attachment of use restrictions after the
"end" of the terms is no such thing."""
TITLE_WORDS = 12
"""A paragraph before the terms with at most this many words and no full stop is a title."""
FORMAL_WORDS = 60
FORMALITY = re.compile(
    r"Everyone is permitted to copy and distribute verbatim|Release Date|Developed by:"
    r"|Copyright (?:\(c\)|©)|^\W*Version [\d.]+",
    re.IGNORECASE,
)
"""Paragraphs that belong to the title although they are longer."""

_OWNER = ("COPYRIGHT HOLDER OR", "COPYRIGHT OWNER OR")
SPELLINGS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("bsd-new", (_OWNER,)),
    ("bsd-new", (_OWNER, ("names of its contributors", "names of any contributors"))),
    ("bsd-new", (_OWNER, ("names of its contributors", "names of other contributors"))),
    ("bsd-new", (_OWNER, ("the copyright holder nor", "the copyright owner nor"))),
    ("bsd-simplified", (_OWNER,)),
    ("clear-bsd", (_OWNER,)),
    ("isc", (("and/or distribute", "and distribute"),)),
)
"""Spellings that the SPDX matching guidelines hold equal to the listed text."""


def respelled(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    """Return ``text`` with every change made; each must apply."""
    for old, new in changes:
        if old not in text:
            raise SystemExit(f"The text does not contain {old!r}.")
        text = text.replace(old, new)
    return text


def body(text: str) -> tuple[int, int]:
    """Return where the terms begin and end: after the titles, before the instructions."""
    start = 0
    for paragraph in re.finditer(r"\S.*?(?=\n\s*\n|\Z)", text, re.DOTALL):
        count = len(words_of(paragraph.group()))
        formal = count <= FORMAL_WORDS and FORMALITY.search(paragraph.group())
        title = count <= TITLE_WORDS and not paragraph.group().rstrip().endswith((".", ";", ":"))
        if not (title or formal):
            start = paragraph.start()
            break
    end = END_OF_TERMS.search(text, len(text) // 3)
    return start, end.start() if end else len(text)


def packed(hashes: set[int]) -> bytes:
    """Return hashes as sorted little-endian 32-bit words."""
    values = array("I", sorted(hashes))
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def reference(text: str, key: str, spdx: str, source: str, vocabulary: set[int]) -> Reference:
    """Fingerprint one text."""
    words = words_of(text)
    vocabulary.update(hash_words([word.text]) for word in words)
    start, end = body(text)
    core: set[int] = set()
    everything = shingles_of([word.text for word in words])
    for at, shingle in enumerate(everything):
        if words[at].start >= start and words[at + SHINGLE - 1].end <= end:
            core.add(shingle)
    return Reference(
        key=key,
        spdx=spdx,
        digest=digest_words([word.text for word in words]),
        words=len(words),
        core=packed(core),
        optional=packed(set(everything) - core),
        sample=packed({shingle for shingle in everything if shingle % SAMPLE_STEP == 0}),
        source=source,
    )


def main(arguments: list[str]) -> int:
    """Fingerprint every listed text and the extra spellings."""
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    listed = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    vocabulary: set[int] = set()
    built: list[Reference] = []
    spdx_of = {item["key"]: item["spdx"] for item in listed}
    for item in listed:
        text = (Path(arguments[1]) / f"{item['id']}.txt").read_text(encoding="utf-8")
        source = item["source"].replace("licence", "license")
        built.append(reference(text, item["key"], item["spdx"], source, vocabulary))
        for key, changes in SPELLINGS:
            if key == item["key"]:
                other = respelled(text, changes)
                built.append(reference(other, key, item["spdx"], source, vocabulary))
    for extra in arguments[2:]:
        key, _, name = extra.partition("=")
        text = Path(name).read_text(encoding="utf-8")
        built.append(reference(text, key, spdx_of[key], "Debian common-licenses", vocabulary))
    document = References(references=tuple(built), vocabulary=packed(vocabulary))
    OUTPUT.write_bytes(msgspec.msgpack.encode(document))
    print(f"{OUTPUT.name}: {len(built)} references, {OUTPUT.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: Apache-2.0
"""Builds ``src/steelyard/catalog/data/license_references.bin`` from license texts.

    python scripts/build_license_references.py TEXTS.json TEXTS_DIR
        [--spdx BUNDLE.json.gz] [--scancode DIR] [--texts DIR]

``TEXTS.json`` lists ``{"id", "key", "spdx", "source"}``; each text is ``TEXTS_DIR/<id>.txt``.
``--spdx`` is the license list as the package ``licenseid`` ships it, ``--scancode`` the ``data``
folder of the package ``licensedcode-data``, ``--texts`` a folder of files named by SPDX id, such as
Debian's common-licenses. They add other publishers' copies of a license and licenses of which the
catalog knows only the name. A copy is taken only if nothing that binds differs from the first.

Only hashes of words and their order are written, never the texts.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import struct
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from steelyard.catalog.license_references import (
    CRITICAL,
    MAGIC,
    NUMBER,
    SAMPLED,
    SCARCE,
    UNUSUAL,
    Header,
    Reference,
    character,
    gram,
)
from steelyard.licensing.cues import CRITICAL_WORDS, binds
from steelyard.licensing.tokens import hash_word, normalized, raw_spans, raw_words, visible_text

OUTPUT = Path(__file__).resolve().parents[1] / "src/steelyard/catalog/data/license_references.bin"
END_OF_TERMS = re.compile(
    r"(?:END OF TERMS AND CONDITIONS\W+)?(?:APPENDIX: How to apply|How to Apply These Terms)"
    r"|=+\W*Creative Commons is not a party to its|^\W*Creative Commons is not a party to its"
    r"|^\W*Creative Commons may be contacted at",
    re.IGNORECASE | re.MULTILINE,
)
"""Where instructions begin that copies may leave out. An attachment of use restrictions after the
"end" of the terms is no such thing."""
START_OF_TERMS = re.compile(
    r"By exercising the Licensed Rights \(defined below\)"
    r"|THE WORK \(AS DEFINED BELOW\) IS PROVIDED UNDER THE TERMS OF THIS CREATIVE COMMONS"
)
"""Where Creative Commons' licenses begin after a preface that the SPDX list holds optional."""
TITLE_WORDS = 12
"""A paragraph before the terms with at most this many words and no full stop is a title."""
FORMAL_WORDS = 90
FORMALITY = re.compile(
    r"Everyone is permitted to copy and distribute verbatim|Release Date|Developed by:"
    r"|Copyright (?:\(c\)|©)|^\W*Version [\d.]+"
    r"|\A\W*By (?:clicking|exercising|using|downloading)[^.]{0,400}\.\s*\Z|接受本协议的内容"
    r"|\A\W*This is an? [^.]{0,60}licen[sc]e[^.]{0,40}\.\s*\Z",
    re.IGNORECASE,
)
"""Paragraphs that belong to the title although they are longer: dates, how the license is taken."""
_NEITHER = "Neither the name of the copyright holder nor the names of its contributors may be used"
SPELLINGS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("bsd-new", (("names of its contributors", "names of any contributors"),)),
    ("bsd-new", (("names of its contributors", "names of other contributors"),)),
    ("bsd-new", (("names of its contributors", "names of contributors"),)),
    ("bsd-new", ((_NEITHER, "The name of the author may not be used"),)),
    ("bsd-new", ((_NEITHER, "The name of the copyright holder may not be used"),)),
    ("bsd-new", ((_NEITHER, "The names of its contributors may not be used"),)),
    ("isc", (("and/or distribute", "and distribute"),)),
)
"""Spellings that the SPDX matching guidelines, or ScanCode, hold equal to the listed text."""
WITHIN = {
    "lgpl-3.0": re.compile(r"^\s*GNU GENERAL PUBLIC LICENSE\s+Version 3", re.MULTILINE),
}
"""Where a listed text goes on with another license, which most copies keep in another file."""
LARGEST = 60_000
GENERIC = re.compile(
    r"proprietary|commercial-license|other-|unknown|generic|warranty-disclaimer|public-domain"
    r"|swrule|patent-disclaimer|apple-excl|see-license|copyleft"
)
"""Keys that stand for kinds of license, not for one."""
RARE = 2
"""Licenses that have a word which may itself be a misprint."""
FEW = 15
"""Licenses that have a word which a scanner may have made of another."""
SAMPLE_STEP = 3
"""One word in this many begins an indexed gram."""
COMMON = 0.5
"""Words in more than this share of the texts begin none."""
COPIES = 8
"""Other publishers' copies taken for one key."""
_FEW = 3
"""Words that may differ in one place of another copy."""
_PLACES = 6


_unbroken: set[str] = set()
"""Words met whole."""


class Source(msgspec.Struct, frozen=True):
    """One text to fingerprint."""

    key: str
    spdx: str
    source: str
    text: str


def body(text: str) -> tuple[int, int]:
    """Return where the terms begin and end: after the titles, before the instructions."""
    start = 0
    for paragraph in re.finditer(r"\S.*?(?=\n\s*\n|\Z)", text, re.DOTALL):
        count = len(raw_words(visible_text(paragraph.group())))
        formal = count <= FORMAL_WORDS and FORMALITY.search(paragraph.group())
        lines = max(1, len(paragraph.group().strip().split("\n")))
        title = (
            count <= TITLE_WORDS * min(lines, 3)
            and not paragraph.group().rstrip().endswith((".", ";", ":", ",", "\u3002", "\uff0c"))
            and (count <= TITLE_WORDS or not binds(paragraph.group()))
        )
        if not (title or formal):
            start = paragraph.start()
            break
    prefaced = START_OF_TERMS.search(text, start, start + len(text) // 3)
    start = prefaced.start() if prefaced else start
    end = END_OF_TERMS.search(text, len(text) // 3)
    return start, end.start() if end else len(text)


def words_of(text: str) -> tuple[list[str], list[int]]:
    """Return the normalized words of a text and where each begins."""
    shown = visible_text(text)
    words: list[str] = []
    places: list[int] = []
    for raw, (start, _) in zip(raw_words(shown), raw_spans(shown), strict=True):
        meant = normalized(raw)
        if len(meant) == 3:  # broken at a line's end: one word where other texts have such a word
            meant = meant[:1] if meant[0] in _unbroken else meant[1:]
        else:
            _unbroken.update(meant)
        for word in meant:
            words.append(word)
            places.append(start)
    return words, places


def main(arguments: list[str]) -> int:
    """Fingerprint every listed text and the other copies of each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("listing", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--spdx", type=Path)
    parser.add_argument("--scancode", type=Path)
    parser.add_argument("--texts", type=Path)
    options = parser.parse_args(arguments)
    texts = list(listed(options.listing, options.folder))
    texts += more(texts, options)
    OUTPUT.write_bytes(document(texts))
    keys = {each.key for each in texts}
    print(
        f"{OUTPUT.name}: {len(texts)} texts of {len(keys)} licenses, {OUTPUT.stat().st_size} bytes"
    )
    return 0


def listed(listing: Path, folder: Path) -> Iterator[Source]:
    """Yield the texts the catalog's facts were read from, and their equal spellings."""
    for item in json.loads(listing.read_text(encoding="utf-8")):
        text = (folder / f"{item['id']}.txt").read_text(encoding="utf-8")
        source = item["source"].replace("licence", "license")
        yield Source(item["key"], item["spdx"], source, text)
        for key, changes in SPELLINGS:
            if key == item["key"]:
                yield Source(key, item["spdx"], source, respelled(text, changes))
        within = WITHIN.get(item["key"])
        if within and (other := within.search(text)):
            yield Source(item["key"], item["spdx"], source, text[: other.start()])


def respelled(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    """Return ``text`` with every change made; each must apply."""
    for old, new in changes:
        if old not in text:
            raise SystemExit(f"The text does not contain {old!r}.")
        text = text.replace(old, new)
    return text


def more(first: list[Source], options: argparse.Namespace) -> list[Source]:
    """Return other copies of the licenses in ``first``, and licenses known by name only."""
    key_of = {each.spdx: each.key for each in first if each.spdx}
    mains = {each.key: each for each in reversed(first)}
    found: list[Source] = []
    seen: dict[tuple[str, ...], str] = {tuple(words_of(each.text)[0]): each.key for each in first}
    copies: dict[str, int] = defaultdict(int)
    for each in offered(options, key_of):
        if len(each.text) > LARGEST or GENERIC.search(each.key):
            continue
        words = tuple(words_of(each.text)[0])
        if len(words) < 12 or words in seen:
            continue
        main = mains.get(each.key)
        if main is None:
            mains[each.key] = each
        elif copies[each.key] >= COPIES or not is_same_license(main.text, each.text):
            continue
        else:
            copies[each.key] += 1
        seen[words] = each.key
        found.append(each)
    return found


def offered(options: argparse.Namespace, key_of: dict[str, str]) -> Iterator[Source]:
    """Yield every text of the given publishers, the best kept first."""
    names = scancode_names(options.scancode) if options.scancode else {}
    if options.spdx:
        yield from of_spdx(options.spdx, {**names, **key_of})
    if options.texts:
        yield from of_folder(options.texts, key_of)
    if options.scancode:
        yield from of_scancode(options.scancode, names, {key: spdx for spdx, key in key_of.items()})


def scancode_names(folder: Path) -> dict[str, str]:
    """Return ScanCode's key for each SPDX id."""
    names: dict[str, str] = {}
    for path in sorted((folder / "licenses").glob("*.LICENSE")):
        head, text = split(path)
        match = re.search(r"^spdx_license_key: (\S+)", head, re.MULTILINE)
        named = match.group(1) if match else "LicenseRef"
        if not named.startswith("LicenseRef") and not named.endswith("-or-later") and text.strip():
            names[named] = path.name.removesuffix(".LICENSE")
    return names


def of_spdx(bundle: Path, key_of: dict[str, str]) -> Iterator[Source]:
    """Yield the texts of the SPDX license list that are not deprecated."""
    listing = json.loads(gzip.decompress(bundle.read_bytes()))
    origin = f"SPDX license list {listing['licenseListVersion']}"
    for entry in listing["licenses"]:
        spdx = str(entry["licenseId"])
        if not spdx.endswith("-or-later") and not entry["isDeprecatedLicenseId"]:
            yield Source(key_of.get(spdx, spdx), spdx, origin, entry["text"])


def of_folder(folder: Path, key_of: dict[str, str]) -> Iterator[Source]:
    """Yield the texts of a folder whose names are SPDX ids, more or less."""
    for path in sorted(folder.iterdir()):
        spdx = re.sub(r"(?<=GPL-\d|FDL-\d)\Z", ".0", path.name)
        spdx = f"{spdx}-only" if "GPL" in spdx or "GFDL" in spdx else spdx
        if spdx in key_of and not path.is_symlink():
            yield Source(key_of[spdx], spdx, "Debian common-licenses", path.read_text())


def of_scancode(folder: Path, names: dict[str, str], spdx_of: dict[str, str]) -> Iterator[Source]:
    """Yield ScanCode's own copies of SPDX licenses, and the many it has met of the catalog's."""
    origin = "ScanCode LicenseDB (licensedcode-data 32.1.0)"
    all_spdx = {key: spdx for spdx, key in names.items()} | spdx_of
    for path in sorted((folder / "licenses").glob("*.LICENSE")):
        key = path.name.removesuffix(".LICENSE")
        if key in all_spdx:
            yield Source(key, all_spdx[key], origin, split(path)[1])
    for path in sorted((folder / "rules").glob("*.RULE")):
        head, text = split(path)
        match = re.search(r"^license_expression: (\S+)$", head, re.MULTILINE)
        key = match.group(1) if match else ""
        if key in spdx_of and "is_license_text: yes" in head:
            yield Source(key, spdx_of[key], origin, text)


def split(path: Path) -> tuple[str, str]:
    """Return front matter and text of a file."""
    parts = path.read_text(encoding="utf-8", errors="replace").split("\n---\n", 1)
    return (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])


def is_same_license(main: str, other: str) -> bool:
    """Tell whether two texts differ in a few words at a few places, none of which bind."""
    from difflib import SequenceMatcher

    words, others = core_words(main), core_words(other)
    if abs(len(words) - len(others)) > 40:
        return False
    places = 0
    for tag, start, end, other_start, other_end in SequenceMatcher(
        None, words, others, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        changed = [*words[start:end], *others[other_start:other_end]]
        places += 1
        if max(end - start, other_end - other_start) > _FEW or places > _PLACES:
            return False
        if set(changed) & (CRITICAL_WORDS - {"with", "and", "or"}) or binds(" ".join(changed)):
            return False
        if any(word.isdigit() for word in changed):
            return False
    return True


def core_words(text: str) -> list[str]:
    """Return the words of the terms themselves."""
    words, places = words_of(text)
    start, end = body(text)
    return [word for word, place in zip(words, places, strict=True) if start <= place < end]


def document(texts: list[Source]) -> bytes:
    """Return the whole file."""
    worded = [words_of(each.text) for each in texts]
    hashes = sorted({hash_word(word) for words, _ in worded for word in words})
    number = {value: at for at, value in enumerate(hashes)}
    chars = {word: character(number[hash_word(word)]) for words, _ in worded for word in words}
    keys_with: dict[str, set[str]] = defaultdict(set)
    for each, (words, _) in zip(texts, worded, strict=True):
        for word in words:
            keys_with[word].add(each.key)
    flags = bytearray(len(hashes))
    for word in chars:
        binding = word in CRITICAL_WORDS or binds(word)
        count, at = len(keys_with[word]), number[hash_word(word)]
        flags[at] = (
            CRITICAL * binding
            | NUMBER * word.isdigit()
            | UNUSUAL * (count <= RARE and not word.isdigit())
            | SCARCE * (count <= FEW and not word.isdigit())
            | SAMPLED * (at % SAMPLE_STEP == 0 and count <= COMMON * len(texts))
        )
    sampled = {character(at) for at, flag in enumerate(flags) if flag & SAMPLED}
    sources = list(dict.fromkeys(each.source for each in texts))
    references: list[Reference] = []
    coded: list[str] = []
    posts: dict[int, list[int]] = defaultdict(list)
    at = 0
    for index, (each, (words, places)) in enumerate(zip(texts, worded, strict=True)):
        line = "".join(chars[word] for word in words)
        start, end = body(each.text)
        inside = [place for place in places if start <= place < end]
        first = sum(place < start for place in places)
        grams = {
            gram(line[place : place + 3])
            for place in range(len(line) - 2)
            if line[place] in sampled
        }
        for value in grams:
            posts[value].append(index)
        references.append(
            Reference(each.key, each.spdx, sources.index(each.source), at, len(words), first,
                      first + len(inside), max(1, len(grams)))
        )  # fmt: skip
        coded.append(line)
        at += len(words)
    values = sorted(posts)
    heads, flat = [0], []
    for value in values:
        flat += posts[value]
        heads.append(len(flat))
    return packed(
        tuple(sources),
        tuple(references),
        {
            "words": struct.pack(f"<{len(hashes)}Q", *hashes),
            "grams": struct.pack(f"<{len(values)}Q", *values),
            "heads": struct.pack(f"<{len(heads)}I", *heads),
            "posts": struct.pack(f"<{len(flat)}H", *flat),
            "texts": "".join(coded).encode("utf-16-le"),
            "flags": bytes(flags),
        },
    )


def packed(
    sources: tuple[str, ...], references: tuple[Reference, ...], sections: dict[str, bytes]
) -> bytes:
    """Join header and sections, each section at a multiple of eight bytes."""
    places: dict[str, tuple[int, int]] = {}
    data = bytearray()
    for name, section in sections.items():
        places[name] = (len(data), len(section))
        data += section + bytes(-len(section) % 8)
    header = msgspec.msgpack.encode(Header(sources=sources, references=references, sections=places))
    start = MAGIC + len(header).to_bytes(4, "little") + header
    return start + bytes(-len(start) % 8) + bytes(data)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

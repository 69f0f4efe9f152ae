# SPDX-License-Identifier: Apache-2.0
"""Licenses that project files, model files and README sections declare in a field or a sentence.

A declaration is what somebody says about a thing, never the license itself. What is declared and
not understood stays as it is written, so that it counts as unknown and not as nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from steelyard.catalog.licenses import resolve
from steelyard.kernel.license import DeclaredLicense, LicenseFile, LicenseVerdict
from steelyard.licensing.headers import read_statements

_LARGEST = 2_000_000
_MOST = 20
_LONGEST = 200
_NOTHING = frozenset({"", "none", "n/a", "unknown", "other", "see license", "license", "custom"})
_TOO_GENERAL = frozenset({"License :: OSI Approved", "License :: Other/Proprietary License"})
_SETTING = re.compile(r"^license[ \t]*[=:][ \t]*(\S[^\n]{0,199})$", re.IGNORECASE | re.MULTILINE)
_CLASSIFIER = re.compile(r"^[ \t]*(License :: [^\n]{1,150})$", re.MULTILINE)
_SECTION = re.compile(r"^\[([^\]\n]{1,60})\][ \t]*$", re.MULTILINE)
_CFF_LIST = re.compile(r"^license:[ \t]*\n((?:[ \t]*-[ \t]*[^\n]{1,80}\n?){1,20})", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.{1,120}?)[ \t#]*$", re.MULTILINE)
_OF_LICENSE = re.compile(
    r"\blicen[cs](?:e|es|ing)\b|许可|协议|\blizenz\b|\blicence\b", re.IGNORECASE
)
_MODEL_KEYS = (
    "license", "general.license", "license_name", "general.license.name", "modelspec.license",
)  # fmt: skip
_SHORT_SECTION = 60
"""Characters of a section that is nothing but a license's name."""
_TEXT_SECTION = 400
"""Characters from which a section may hold a license text."""
_ADOPTED = frozenset(
    {
        LicenseVerdict.EXACT,
        LicenseVerdict.SAME_WORDING,
        LicenseVerdict.VARIANT_OF,
        LicenseVerdict.PLUS_ADDITIONAL_TERMS,
        LicenseVerdict.SEVERAL,
    }
)
PROJECT_FILES = frozenset({"pyproject.toml", "setup.cfg", "package.json", "CITATION.cff"})


def read_project(path: str, text: str) -> list[DeclaredLicense]:
    """Return the licenses a project file declares; none for one that cannot be read."""
    if len(text) > _LARGEST:
        return []
    name = path.rpartition("/")[2]
    if name == "pyproject.toml":
        raw = _of_pyproject(text)
    elif name == "package.json":
        raw = _of_npm(text)
    elif name == "setup.cfg":
        raw = _of_setup(text)
    else:
        raw = _of_citation(text)
    return _declared("package", path, raw)


def read_metadata(path: str, metadata: Mapping[str, Any]) -> list[DeclaredLicense]:
    """Return the licenses a model file's own metadata declares (GGUF, safetensors, ONNX).

    ``other`` stands for the name beside it, as on the Hub.
    """
    raw = [value for key in _MODEL_KEYS if isinstance(value := metadata.get(key), str)]
    if len(raw) > 1 and raw[0].strip().lower() in _NOTHING:
        raw = raw[1:]
    return _declared("config", path, raw[:1])


def read_license_section(path: str, text: str) -> tuple[list[DeclaredLicense], LicenseFile | None]:
    """Return what a README says under a heading such as "License": the licenses it states and, if
    it holds a license text, the verdict on it. Offsets are characters of the whole README."""
    declared: list[DeclaredLicense] = []
    for start, end in _sections(text[:_LARGEST]):
        body = text[start:end]
        plain = body.strip(" \t\r\n*_`.[]")
        if 0 < len(plain) <= _SHORT_SECTION and (known := resolve(_linked(plain))) is not None:
            declared.append(_one("header", path, plain, known.key, known.spdx))
        else:
            declared += read_statements(path, body)
        if len(body) >= _TEXT_SECTION:
            from steelyard.licensing.detect import detect_text

            found = detect_text(path, re.sub(r"[^\n]", " ", text[:start]) + body)
            if found.verdict in _ADOPTED:
                return declared, found
    distinct = {each.key or each.raw: each for each in reversed(declared)}
    return list(reversed(distinct.values()))[:_MOST], None


def _sections(text: str) -> list[tuple[int, int]]:
    """Return start and end of each section whose heading speaks of a license."""
    headings = list(_HEADING.finditer(text))[:2_000]
    found = []
    for at, heading in enumerate(headings):
        if not _OF_LICENSE.search(heading.group(2)):
            continue
        level = len(heading.group(1))
        later = (each.start() for each in headings[at + 1 :] if len(each.group(1)) <= level)
        found.append((heading.end(), next(later, len(text))))
    return found[:5]


def _linked(text: str) -> str:
    """Return the words of a Markdown link."""
    return re.sub(r"\]\([^()\s]*\)?", "", text).strip("[] ")


def _of_pyproject(text: str) -> list[str]:
    import tomllib

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return []
    project = _table(document.get("project"))
    poetry = _table(_table(document.get("tool")).get("poetry"))
    given = project.get("license", poetry.get("license"))
    if isinstance(given, dict):
        given = given.get("text", "")
    classifiers = project.get("classifiers", poetry.get("classifiers"))
    return [given if isinstance(given, str) else "", *_classified(classifiers)]


def _of_npm(text: str) -> list[str]:
    try:
        document = _table(json.loads(text))
    except (ValueError, RecursionError):
        return []
    given = document.get("license")
    listed = document.get("licenses")
    items = [given, *(listed if isinstance(listed, list) else ())]
    return [
        value
        for item in items[:_MOST]
        if isinstance(value := item.get("type") if isinstance(item, dict) else item, str)
    ]


def _of_setup(text: str) -> list[str]:
    start = end = 0
    headings = list(_SECTION.finditer(text))
    for at, heading in enumerate(headings):
        if heading.group(1).strip() == "metadata":
            start = heading.end()
            end = headings[at + 1].start() if at + 1 < len(headings) else len(text)
            break
    part = text[start:end]
    return [match.group(1) for match in _SETTING.finditer(part)] + _classified(
        [match.group(1) for match in _CLASSIFIER.finditer(part)]
    )


def _of_citation(text: str) -> list[str]:
    listed = _CFF_LIST.search(text)
    if listed:
        return [line.strip(" \t-\"'") for line in listed.group(1).split("\n") if line.strip()]
    return [match.group(1).strip("\"' ") for match in _SETTING.finditer(text)]


def _classified(items: object) -> list[str]:
    if not isinstance(items, list):
        return []
    return [
        item.strip().removeprefix("License :: OSI Approved :: ")
        for item in items[:_LONGEST]
        if isinstance(item, str)
        and item.strip().startswith("License ::")
        and item.strip() not in _TOO_GENERAL
    ]


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _declared(
    source: Literal["package", "config"], path: str, raw: Iterable[str]
) -> list[DeclaredLicense]:
    found: dict[str, DeclaredLicense] = {}
    for each in raw:
        value = each.strip().split("\n", 1)[0][:_LONGEST]
        if value.lower() in _NOTHING or value.upper().startswith("SEE LICENSE"):
            continue
        known = resolve(value)
        if known is None and value.startswith("License ::") and found:
            continue
        entry = _one(source, path, value, known.key if known else "", known.spdx if known else "")
        found.setdefault(entry.key or value, entry)
    return list(found.values())[:_MOST]


def _one(
    source: Literal["package", "config", "header"], path: str, raw: str, key: str, spdx: str
) -> DeclaredLicense:
    return DeclaredLicense(source=source, path=path, raw=raw, key=key, spdx=spdx)

# SPDX-License-Identifier: Apache-2.0
"""Examines text: credentials, package sources, external entities, templates and scripts."""

from __future__ import annotations

import re

from steelyard.artifacts.source import Source
from steelyard.kernel.finding import Coverage, Severity
from steelyard.scanning.interface import Context, Examination
from steelyard.scanning.rules.secrets import find_secrets

_SOURCE = re.compile(
    r"(?im)^[ \t]*(?:--?(?:index-url|extra-index-url|find-links|trusted-host)\b|-[if]\s"
    r"|(?:-e[ \t]+)?(?:git|hg|svn|bzr)\+|(?:[\w.\[\]-]+[ \t]*@[ \t]*)?https?://"
    r"|[\w.\[\]-]+[ \t]*@[ \t]*file:)[^\n]*"
)
_ENTITY = re.compile(rb"(?i)<!ENTITY\s+(?:%\s+)?\S+\s+(?:SYSTEM|PUBLIC)\b[^>]{0,300}")
_DOCTYPE = re.compile(rb"(?i)<!DOCTYPE\s+[^>\[]{0,200}\bSYSTEM\b[^>]{0,200}")
_BILLION = re.compile(rb"(?i)<!ENTITY")
_ENTITIES_MOST = 20


def read_bounded(context: Context, source: Source, into: Examination) -> bytes:
    """Return the text's bytes up to the limit; the rest becomes a gap."""
    most = into.limits.text_bytes
    if source.size > most:
        into.gap(Coverage.PARTIAL, context.at(f"only the first {most} bytes of text were read"))
    return source.read_at(0, most)


def examine_text(context: Context, source: Source, into: Examination) -> None:
    """Examine one text file of any kind."""
    data = read_bounded(context, source, into)
    find_secrets(context, data, into)
    name = context.name.lower()
    if context.format == "jinja":
        from steelyard.scanning.rules.templates import judge_template

        judge_template(context, data.decode("utf-8", "replace"), into, "")
    elif context.format == "shell":
        into.add(
            "file.script",
            Severity.MEDIUM,
            "A script lies beside the weights.",
            location=context.at(""),
            evidence=data[:80].decode("utf-8", "replace"),
            remedy="Read it before anybody runs it, or leave it out.",
        )
    elif context.format == "xml" or (context.format == "text" and b"<!ENTITY" in data):
        _examine_xml(context, data, into)
    elif context.format == "text" and re.match(r"(?:requirements|constraints)[\w.-]*\.txt\Z", name):
        _examine_requirements(context, data.decode("utf-8", "replace"), into)


def _examine_requirements(context: Context, text: str, into: Examination) -> None:
    line, counted = 1, 0
    for found in _SOURCE.finditer(text):
        line += text.count("\n", counted, found.start())
        counted = found.start()
        into.add(
            "requirements.source",
            Severity.HIGH,
            "A requirement is fetched from another place than the package index.",
            location=context.at(f"line {line}"),
            evidence=found[0].strip()[:200],
            remedy="Pin released versions from your own index.",
        )


def _examine_xml(context: Context, data: bytes, into: Examination) -> None:
    found = _ENTITY.search(data) or _DOCTYPE.search(data)
    many = len(_BILLION.findall(data)) > _ENTITIES_MOST
    if not found and not many:
        return
    into.add(
        "xml.entity",
        Severity.CRITICAL,
        "The document makes its reader open other files or addresses, or swell without end.",
        location=context.at(f"byte {found.start() if found else 0}"),
        evidence=found[0][:200].decode("utf-8", "replace") if found else "many entities",
        remedy="Read it only with entities turned off.",
    )

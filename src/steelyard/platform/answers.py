# SPDX-License-Identifier: Apache-2.0
"""Distrusts what a sandbox process answers: strict types, known files, clean strings, own verdicts.

A line whose every byte is plain printable ASCII and that holds no escape cannot carry a control or
direction character, so its strings need no look of their own; that is the usual case and the quick
one. Every other line has each of its strings cut and cleaned.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from steelyard.kernel.digest import is_sha256
from steelyard.kernel.finding import Coverage, FileReport, Verdict, verdict_of, worst
from steelyard.kernel.inspection import FilePapers, Reply, TreeFile

STRING_MOST = 20_000
"""Characters of any string that are kept."""
_CLAIMS_MOST, _PAPERS_MOST = 1_000, 4
"""Claims of lineage that an answer may hold: a file is read in at most so many ways."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PLAIN = re.compile(rb"[ -\[\]-~]*")
_T = TypeVar("_T")


class Lie(Exception):
    """A process answered what no honest one would; nothing it says counts from here on."""


class Reader:
    """Reads the lines of one kind of answer."""

    def __init__(self, *, scanned: bool) -> None:
        self._scanned = scanned
        self._decode = msgspec.json.Decoder(Reply).decode

    def reply(self, line: bytes) -> tuple[Reply, bool]:
        """Return what a line says, and whether its strings are known to be clean.

        Raises:
            Lie: it is not one well-formed reply.
        """
        try:
            reply = self._decode(line)
        except (msgspec.MsgspecError, RecursionError):
            raise Lie("the examination answered with something unreadable") from None
        return reply, len(line) <= STRING_MOST and _PLAIN.fullmatch(line) is not None

    def report(
        self, report: FileReport, asked: Mapping[str, TreeFile], *, clean: bool
    ) -> FileReport:
        """Return a report about a file that was asked about, with a verdict of our own.

        Raises:
            Lie: it is about another file, or has no digest.
        """
        file = asked.get(report.path)
        if file is None or report.size != file.size or not self._digest_is_good(report):
            raise Lie("the examination answered about files it was not asked about")
        if not clean:
            # The path is our own, as the walk made it; the rest is theirs.
            safe = cleaned(msgspec.structs.replace(report, path=""), FileReport)
            report = msgspec.structs.replace(safe, path=file.path)
        if report.verdict is Verdict.CLEAN:
            own = verdict_of(report.findings, report.coverage)
        else:
            own = worst([report.verdict, verdict_of(report.findings, report.coverage)])
        return report if own is report.verdict else msgspec.structs.replace(report, verdict=own)

    def papers(self, papers: FilePapers, path: str, *, clean: bool) -> FilePapers:
        """Return what the file at ``path`` says as a paper, with clean strings.

        Raises:
            Lie: it speaks of another file, or of one file more than once.
        """
        if any(len(paper.claims) > _CLAIMS_MOST for paper in papers.lineage) or (
            len(papers.lineage) > _PAPERS_MOST
        ):
            raise Lie("the examination answered with more claims than a file can make")
        if any(paper.path != path for paper in papers.lineage):
            raise Lie("the examination answered about files it was not asked about")
        return papers if clean else cleaned(papers, FilePapers)

    def _digest_is_good(self, report: FileReport) -> bool:
        if report.sha256 == "":
            return not self._scanned or report.coverage is Coverage.NONE
        return is_sha256(report.sha256)


def cleaned(value: _T, kind: type[_T]) -> _T:
    """Return ``value`` with every string cut and freed of control and direction characters."""
    plain = msgspec.to_builtins(value)
    return msgspec.convert(_clean(plain), kind)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _CONTROL.sub("\ufffd", value[:STRING_MOST])
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value

# SPDX-License-Identifier: Apache-2.0
"""Collects the claims and observations of one file within its limits."""

from __future__ import annotations

import re
from collections.abc import Iterable

from steelyard.kernel.lineage import (
    About,
    Confidence,
    LineageClaim,
    LineageFact,
    LineagePaper,
    NodeKind,
    PaperSource,
    Relation,
)
from steelyard.provenance.lineage.names import NOTHING, Reference, read_reference

MOST_CLAIMS = 300
"""Claims, and observations, kept of one file."""
MOST_TEXT = 300
"""Characters kept of a quote."""

HUB_RELATIONS: dict[str, Relation] = {
    "finetune": "finetune",
    "finetuned": "finetune",
    "fine-tuned": "finetune",
    "merge": "merge_of",
    "adapter": "adapter_of",
    "lora": "adapter_of",
    "quantized": "quantised_from",
    "quantised": "quantised_from",
    "distilled": "distilled_from_outputs",
    "distillation": "distilled_from_outputs",
}
"""The words of ``base_model_relation`` and of tags such as ``base_model:quantized:org/name``."""


class PaperBuilder:
    """Gathers what one file says."""

    def __init__(self, path: str, source: PaperSource) -> None:
        self._path, self._source = path, source
        self._claims: dict[LineageClaim, None] = {}
        self._facts: dict[LineageFact, None] = {}
        self._repeated: list[tuple[str, str, str]] = []
        self._dropped = 0
        self.problems: list[str] = []

    def claim(
        self,
        key: str,
        text: object,
        confidence: Confidence,
        *,
        relation: Relation | None = None,
        kind: NodeKind = "model",
        revision: object = "",
        role: str = "",
        only_named: bool = False,
        quote: str = "",
    ) -> Reference:
        """Record that ``text`` names a source, and return what it names.

        A place on somebody's machine names nothing others can find: with ``only_named`` it is kept
        as an observation alone, else as a source that is not named. ``quote`` is what to show
        instead of ``text``.
        """
        if not isinstance(text, str) or not text.strip():
            return NOTHING
        found = read_reference(text)
        if found.form == "none":
            return found
        if found.form == "path":
            self.fact("local_path", key, text)
            if only_named:
                return found
        if only_named and found.form == "name" and not _is_word(found.name):
            return found
        pinned = revision if isinstance(revision, str) and revision not in ("", "main") else ""
        self._add(
            LineageClaim(
                key=key,
                quote=_one_line(quote or text),
                confidence=confidence,
                name="" if found.form == "path" else found.name[:MOST_TEXT],
                kind="dataset" if found.dataset else kind,
                relation=relation,
                revision=(found.revision or pinned)[:100],
                role=role,
            )
        )
        return found

    def unnamed(
        self, key: str, text: str, confidence: Confidence, relation: Relation, kind: NodeKind
    ) -> None:
        """Record that there is a source that is not named."""
        self._add(
            LineageClaim(
                key=key,
                quote=_one_line(text),
                confidence=confidence,
                name="",
                relation=relation,
                kind=kind,
            )
        )

    def fact(self, about: About, key: str, text: object) -> None:
        """Record an observation; empty texts say nothing."""
        if isinstance(text, bool) or not isinstance(text, str | int):
            return
        shown = _one_line(str(text))
        if not shown:
            return
        if len(self._facts) < MOST_CLAIMS:
            self._facts[LineageFact(about=about, key=key[:100], text=shown)] = None
        else:
            self._dropped += 1

    def repeated(self, key: str, first: str, later: str) -> None:
        """Record a key that stands twice."""
        if len(self._repeated) < 20:
            self._repeated.append((key[:100], _one_line(first), _one_line(later)))

    def paper(self) -> LineagePaper | None:
        """Return what was gathered; None if the file says nothing."""
        if self._dropped:
            self.problems.append(f"{self._dropped} more claims or observations were not kept.")
        if not (self._claims or self._facts or self._repeated or self.problems):
            return None
        return LineagePaper(
            path=self._path,
            source=self._source,
            claims=tuple(self._claims),
            facts=tuple(self._facts),
            repeated=tuple(self._repeated),
            problems=tuple(problem[:MOST_TEXT] for problem in self.problems[:20]),
        )

    def _add(self, claim: LineageClaim) -> None:
        if len(self._claims) < MOST_CLAIMS:
            self._claims[claim] = None
        else:
            self._dropped += 1


def texts(value: object) -> list[str]:
    """Return the texts of a field that may be one or a list of them."""
    items: Iterable[object] = value if isinstance(value, list | tuple) else [value]
    return [item for item in list(items)[:MOST_CLAIMS] if isinstance(item, str) and item.strip()]


def _one_line(text: str) -> str:
    return " ".join(text[: 4 * MOST_TEXT].split())[:MOST_TEXT]


def _is_word(name: str) -> bool:
    """Tell whether a bare word can be an old hub name (``bert-base-uncased``) rather than prose."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*[-_.0-9][A-Za-z0-9._-]*", name) is not None

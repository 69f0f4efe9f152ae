# SPDX-License-Identifier: Apache-2.0
"""What changed from one revision to another: everything a reviewer must not have to look for.

Pure, over two snapshots. An approval never carries over from the old to the new revision; what is
listed here says where to look when it is weighed anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct

from steelyard.governance.inventory.facts import ComponentKind
from steelyard.governance.inventory.snapshot import Part, Seen, Snapshot
from steelyard.kernel.card import ModelCard
from steelyard.licensing.term_changes import (
    LicenseChange,
    Papers,
    compare_revisions,
    reopens,
)
from steelyard.provenance.changes import LineageChange, compare_lineages

DIFF_SCHEMA = "steelyard.revision-diff/v1"
MOST = 1000
"""Changed files, findings and facts that are listed; of more only the number is told."""
_NOISY = frozenset({"model.purl", "model.commit"})
"""Facts that differ between any two revisions."""


class FileDiff(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file that was added, removed, changed or moved."""

    path: str
    change: Literal["added", "removed", "changed", "moved"]
    kind: ComponentKind
    size_before: int = 0
    size_after: int = 0
    sha256_before: str = ""
    sha256_after: str = ""
    moved_from: str = ""


class ValueDiff(Struct, frozen=True, kw_only=True):
    """A field or fact before and after; None is not stated or not known."""

    name: str
    before: Any
    after: Any


class RevisionDiff(Struct, frozen=True, kw_only=True):
    """Everything that differs."""

    old: str
    new: str
    same_bytes: bool
    files: tuple[FileDiff, ...]
    weights: tuple[FileDiff, ...]
    """Of the files, those that hold weights or adapters."""
    code: tuple[FileDiff, ...]
    dependencies: tuple[FileDiff, ...]
    """Of the files, those that say what must be installed."""
    packages: tuple[ValueDiff, ...]
    card: tuple[ValueDiff, ...]
    license: LicenseChange
    license_reopens: tuple[str, ...]
    """Why a decision under the old terms would have to be taken again."""
    lineage: tuple[LineageChange, ...]
    findings_added: tuple[Seen, ...]
    findings_gone: tuple[Seen, ...]
    facts: tuple[ValueDiff, ...]
    same_scanner: bool
    """Both were examined by the same rules; else findings may differ for that reason."""
    left_out: dict[str, int] = {}
    """How many of a list are not shown."""
    schema: str = DIFF_SCHEMA


def diff(old: Snapshot, new: Snapshot) -> RevisionDiff:
    """Return what changed from ``old`` to ``new``."""
    files = sorted(_files(old.parts, new.parts), key=lambda each: each.path)
    terms = compare_revisions(_papers(old), _papers(new))
    told = {part.path for part in (*old.parts, *new.parts) if part.dependencies}
    gone, added = _findings(old, new)
    facts = list(_values(old.facts, new.facts))
    lists: dict[str, Sequence[Any]] = {
        "files": files, "findings_added": added, "findings_gone": gone, "facts": facts,
    }  # fmt: skip
    return RevisionDiff(
        old=old.purl,
        new=new.purl,
        same_bytes=old.manifest_sha256 == new.manifest_sha256,
        files=tuple(files[:MOST]),
        weights=tuple(each for each in files if each.kind in ("weights", "adapter"))[:MOST],
        code=tuple(each for each in files if each.kind == "code")[:MOST],
        dependencies=tuple(each for each in files if each.path in told)[:MOST],
        packages=tuple(_named(old.packages, new.packages)),
        card=tuple(_card(old.card, new.card)),
        license=terms,
        license_reopens=reopens(terms),
        lineage=_lineage(old, new),
        findings_added=tuple(added[:MOST]),
        findings_gone=tuple(gone[:MOST]),
        facts=tuple(facts[:MOST]),
        same_scanner=old.scanner == new.scanner,
        left_out={name: len(each) - MOST for name, each in lists.items() if len(each) > MOST},
    )


def _files(old: Sequence[Part], new: Sequence[Part]) -> Iterator[FileDiff]:
    before = {part.path: part for part in old}
    after = {part.path: part for part in new}
    gone = {part.sha256: part for path, part in before.items() if path not in after and part.sha256}
    moved: set[str] = set()
    for path, part in after.items():
        was = before.get(path)
        if was is None:
            source = gone.get(part.sha256)
            if source is not None and source.path not in moved:
                moved.add(source.path)
                yield _pair("moved", source, part)
            else:
                yield _pair("added", None, part)
        elif was.sha256 != part.sha256 or not part.sha256:
            yield _pair("changed", was, part)  # what could not be read may have changed
    for path, part in before.items():
        if path not in after and path not in moved:
            yield _pair("removed", part, None)


def _pair(
    change: Literal["added", "removed", "changed", "moved"], was: Part | None, now: Part | None
) -> FileDiff:
    part = now or was
    assert part is not None
    return FileDiff(
        path=part.path,
        change=change,
        kind=part.kind,
        size_before=was.size if was else 0,
        size_after=now.size if now else 0,
        sha256_before=was.sha256 if was else "",
        sha256_after=now.sha256 if now else "",
        moved_from=was.path if was and change == "moved" else "",
    )


def _papers(snapshot: Snapshot) -> Papers:
    return Papers(
        files=snapshot.license_files,
        declared=snapshot.declared,
        digests={part.path: part.sha256 for part in snapshot.parts},
    )


def _named(old: Sequence[str], new: Sequence[str]) -> Iterator[ValueDiff]:
    """Compare lists of ``name version``."""
    before, after = (
        {name: version for name, _, version in (each.partition(" ") for each in listed)}
        for listed in (old, new)
    )
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield ValueDiff(name=name, before=before.get(name), after=after.get(name))


def _card(old: ModelCard | None, new: ModelCard | None) -> Iterator[ValueDiff]:
    one, two = _stated(old), _stated(new)
    for name in dict.fromkeys([*one, *two]):
        if one.get(name) != two.get(name):
            yield ValueDiff(name=name, before=one.get(name), after=two.get(name))


def _stated(card: ModelCard | None) -> dict[str, Any]:
    """Return what a card says, by field; sections by their first words."""
    if card is None:
        return {"present": False}
    found: dict[str, Any] = {"present": True}
    for name in (
        "title", "license", "license_name", "license_link", "base_models", "base_model_relation",
        "datasets", "languages", "tags", "pipeline_tag", "library_name",
    ):  # fmt: skip
        value = getattr(card, name)
        found[name] = list(value) if isinstance(value, tuple) else value or None
    found["evaluations"] = [
        f"{row.task} {row.dataset} {row.metric} {row.value}".strip() for row in card.evaluations
    ]
    for topic in ("training_data", "intended_use", "limitations", "evaluation"):
        section = getattr(card, topic)
        found[f"section {topic}"] = section.excerpt if section.stated else None
    for topic, section in sorted(card.topics.items()):
        found.setdefault(f"section {topic}", section.excerpt if section.stated else None)
    return found


def _lineage(old: Snapshot, new: Snapshot) -> tuple[LineageChange, ...]:
    if old.lineage is None or new.lineage is None:
        return ()
    return compare_lineages(old.lineage, new.lineage).changes


def _findings(old: Snapshot, new: Snapshot) -> tuple[list[Seen], list[Seen]]:
    before, after = set(old.findings), set(new.findings)
    gone = [each for each in old.findings if each not in after]
    added = [each for each in new.findings if each not in before]
    return list(dict.fromkeys(gone)), list(dict.fromkeys(added))


def _values(old: dict[str, Any], new: dict[str, Any]) -> Iterator[ValueDiff]:
    for name in sorted({*old, *new} - _NOISY):
        if old.get(name) != new.get(name):
            yield ValueDiff(name=name, before=old.get(name), after=new.get(name))

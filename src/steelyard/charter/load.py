# SPDX-License-Identifier: Apache-2.0
"""From the YAML people write to a resolved charter, or to a list of errors with their places."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from steelyard.catalog.charters import NAMES, resolved_charter
from steelyard.catalog.packs import pack_names, pack_text
from steelyard.charter.controls import chosen_controls, reference_of, with_gates
from steelyard.charter.document import Document, Path, nearest
from steelyard.charter.resolve import from_resolved
from steelyard.charter.schema import (
    Charter,
    CharterDocument,
    PackDocument,
    PackIdentity,
    Rule,
    Sections,
    TrackRule,
)
from steelyard.charter.sources import Chain, Reader, is_path, open_reference
from steelyard.kernel.assessment import Reference
from steelyard.kernel.errors import DocumentErrors, InputError, PositionedError


class Loaded(Struct, frozen=True, kw_only=True):
    """A charter, its text with the places of everything, and what else was read for it."""

    charter: Charter
    document: Document
    written: CharterDocument
    files: tuple[str, ...]
    """Every file that was read, this one first."""
    warnings: tuple[PositionedError, ...] = ()


def shipped(name: str) -> Charter:
    """Return a shipped charter by name.

    Raises:
        InputError: no charter of that name is shipped.
    """
    if name not in NAMES:
        raise InputError(
            f"No charter named {name!r} is shipped.",
            next_step=nearest(name, NAMES) or f"Shipped are {', '.join(NAMES)}.",
            code="charter.unknown",
        )
    return from_resolved(resolved_charter(name))


def load_charter(text: str, file: str, read: Reader | None = None) -> Charter:
    """Return the charter written in ``text``; ``file`` names it in errors.

    ``read`` opens the files it extends or includes; without it only shipped ones can be used.

    Raises:
        DocumentErrors: the text is not a charter; every error with its line and column.
    """
    return load(text, file, read).charter


def load(text: str, file: str, read: Reader | None = None) -> Loaded:
    """Return the charter written in ``text`` with its warnings and everything that was read.

    Raises:
        DocumentErrors: the text is not a charter; every error with its line and column.
    """
    chain = Chain((file,), read, [file])
    return _load(text, file, chain)


def _load(text: str, file: str, chain: Chain) -> Loaded:
    from steelyard.charter.check import check_document, check_resolved

    document = Document(text, file)
    written = document.decode(CharterDocument)
    check_document(document, written, complete=written.extends is None)
    document.raise_errors()
    charter = _resolve(document, with_gates(written), chain)
    document.raise_errors()
    charter, notes = _include(document, written, charter, chain)
    document.raise_errors()
    check_resolved(document, written, charter)
    document.raise_errors()
    charter = msgspec.structs.replace(charter, references=_references(charter.rules))
    return Loaded(
        charter=charter,
        document=document,
        written=written,
        files=tuple(chain.seen),
        warnings=(*document.notes, *notes),
    )


def _resolve(document: Document, written: CharterDocument, chain: Chain) -> Charter:
    from steelyard.charter.overlay import Laying, lay_over
    from steelyard.charter.overlay.terms import lay_review

    if written.extends is None:
        return _alone(document, written)
    base = _base(document, written.extends, chain)
    source = f"the charter {base.name!r}"
    laying = Laying(document, source, refuse=True)
    rules = _rules(document, written, f"{written.charter}.", base)
    charter = lay_over(laying, written, base, rules, chosen_controls(written.controls))
    if written.effective < base.effective:
        document.error_at(
            ("effective",), f"{laying.who} is not in force before {base.effective.isoformat()}."
        )
    if base.until is not None and (written.until or written.effective) > base.until:
        document.error_at(
            ("until",) if written.until else ("effective",),
            f"{laying.who} is in force only until {base.until.isoformat()}.",
        )
    return msgspec.structs.replace(
        charter,
        name=written.charter,
        version=written.version,
        effective=written.effective,
        until=written.until or base.until,
        owner=written.owner,
        purpose=written.purpose,
        review=lay_review(laying, written.review, base.review),
        extends=f"{base.name} {base.version}",
    )


def _alone(document: Document, written: CharterDocument) -> Charter:
    return Charter(
        name=written.charter,
        version=written.version,
        effective=written.effective,
        until=written.until,
        owner=written.owner,
        purpose=written.purpose,
        review=written.review,
        risk=written.risk,
        tracks={name: _track(track) for name, track in written.tracks.items()},
        rules=_rules(document, written, "", None),
        controls=chosen_controls(written.controls),
        exceptions=written.exceptions,
        scanner=written.scanner,
        objectives=written.objectives,
        scope=written.scope,
        stakeholders=written.stakeholders,
        terms=written.terms,
        standing_approvals=written.standing_approvals,
        release=written.release,
        gates=written.gates,
        roles=written.roles,
        committees=written.committees,
        decision_rights=written.decision_rights,
        responsibilities=written.responsibilities,
        remediation=written.remediation,
    )


def _base(document: Document, reference: str, chain: Chain) -> Charter:
    place: Path = ("extends",)
    if not is_path(reference):
        if reference not in NAMES:
            document.error_at(
                place,
                f"{reference!r} is not a shipped charter ({', '.join(NAMES)}).",
                nearest(reference, NAMES) or "A file is named by a path such as ./group.yaml.",
            )
            document.raise_errors()
        return shipped(reference)
    opened = open_reference(chain, document, place, reference)
    if opened is None:
        document.raise_errors()
        raise AssertionError("unreachable: an error was recorded")
    text, further = opened
    return _load(text, further.files[-1], further).charter


def _include(
    document: Document, written: Sections, charter: Charter, chain: Chain
) -> tuple[Charter, tuple[PositionedError, ...]]:
    """Return ``charter`` with the packs that ``written`` includes laid over, and their warnings."""
    notes: list[PositionedError] = []
    for index, reference in enumerate(written.include):
        place: Path = ("include", index)
        if is_path(reference):
            opened = open_reference(chain, document, place, reference)
        elif reference in pack_names():
            inside = f"the pack {reference}"
            opened = pack_text(reference), Chain((*chain.files, inside), chain.read, chain.seen)
        else:
            opened = None
            names = pack_names()
            document.error_at(
                place,
                f"{reference!r} is not a shipped pack ({', '.join(names)}).",
                nearest(reference, names) or "A file is named by a path such as ./rules.yaml.",
            )
        if opened is not None:
            charter, said = _pack(document, place, charter, *opened)
            notes += said
    return charter, tuple(notes)


def _pack(
    document: Document, place: Path, charter: Charter, text: str, chain: Chain
) -> tuple[Charter, tuple[PositionedError, ...]]:
    from steelyard.charter.check import check_document
    from steelyard.charter.overlay import Laying, lay_over

    try:
        inner = Document(text, chain.files[-1])
        pack = inner.decode(PackDocument)
    except DocumentErrors as error:
        document.errors += error.errors
        return charter, ()
    check_document(inner, pack, complete=False)
    pack = with_gates(pack)
    if any(held.name == pack.pack for held in charter.packs):
        document.error_at(place, f"The pack {pack.pack!r} is included twice.", "Take one out.")
        return charter, ()
    rules = _rules(inner, pack, f"{pack.pack}.", charter)
    laying = Laying(inner, f"the charter {charter.name!r}", refuse=False)
    laid = lay_over(laying, pack, charter, rules, chosen_controls(pack.controls))
    identity = PackIdentity(
        name=pack.pack,
        version=pack.version,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    laid = msgspec.structs.replace(laid, packs=(*laid.packs, identity))
    laid, notes = _include(inner, pack, laid, chain)
    document.errors += inner.errors
    return laid, (*inner.notes, *notes)


def _rules(
    document: Document, written: Sections, prefix: str, base: Charter | None
) -> tuple[Rule, ...]:
    from steelyard.charter.sections import section_rules

    made = section_rules(written, prefix, plan=base.release if base else ())
    generated = {rule.id for rule in made}
    for index, rule in enumerate(written.rules):
        if rule.id in generated:
            document.error_at(
                ("rules", index, "id"),
                f"The id {rule.id!r} belongs to a rule made from a section above.",
                "Choose another id.",
            )
    return (*made, *written.rules)


def _track(track: TrackRule) -> TrackRule:
    return msgspec.structs.replace(track, decided_by=track.decided_by or "sign-offs")


def _references(rules: tuple[Rule, ...]) -> tuple[Reference, ...]:
    cited = dict.fromkeys(identity for rule in rules for identity in rule.frameworks)
    return tuple(reference_of(identity) for identity in cited)

# SPDX-License-Identifier: Apache-2.0
"""From the YAML people write to a resolved charter, or to a list of errors with their places."""

from __future__ import annotations

import msgspec

from steelyard.catalog.charters import NAMES, resolved_charter
from steelyard.catalog.controls import controls
from steelyard.catalog.frameworks import find
from steelyard.charter.document import Document, nearest
from steelyard.charter.resolve import from_resolved
from steelyard.charter.schema import (
    Charter,
    CharterDocument,
    ControlRule,
    Rule,
    TrackRule,
)
from steelyard.kernel.assessment import Reference
from steelyard.kernel.errors import InputError

SHIPPED = NAMES
"""Names of the shipped charters, lightest first."""


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


def load_charter(text: str, file: str) -> Charter:
    """Return the charter written in ``text``; ``file`` names it in errors.

    Raises:
        DocumentErrors: the text is not a charter; every error with its line and column.
    """
    from steelyard.charter.check import check_charter

    document = Document(text, file)
    written = document.decode(CharterDocument)
    check_charter(document, written)
    document.raise_errors()
    charter = _resolve(document, written)
    document.raise_errors()
    return msgspec.structs.replace(charter, references=_references(charter.rules))


def _resolve(document: Document, written: CharterDocument) -> Charter:
    from steelyard.charter.overlay import lay_over
    from steelyard.charter.sections import section_rules

    prefix = "" if written.extends is None else f"{written.charter}."
    rules = (*section_rules(written, prefix), *written.rules)
    _refuse_twins(document, written, rules)
    chosen = _controls(written)
    if written.extends is not None:
        if written.extends not in NAMES:
            document.error_at(
                ("extends",),
                f"{written.extends!r} is not a shipped charter ({', '.join(NAMES)}).",
                nearest(written.extends, NAMES),
            )
            document.raise_errors()
        return lay_over(document, written, shipped(written.extends), rules, chosen)
    return Charter(
        name=written.charter,
        version=written.version,
        effective=written.effective,
        owner=written.owner,
        purpose=written.purpose,
        review=written.review,
        risk=written.risk,
        tracks={name: _track(track) for name, track in written.tracks.items()},
        rules=rules,
        controls=chosen,
        exceptions=written.exceptions,
        scanner=written.scanner,
    )


def _refuse_twins(document: Document, written: CharterDocument, rules: tuple[Rule, ...]) -> None:
    generated = {rule.id for rule in rules[: len(rules) - len(written.rules)]}
    for index, rule in enumerate(written.rules):
        if rule.id in generated:
            document.error_at(
                ("rules", index, "id"),
                f"The id {rule.id!r} belongs to a rule made from a section above.",
                "Choose another id.",
            )


def _track(track: TrackRule) -> TrackRule:
    return msgspec.structs.replace(track, decided_by=track.decided_by or "sign-offs")


def _controls(written: CharterDocument) -> tuple[ControlRule, ...]:
    library = controls()
    return tuple(
        ControlRule(
            id=identity,
            title=library[identity].title,
            why=" ".join(filter(None, (library[identity].why, selection.why))),
            when=selection.when,
            evidence=library[identity].evidence,
            frameworks=tuple(_reference(item) for item in library[identity].frameworks),
            tasks=library[identity].tasks,
        )
        for selection in written.controls
        for identity in selection.select
    )


def _reference(identity: str) -> Reference:
    item = find(identity)
    if item is None:
        return Reference(id=identity)
    return Reference(id=identity, title=item.title, framework=f"{item.framework} {item.version}")


def _references(rules: tuple[Rule, ...]) -> tuple[Reference, ...]:
    cited = dict.fromkeys(identity for rule in rules for identity in rule.frameworks)
    return tuple(_reference(identity) for identity in cited)

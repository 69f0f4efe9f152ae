# SPDX-License-Identifier: Apache-2.0
"""Controls a charter selects, looked up in the catalog so that an evaluation needs no catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from steelyard.catalog.controls import CatalogControl, controls
from steelyard.catalog.frameworks import find
from steelyard.charter.schema import ControlRule, ControlSelection, Sections
from steelyard.charter.sections.writing import listed
from steelyard.kernel.assessment import Reference

SectionsT = TypeVar("SectionsT", bound=Sections)
KINDS = ("topic", "stage", "framework")
"""What may stand before the colon of a selection such as ``topic:privacy``."""


def chosen_controls(selections: Iterable[ControlSelection]) -> tuple[ControlRule, ...]:
    """Return the controls that ``selections`` name, each with everything about it."""
    return tuple(
        _resolved(control, selection)
        for selection in selections
        for word in selection.select
        for control in selected(word)
    )


def with_gates(written: SectionsT) -> SectionsT:
    """Return ``written`` with the controls its gates ask for selected, each by its id.

    A gate for some tiers calls for its controls at those tiers only.
    """
    gates = {
        stage: msgspec.structs.replace(
            gate,
            controls=tuple(
                dict.fromkeys(one.id for word in gate.controls for one in selected(word))
            ),
        )
        for stage, gate in written.gates.items()
    }
    called = tuple(
        ControlSelection(
            select=gate.controls,
            when=f"risk.tier in {listed(gate.tiers)}" if gate.tiers else "true",
        )
        for gate in gates.values()
        if gate.controls
    )
    return msgspec.structs.replace(written, gates=gates, controls=(*written.controls, *called))


def selected(word: str) -> Iterator[CatalogControl]:
    """Yield the controls a word of a selection names; nothing where it names none."""
    library = controls()
    kind, colon, value = word.partition(":")
    if not colon:
        if word in library:
            yield library[word]
        return
    for control in library.values():
        named: dict[str, set[str]] = {
            "topic": {control.topic},
            "stage": {control.stage},
            "framework": {reference.partition(":")[0] for reference in control.frameworks},
        }
        if value in named.get(kind, ()):
            yield control


def selectable() -> tuple[str, ...]:
    """Return every word a selection may use."""
    library = controls()
    words: dict[str, None] = dict.fromkeys(library)
    for control in library.values():
        words[f"topic:{control.topic}"] = None
        words[f"stage:{control.stage}"] = None
        for reference in control.frameworks:
            words[f"framework:{reference.partition(':')[0]}"] = None
    return tuple(words)


def reference_of(identity: str) -> Reference:
    """Return a reference with its title and framework, as far as the catalog knows them."""
    item = find(identity)
    if item is None:
        return Reference(id=identity)
    return Reference(id=identity, title=item.title, framework=f"{item.framework} {item.version}")


def _resolved(control: CatalogControl, selection: ControlSelection) -> ControlRule:
    return ControlRule(
        id=control.id,
        title=control.title,
        why=" ".join(filter(None, (control.why, selection.why))),
        when=control.applies if selection.when is None else selection.when,
        evidence=control.evidence,
        frameworks=tuple(reference_of(item) for item in control.frameworks),
        tasks=control.tasks,
        stage=control.stage,
        objective=control.objective,
        evidence_types=control.evidence_types,
    )

# SPDX-License-Identifier: Apache-2.0
"""The parts of the catalog as entries of ``steelyard.catalog/v1``: plain data, one shape.

Every entry has ``id``, ``title``, ``source``, ``as_of`` and ``confidence``; one of a law or
standard also has ``framework`` and ``version``. Further fields depend on the part.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from steelyard.catalog.controls import CatalogControl, controls, evidence_types, mapping_bases
from steelyard.catalog.duties import Duty, duties
from steelyard.catalog.frameworks import (
    Framework,
    FrameworkItem,
    all_items,
    find,
    frameworks,
    nearest_of,
)
from steelyard.catalog.license_terms import license_terms
from steelyard.catalog.licenses import License, licenses
from steelyard.catalog.playbooks import Playbook, playbook_catalog, playbooks
from steelyard.kernel.errors import InputError

CATALOG_SCHEMA = "steelyard.catalog/v1"
Entry = dict[str, Any]


def known_framework(name: str) -> Framework:
    """Return the framework a person means by ``name``, in whatever case.

    Raises:
        InputError: the catalog has none of that name.
    """
    found = {known.casefold(): known for known in frameworks()}.get(name.casefold())
    if found is None:
        raise InputError(
            f"There is no framework {name!r} in the catalog.",
            next_step=_did_you_mean(name, frameworks(), "steelyard catalog frameworks"),
            code="catalog.framework",
        )
    return frameworks()[found]


def unknown(part: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error that a part of the catalog has no entry of that name."""
    return InputError(
        f"There is no {name!r} among the {part} of the catalog.",
        next_step=_did_you_mean(name, known, f"steelyard catalog {part}"),
        code="catalog.unknown",
    )


def _did_you_mean(name: str, known: Iterable[str], listing: str) -> str:
    near = nearest_of(name, known)
    return f"Did you mean {near!r}? See them all with `{listing}`." if near else f"See: {listing}"


# Frameworks and their items


def framework_entries(framework: str | None = None, kind: str | None = None) -> list[Entry]:
    """Return the frameworks, or the items of one; ``kind`` narrows items down.

    Raises:
        InputError: there is no such framework, or it has no item of that kind.
    """
    if framework is None:
        return [framework_entry(one) for one in frameworks().values()]
    chosen = known_framework(framework)
    if kind is not None and kind not in chosen.kinds:
        raise InputError(
            f"{chosen.id} has nothing of the kind {kind!r}.",
            next_step=f"Its kinds are {', '.join(chosen.kinds)}.",
            code="catalog.kind",
        )
    return [
        item_entry(item)
        for item in all_items()
        if item.prefix == chosen.id and kind in (None, item.kind)
    ]


def framework_entry(framework: Framework) -> Entry:
    """Return one framework: what is held of it, and from where."""
    return {
        "id": framework.id,
        "title": framework.title,
        "framework": framework.id,
        "version": framework.version,
        "source": "; ".join(framework.sources),
        "as_of": framework.as_of,
        "confidence": framework.confidence,
        "license": framework.license,
        "attribution": framework.attribution,
        "items": framework.items,
        "kinds": framework.kinds,
        "controls": sum(
            any(ref.startswith(f"{framework.id}:") for ref in control.frameworks)
            for control in controls().values()
        ),
    }


def item_entry(item: FrameworkItem) -> Entry:
    """Return one entry of a law or standard with its life and the controls that answer it."""
    return {
        "id": item.id,
        "title": item.title,
        "framework": item.prefix,
        "framework_title": item.framework,
        "version": item.version,
        "kind": item.kind,
        "level": item.level,
        "source": item.source,
        "as_of": item.as_of,
        "confidence": item.confidence,
        "license": item.license,
        "attribution": item.attribution,
        "standing": item.standing,
        "removed_in": item.removed_in,
        "replaced_by": list(item.replaced_by),
        "former_title": item.former_title,
        "change_basis": item.change_basis,
        "controls": answering().get(item.id, []),
    }


def answering() -> dict[str, list[Entry]]:
    """Return, for each reference, the controls that answer it and where that mapping is from."""
    found: dict[str, list[Entry]] = {}
    for control in controls().values():
        for mapping in control.mappings:
            found.setdefault(mapping.ref, []).append({"id": control.id, "basis": mapping.basis})
    return found


# Controls


def control_entries(
    framework: str | None = None, topic: str | None = None, stage: str | None = None
) -> list[Entry]:
    """Return the controls: all, those mapped to a framework, of a topic, of a stage.

    Raises:
        InputError: there is no such framework, or no control of that topic or stage.
    """
    prefix = None if framework is None else f"{known_framework(framework).id}:"
    every = controls().values()
    for part, wanted, known in (
        ("topic", topic, {control.topic for control in every}),
        ("stage", stage, {control.stage for control in every}),
    ):
        if wanted is not None and wanted not in known:
            raise InputError(
                f"There is no {part} {wanted!r}.",
                next_step=f"There are {', '.join(sorted(known))}.",
                code=f"catalog.{part}",
            )
    return [
        control_entry(control)
        for control in every
        if topic in (None, control.topic)
        and stage in (None, control.stage)
        and (prefix is None or any(ref.startswith(prefix) for ref in control.frameworks))
    ]


def control_entry(control: CatalogControl) -> Entry:
    """Return one control; each mapping carries the title of what it leads to."""
    origin = mapping_bases().library
    return {
        "id": control.id,
        "title": control.title,
        "source": origin.source,
        "as_of": origin.as_of,
        "confidence": origin.confidence,
        "topic": control.topic,
        "stage": control.stage,
        "objective": control.objective,
        "why": control.why,
        "applies": control.applies,
        "evidence": control.evidence,
        "tasks": msgspec.to_builtins(control.tasks),
        "evidence_types": [
            msgspec.to_builtins(evidence_types()[kind]) for kind in control.evidence_types
        ],
        "mappings": [
            {
                "ref": mapping.ref,
                "title": item.title if (item := find(mapping.ref)) else "",
                "basis": mapping.basis,
            }
            for mapping in control.mappings
        ],
    }


# Licenses, duties, playbooks


def license_entries(framework: str | None = None) -> list[Entry]:
    """Return the licenses; none of them belongs to a framework."""
    if framework is not None:
        known_framework(framework)
        return []
    return [license_entry(one) for one in licenses()]


def license_entry(one: License) -> Entry:
    """Return one license with its terms, where they are written down."""
    terms = license_terms(one.key)
    entry: Entry = msgspec.to_builtins(one)
    del entry["key"], entry["name"]
    return {
        "id": one.key,
        "title": one.name,
        **entry,
        "terms": None if terms is None else msgspec.to_builtins(terms),
    }


def duty_entries(framework: str | None = None) -> list[Entry]:
    """Return the notification duties: all, or those that rest on a framework's articles."""
    prefix = None if framework is None else f"{known_framework(framework).id}:"
    return [
        duty_entry(duty)
        for duty in duties().values()
        if prefix is None or any(ref.startswith(prefix) for ref in duty.references)
    ]


def duty_entry(duty: Duty) -> Entry:
    """Return one duty."""
    entry: Entry = msgspec.to_builtins(duty)
    if duty.references:
        entry["framework"] = duty.references[0].partition(":")[0]
    return {**entry, "due": duty.due}


def playbook_entries(framework: str | None = None) -> list[Entry]:
    """Return the playbooks: all, or those with a duty that rests on a framework's articles."""
    wanted = None if framework is None else {entry["id"] for entry in duty_entries(framework)}
    return [
        playbook_entry(playbook)
        for playbook in playbooks().values()
        if wanted is None or wanted & set(playbook.duties)
    ]


def playbook_entry(playbook: Playbook) -> Entry:
    """Return one playbook."""
    origin = playbook_catalog()
    return {
        **msgspec.to_builtins(playbook),
        "source": origin.source,
        "as_of": origin.as_of,
        "confidence": origin.confidence,
    }

# SPDX-License-Identifier: Apache-2.0
"""The few facts a test case writes down, checked by the types of all facts.

Facts are given by path (``license.category: permissive``) or nested; ``unknown`` (or nothing) takes
one away that may be unknown. Before a document is decoded its mappings of facts are brought into
one shape: nested, the unknown ones taken out and remembered.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Union

import msgspec
from msgspec import UNSET, Struct, UnsetType

from steelyard.charter.document import Document, nearest
from steelyard.charter.facts import Facts, fact_types
from steelyard.charter.yaml_nodes import Mark, Node

UNKNOWN = "unknown"
WORKED_OUT = "risk"
"""The group of facts that the charter works out by itself."""


@cache
def sparse(message: type[Struct] = Facts) -> type[Struct]:
    """Return ``message`` with every field left out by default."""
    fields = []
    for field in msgspec.structs.fields(message):
        if message is Facts and field.name == WORKED_OUT:
            continue
        inner = isinstance(field.type, type) and issubclass(field.type, Struct)
        kind = sparse(field.type) if inner else message.__annotations__[field.name]
        fields.append((field.name, Union[kind, UnsetType], UNSET))  # noqa: UP007
    return msgspec.defstruct(f"Some{message.__name__}", fields, frozen=True, kw_only=True)


class Taken(Struct, frozen=True):
    """A fact that is written down as not known, and where."""

    path: str
    mark: Mark


def straighten(document: Document, node: Node) -> list[Taken]:
    """Nest the dotted paths in a mapping of facts, take the unknown ones out and return them.

    What is wrong with the paths is recorded as errors of ``document``.
    """
    if not isinstance(node.value, dict):
        return []
    taken: list[Taken] = []
    whole = Node({}, node.mark, "map", {})
    _move(document, node, "", whole, taken)
    node.value, node.keys = whole.value, whole.keys
    return taken


def _move(document: Document, node: Node, prefix: str, whole: Node, taken: list[Taken]) -> None:
    assert isinstance(node.value, dict)
    types = fact_types()
    for key, child in node.value.items():
        path, mark = f"{prefix}{key}", node.keys.get(key, child.mark)
        root = path.partition(".")[0]
        if root == WORKED_OUT:
            said = "The risk is worked out by the charter; it is nothing to write down."
            document.error(mark, said, "Expect a score or a tier instead.")
        elif path not in types:
            document.error(mark, f"There is no fact {path!r}.", _near(path))
        elif types[path].message is not None and isinstance(child.value, dict):
            _move(document, child, f"{path}.", whole, taken)
        elif child.tag == "null" or (child.value == UNKNOWN and not child.mark.style):
            if types[path].optional:
                taken.append(Taken(path, mark))
            else:
                said = f"The fact {path!r} is always known."
                document.error(child.mark, said, "Give it a value, or leave it as it was.")
        else:
            _place(document, whole, path, child, mark)


def _near(path: str) -> str:
    head, _, last = path.rpartition(".")
    siblings = [other for other in fact_types() if other.rpartition(".")[0] == head]
    if siblings and (found := nearest(last, [other.rpartition(".")[2] for other in siblings])):
        return found
    leaves = [other for other, fact in fact_types().items() if fact.message is None]
    return nearest(path, leaves) or "See the reference of facts."


def _place(document: Document, whole: Node, path: str, child: Node, mark: Mark) -> None:
    inner = whole
    *parents, name = path.split(".")
    for parent in parents:
        assert isinstance(inner.value, dict)
        if parent not in inner.value:
            inner.value[parent] = Node({}, mark, "map", {})
            inner.keys[parent] = mark
        inner = inner.value[parent]
    assert isinstance(inner.value, dict)
    if name in inner.value:
        document.error(mark, f"The fact {path!r} is written down twice.", "Keep one of them.")
    inner.value[name] = child
    inner.keys[name] = mark


def laid_over(facts: dict[str, Any], some: Any, taken: list[Taken]) -> dict[str, Any]:
    """Return ``facts`` with those written down in ``some`` replaced, and ``taken`` not known."""
    changes: dict[str, Any] = {} if some is None else msgspec.to_builtins(some)
    merged = _merged(facts, changes)
    for item in taken:
        *parents, name = item.path.split(".")
        inner = merged
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[name] = None
    return merged


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of ``one``, with what ``other`` says laid over it."""
    merged = {
        key: _merged(value, {}) if isinstance(value, dict) else value for key, value in one.items()
    }
    for key, value in other.items():
        held = merged.get(key)
        if isinstance(value, dict):
            merged[key] = _merged(held if isinstance(held, dict) else {}, value)
        else:
            merged[key] = value
    return merged

# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the documents people write by hand, for completion and checks in an editor.

They are made from the same types the reader uses, so an editor refuses what ``charter check``
refuses as far as a schema can say it; conditions, references and completeness stay with the check.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from steelyard.catalog.charters import NAMES
from steelyard.catalog.frameworks import all_items
from steelyard.catalog.packs import pack_names
from steelyard.charter.controls import KINDS as SELECTION_KINDS
from steelyard.charter.controls import selectable
from steelyard.charter.facts import all_facts
from steelyard.charter.schema import CharterDocument, PackDocument, Sections
from steelyard.kernel.use_case import UseCase
from steelyard.reporting.field_words import WORDS
from steelyard.reporting.json_document import field_docs

KINDS: Final[Mapping[str, tuple[type[Struct], str]]] = {
    "charter": (CharterDocument, "A Steelyard charter"),
    "pack": (PackDocument, "A Steelyard pack"),
    "use-case": (UseCase, "A Steelyard use case"),
}
"""Documents with a schema: the type that is read, and what the document is called."""
MODELINE: Final = "# yaml-language-server: $schema={file}\n"
"""First line of a document that tells editors which schema it follows."""

_Node = dict[str, Any]
_T = TypeVar("_T")
_MAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_WORD: Final = "^[a-z0-9]+(-[a-z0-9]+)*$"
_ENVIRONMENT: Final = "^[a-z][a-z0-9-]*$"


def editor_schema(kind: str) -> bytes:
    """Return the JSON Schema (draft 7, which every editor reads) of a kind of document."""
    root, title = KINDS[kind]
    definitions: dict[str, _Node] = {}
    _define(root, definitions)
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:steelyard:editor:{kind}:v1",
        "title": title,
        "allOf": [{"$ref": f"#/definitions/{root.__name__}"}],
        "definitions": dict(sorted(definitions.items())),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _define(struct: type[Struct], definitions: dict[str, _Node]) -> None:
    """Add ``struct``, and every struct its fields lead to, to ``definitions``."""
    if struct.__name__ in definitions:
        return
    fields = msgspec.structs.fields(struct)
    properties: dict[str, _Node] = {}
    definition: _Node = {
        "description": _plain(struct.__doc__ or struct.__name__),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,  # a misspelled field is an error
    }
    definitions[struct.__name__] = definition
    said = {name: _plain(text) for name, text in field_docs(struct)}
    for field in fields:
        properties[field.encode_name] = _property(struct, field, said, definitions)
    required = [field.encode_name for field in fields if field.required]
    if required:
        definition["required"] = required


def _property(
    struct: type[Struct],
    field: msgspec.structs.FieldInfo,
    said: Mapping[str, str],
    definitions: dict[str, _Node],
) -> _Node:
    node = _node(field.type, definitions)
    name = field.encode_name
    words = _named(WORDS, struct, name) or said.get(field.name)
    if words is not None:
        if "$ref" in node:
            node = {"allOf": [node]}  # beside a reference draft 7 ignores everything
        node["description"] = words
    if isinstance(field.default, str | int) and field.default != "":
        node["default"] = field.default
    offered = _named(_OFFERS, struct, name)
    if offered is not None:
        return offered(node)
    if name in ("otherwise", "unknown", "unlisted"):
        node["examples"] = list(_CONSEQUENCES)
    return node


def _node(hint: Any, definitions: dict[str, _Node]) -> _Node:
    """Return the schema of a type: what our reader accepts for it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        metas = [extra for extra in arguments[1:] if isinstance(extra, Meta)]
        return _constrained(_node(arguments[0], definitions), metas)
    if origin in (Union, UnionType):
        return {"anyOf": [_node(member, definitions) for member in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _node(arguments[0], definitions)}
    if origin is dict:
        names = _node(arguments[0], definitions)
        node = {"type": "object", "additionalProperties": _node(arguments[1], definitions)}
        if "enum" in names or "pattern" in names:
            node["propertyNames"] = names
        return node
    if isinstance(hint, type) and issubclass(hint, Struct):
        _define(hint, definitions)
        return {"$ref": f"#/definitions/{hint.__name__}"}
    return dict(_SIMPLE[hint])


_SIMPLE: Final[Mapping[Any, _Node]] = {
    str: {"type": ["string", "number"]},  # `version: 1` is read as text
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime.date: {"type": "string", "format": "date"},
    NoneType: {"type": "null"},
}


def _constrained(node: _Node, metas: Iterable[Meta]) -> _Node:
    for meta in metas:
        limits = {
            "minimum": meta.ge,
            "maximum": meta.le,
            "maxLength": meta.max_length,
            "description": meta.description,
        }
        node |= {name: value for name, value in limits.items() if value is not None}
        if meta.pattern is not None:
            node["pattern"] = meta.pattern.replace(r"\A", "^").replace(r"\Z", "$")
            if not any(re.search(meta.pattern, number) for number in ("1", "1.5")):
                node["type"] = "string"
    return node


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _named(table: Mapping[str, _T], struct: type[Struct], field: str) -> _T | None:
    """Look a field up by its struct; charters and packs share their sections."""
    own = table.get(f"{struct.__name__}.{field}")
    if own is None and issubclass(struct, Sections):
        return table.get(f"Sections.{field}")
    return own


def _any_of(values: Callable[[], list[str]]) -> Callable[[_Node], _Node]:
    return lambda node: {**_described(node), "enum": values()}


def _described(node: _Node) -> _Node:
    return {"description": node["description"]} if "description" in node else {}


def _like(pattern: str, *examples: str) -> Callable[[_Node], _Node]:
    def change(node: _Node) -> _Node:
        return {
            **_described(node),
            "type": "string",
            "pattern": pattern,
            "examples": list(examples),
        }

    return change


def _control_items(node: _Node) -> _Node:
    """Controls by id, or all of a kind, as the catalog has them."""
    ids = sorted(word for word in selectable() if ":" not in word)
    kinds = "|".join(SELECTION_KINDS)
    return {
        **node,
        "items": {
            "anyOf": [{"enum": ids}, {"type": "string", "pattern": f"^({kinds}):[A-Za-z0-9-]+$"}]
        },
    }


def _reference_items(node: _Node) -> _Node:
    """References are too many to list; their framework is checked, the rest is with the check."""
    prefixes = sorted({item.id.partition(":")[0] for item in all_items()})
    pattern = "^(" + "|".join(re.escape(p).replace(r"\-", "-") for p in prefixes) + "):"
    return {**node, "items": {"type": "string", "pattern": pattern}}


@cache
def _scored_facts() -> list[str]:
    return sorted(
        fact.path
        for fact in all_facts()
        if fact.kind in ("string", "bool") and not fact.path.startswith("risk.")
    )


_CONSEQUENCES: Final = ("reject", "review(security)", "review(legal, privacy)", "condition", "warn")
_OFFERS: Final[Mapping[str, Callable[[_Node], _Node]]] = {
    "ControlSelection.select": _control_items,
    "CharterDocument.extends": lambda node: {**node, "examples": list(NAMES)},
    "Sections.include": lambda node: {
        **node, "items": {**node["items"], "examples": list(pack_names())}
    },
    "Rule.frameworks": _reference_items,
    "Dimension.of": _any_of(_scored_facts),
    "UseCase.owner": _like(_MAIL, "team@example.org"),
    "UseCase.name": _like(_WORD, "internal-search"),
    "UseCase.environment": _like(_ENVIRONMENT, "sandbox", "staging", "production"),
    "UseCase.sector": _like(_WORD, "software", "health", "finance", "education"),
    "UseCase.regions": lambda node: {
        **node, "minItems": 1, "items": {"type": "string", "pattern": "^[A-Z]{2}$"},
    },
}  # fmt: skip

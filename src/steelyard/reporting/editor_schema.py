# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of the documents people write by hand, for completion and checks in an editor.

They are made from the same types the reader uses, so an editor refuses what ``charter check``
refuses as far as a schema can say it; conditions, references and completeness stay with the check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from steelyard.catalog.charters import NAMES
from steelyard.catalog.controls import controls
from steelyard.catalog.frameworks import all_items
from steelyard.charter.facts import all_facts
from steelyard.charter.schema import CharterDocument
from steelyard.kernel.use_case import UseCase
from steelyard.reporting.json_document import field_docs

KINDS: Final[Mapping[str, tuple[type[Struct], str]]] = {
    "charter": (CharterDocument, "A Steelyard charter"),
    "use-case": (UseCase, "A Steelyard use case"),
}
"""Documents with a schema: the type that is read, and what the document is called."""
MODELINE: Final = "# yaml-language-server: $schema={file}\n"
"""First line of a document that tells editors which schema it follows."""

_Node = dict[str, Any]
_MAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_WORD: Final = "^[a-z0-9]+(-[a-z0-9]+)*$"
_ENVIRONMENT: Final = "^[a-z][a-z0-9-]*$"


def editor_schema(kind: str) -> bytes:
    """Return the JSON Schema (draft 7, which every editor reads) of a kind of document."""
    root, title = KINDS[kind]
    _, definitions = msgspec.json.schema_components([root], ref_template="#/definitions/{name}")
    structs = {struct.__name__: struct for struct in _structs(root, definitions)}
    for name, definition in definitions.items():
        _tidy(definition)
        if name in structs:
            _describe(structs[name], definition)
    document = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": f"urn:steelyard:editor:{kind}:v1",
        "title": title,
        "allOf": [{"$ref": f"#/definitions/{root.__name__}"}],
        "definitions": dict(sorted(definitions.items())),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _structs(root: type[Struct], definitions: Mapping[str, Any]) -> Iterator[type[Struct]]:
    """Yield the structs behind ``definitions``, following the fields of ``root``."""
    waiting, seen = [root], {root}
    while waiting:
        struct = waiting.pop()
        yield struct
        for field in msgspec.structs.fields(struct):
            for inner in _inside(field.type):
                if inner not in seen and inner.__name__ in definitions:
                    seen.add(inner)
                    waiting.append(inner)


def _inside(hint: Any) -> Iterator[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
    for argument in getattr(hint, "__args__", ()):
        yield from _inside(argument)


def _tidy(node: Any) -> None:
    """Turn what the type library wrote into what our reader accepts, below ``node``."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
        return
    if not isinstance(node, dict):
        return
    if "pattern" in node:
        node["pattern"] = node["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    if node.get("type") == "string" and "enum" not in node and _takes_numbers(node):
        node["type"] = ["string", "number"]  # `version: 1` is read as text
    if "properties" in node:
        node["additionalProperties"] = False  # a misspelled field is an error
        if not node.get("required"):
            node.pop("required", None)
    if not isinstance(node.get("default", 0), str | int) or node.get("default") == "":
        del node["default"]  # an editor would insert an empty one
    if "description" in node:
        node["description"] = _plain(node["description"])
    for value in list(node.values()):
        _tidy(value)


def _takes_numbers(node: _Node) -> bool:
    if node.get("format") == "date":
        return False
    pattern = node.get("pattern")
    return pattern is None or any(re.search(pattern, number) for number in ("1", "1.5"))


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


def _describe(struct: type[Struct], definition: _Node) -> None:
    """Say what each field means, and offer its values where the catalog knows them."""
    properties = definition["properties"]
    for field, text in field_docs(struct):
        shown = _encoded(struct, field)
        if shown in properties:
            _annotate(properties, shown, {"description": _plain(text)})
    for shown, node in properties.items():
        words = _WORDS.get(f"{struct.__name__}.{shown}")
        if words is not None and "$ref" in node:
            _annotate(properties, shown, {"description": words})
        elif words is not None:
            node["description"] = words
        offered = _OFFERS.get(f"{struct.__name__}.{shown}")
        if offered is not None:
            properties[shown] = offered(properties[shown])
        elif "otherwise" in shown or shown == "unknown":
            properties[shown]["examples"] = list(_CONSEQUENCES)


def _annotate(properties: _Node, name: str, words: _Node) -> None:
    """Add ``words`` to a property; beside a reference draft 7 would ignore them."""
    node = properties[name]
    if "$ref" in node:
        properties[name] = {"allOf": [{"$ref": node["$ref"]}], **words}
    else:
        node.update(words)


def _encoded(struct: type[Struct], field: str) -> str:
    return next(f.encode_name for f in msgspec.structs.fields(struct) if f.name == field)


def _enum_items(values: Callable[[], list[str]]) -> Callable[[_Node], _Node]:
    return lambda node: {**node, "items": {"enum": values()}}


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
    "ControlSelection.select": _enum_items(lambda: sorted(controls())),
    "CharterDocument.extends": lambda node: {**node, "examples": list(NAMES)},
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
_WORDS: Final[Mapping[str, str]] = {
    "CharterDocument.charter": "The name of this charter.",
    "CharterDocument.version": "Raise it with every change.",
    "CharterDocument.effective": "From when it holds.",
    "CharterDocument.owner": "Mail address of who answers for it.",
    "CharterDocument.purpose": "What it is for, in a sentence.",
    "CharterDocument.review": "When the charter itself is reviewed.",
    "CharterDocument.extends": "The charter this one tightens: "
    f"{', '.join(NAMES)}. Nothing in it can be loosened.",
    "CharterDocument.models": "Which models may come in.",
    "CharterDocument.data_sources": "Which data is acceptable.",
    "CharterDocument.licenses": "Which licenses are acceptable, by category or key.",
    "CharterDocument.risk": "How risk is worked out: dimensions give points, tiers need a score.",
    "CharterDocument.tracks": "Who decides: fast, standard, deep.",
    "CharterDocument.rules": "What must be true, and what happens when it is not.",
    "CharterDocument.controls": "Which controls of the catalog are called for, and when.",
    "CharterDocument.exceptions": "Terms on which exceptions may be granted.",
    "CharterDocument.scanner": "What the scanner does beyond its own rules.",
    "ReviewPlan.every": "How often, such as 6 months.",
    "ReviewPlan.also_on": "Events that call for a review as well.",
    "Rule.id": "A unique name; reports show it.",
    "Rule.why": "The reason a reader sees.",
    "Rule.require": "A condition in CEL over facts that must be true.",
    "Rule.applies": "The rule is left out only where this condition is false.",
    "Rule.otherwise": "What happens if it is not true, or not known.",
    "Rule.condition": "The binding term; needed with `otherwise: condition`.",
    "Rule.remedy": "What helps.",
    "Rule.frameworks": "Laws and standards of the catalog, such as EU-AI-Act:Art-13.",
    "Dimension.of": "The fact that gives the points.",
    "Dimension.points": "Points, 0 to 100, for each value of the fact.",
    "Dimension.other": "Points of values that are not listed.",
    "Dimension.when": "Instead of `of`: a condition in CEL.",
    "Dimension.adds": "Points when the condition holds.",
    "Dimension.why": "Shown in reports.",
    "TierRule.tier": "The tier; the list goes from worst to best.",
    "TierRule.when": "May read risk.score; the last entry stands without it.",
    "TierRule.why": "Shown in reports.",
    "TrackRule.for": "The tiers of this track; each tier has one track.",
    "TrackRule.decided_by": "standing-approval decides alone when no rule asks for people.",
    "TrackRule.sign_offs": "Roles that sign off.",
    "TrackRule.quorum": "How many of them; all if not given.",
    "TrackRule.within": "By when, such as 5 business days.",
    "TrackRule.escalate": "Roles that are asked when that time is over.",
    "TrackRule.valid": "How long an approval lasts.",
    "ControlSelection.select": "Ids of controls of the catalog.",
    "ControlSelection.when": "A condition in CEL: when they are called for.",
    "ControlSelection.why": "Shown in reports.",
    "ExceptionTerms.longest": "How long an exception may last.",
    "ExceptionTerms.granted_by": "The role that grants it.",
    "ExceptionTerms.renewals": "How often it may be renewed.",
    "LicensesSection.allow": "Categories or license keys that are acceptable.",
    "LicensesSection.review": "Categories or license keys that are reviewed.",
    "LicensesSection.forbid": "Categories or license keys that are rejected.",
    "LicensesSection.reviewers": "Roles that review licenses.",
    "ModelsSection.allow": "A model that states anything else is rejected.",
    "ModelsSection.forbid": "A model that states this is rejected.",
    "ModelsSection.unknown": "What happens when a model does not say.",
    "DataSection.training": "Data the model was trained on.",
    "RiskSection.dimensions": "Named contributions to the score, which ends at 100.",
    "RiskSection.tiers": "Tiers from worst to best; the first that matches wins.",
    "ScannerSection.plugins": "Plug-ins that must take part, each at one version.",
    "Selection.tasks": "Tasks, such as text-generation.",
    "Selection.publishers": "Organizations that publish models.",
    "Selection.libraries": "Libraries that load the model, such as transformers.",
    "Selection.model_types": "Model types of the configuration, such as llama.",
    "Selection.names": "Repository names, such as org/name.",
    "Selection.formats": "Formats of the weights, such as safetensors.",
    "TrainingSection.forbid": "Data sets that are not acceptable for training.",
    "TrainingSection.unknown": "What happens when no training data is named.",
}
"""What fields mean, where the type itself does not say it."""

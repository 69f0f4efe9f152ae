# SPDX-License-Identifier: Apache-2.0
"""Reads a lineage somebody wrote by hand, as YAML or JSON, with a place for every error."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from steelyard.charter.document import Document
from steelyard.kernel.errors import InputError
from steelyard.kernel.lineage import LINEAGE_GRAPH_SCHEMA
from steelyard.licensing.lineage.graph import (
    LineageEdge,
    LineageGraph,
    LineageNode,
    LineageUse,
)

MAX_CHARACTERS = 16 * 1024 * 1024
"""Longest JSON graph. Ten thousand nodes and edges have about two million."""
MAX_YAML_CHARACTERS = 2 * 1024 * 1024
"""Longest YAML graph; reading YAML with the place of every word takes its time."""


def load_graph(text: str, file: str) -> tuple[LineageGraph, tuple[str, ...]]:
    """Return the graph in ``text`` and sentences about fields that were not understood.

    An unknown field that resembles a known one is an error, because a fact that is misspelled is a
    fact that is missing; any other is named and left out.

    Raises:
        InputError: the text is no such graph; of YAML every error with its line and column, of JSON
            the first one with its field.
    """
    if len(text) > MAX_CHARACTERS:
        raise _refused(
            f"{file} has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read.",
            "Leave out what the result was not made from.",
        )
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return _json(text, file)
    document = Document(text, file, limit=MAX_YAML_CHARACTERS, tolerant=True)
    graph = document.decode(LineageGraph)
    return graph, tuple(document.warnings)


def _json(text: str, file: str) -> tuple[LineageGraph, tuple[str, ...]]:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(found)
        if len(fields) < len(found):
            names = [name for name, _ in found]
            twice = next(name for name in names if names.count(name) > 1)
            raise _refused(
                f"{file} gives the field {twice!r} twice.", "Keep the one that is meant."
            )
        return fields

    try:
        data = json.loads(text.lstrip("\ufeff"), object_pairs_hook=pairs)
    except RecursionError as error:
        raise _refused(f"{file} nests too deeply.", "A graph has two levels.") from error
    except json.JSONDecodeError as error:
        raise InputError(
            f"{file}:{error.lineno}:{error.colno}: error: This is not JSON: {error.msg}.",
            next_step="Correct it there.",
            code="lineage.graph",
        ) from error
    except ValueError as error:
        raise _refused(f"{file} is not JSON: {error}.", "Write numbers in digits.") from error
    if data.get("schema") == LINEAGE_GRAPH_SCHEMA:
        data = _of_shown_graph(data)
    warnings = _unknown_fields(data, file)
    try:
        return msgspec.convert(data, LineageGraph), warnings
    except msgspec.ValidationError as error:
        raise _refused(f"{file} is no lineage: {error}.", "Correct that field.") from error


def _of_shown_graph(data: dict[str, Any]) -> dict[str, Any]:
    """Return what this check reads of a document of ``steelyard lineage show``: our own document
    has further fields, which are no mistakes."""
    kept: dict[str, Any] = {"use_case": data["use_case"]} if "use_case" in data else {}
    for name, kind in (("nodes", LineageNode), ("edges", LineageEdge)):
        known = {field.encode_name for field in msgspec.structs.fields(kind)}
        items = data.get(name)
        kept[name] = [
            {key: value for key, value in item.items() if key in known}
            if isinstance(item, dict)
            else item
            for item in (items if isinstance(items, list) else [])
        ]
    return kept


def _unknown_fields(data: dict[str, Any], file: str) -> tuple[str, ...]:
    """Return a sentence a kind of unknown field; raise where one is close to a known one."""
    from steelyard.charter.document import nearest

    found: dict[str, None] = {}
    fields: dict[type[msgspec.Struct], list[str]] = {
        kind: [field.encode_name for field in msgspec.structs.fields(kind)]
        for kind in (LineageGraph, LineageNode, LineageEdge, LineageUse)
    }

    def look(value: object, kind: type[msgspec.Struct], where: str) -> None:
        if not isinstance(value, dict):
            return
        known = fields[kind]
        for name in value:
            if name in known:
                continue
            near = nearest(name, known)
            message = f"There is no field {name[:80]!r} in {where}."
            if near:
                raise _refused(f"{file}: {message}", near)
            found.setdefault(f"{file}: {message}")

    look(data, LineageGraph, "the document")
    look(data.get("use_case"), LineageUse, "use_case")
    for name, kind in (("nodes", LineageNode), ("edges", LineageEdge)):
        items = data.get(name)
        for item in items if isinstance(items, list) else ():
            look(item, kind, name)
    return tuple(found)


def _refused(message: str, next_step: str) -> InputError:
    return InputError(message, next_step=next_step, code="lineage.graph")

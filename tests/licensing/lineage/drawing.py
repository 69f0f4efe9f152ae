# SPDX-License-Identifier: Apache-2.0
"""Draws small graphs in one line a node, so that a case reads like its sentence."""

from __future__ import annotations

from typing import Any

import msgspec

from steelyard.licensing.lineage.graph import LineageGraph

DEFAULT_USE: dict[str, Any] = {
    "commercial": True,
    "hosted": False,
    "establishment": "US",
    "redistribute": False,
    "outputs_train_models": False,
    "monthly_users": 1000,
    "revenue_usd": 100_000,
    "registered": False,
}


def draw(nodes: str, edges: str = "", **use: Any) -> LineageGraph:
    """Return a graph. ``nodes``: ``name kind license [field=value …]`` split by ``;``.

    Values of ``files`` and ``shows`` are split by ``,`` (``files=`` is an empty list) and ``_`` in
    ``shows`` is a space. ``edges``: ``from > to relation`` split by ``;``.
    """
    found = []
    for line in filter(None, (part.strip() for part in nodes.split(";"))):
        name, kind, license_key, *rest = line.split()
        node: dict[str, Any] = {"name": name, "kind": kind, "license": license_key}
        for item in rest:
            field, _, value = item.partition("=")
            words = [word.replace("_", " ") for word in value.split(",") if word]
            if field == "shows":
                node["website_display"] = words
            elif field == "files":
                node["files"] = value.split(",") if value else []
            else:
                node[field] = value
        found.append(node)
    arrows = []
    for line in filter(None, (part.strip() for part in edges.split(";"))):
        source, _, target, relation = line.split()
        arrows.append({"from": source, "to": target, "relation": relation})
    return msgspec.convert(
        {"nodes": found, "edges": arrows, "use_case": {**DEFAULT_USE, **use}}, LineageGraph
    )

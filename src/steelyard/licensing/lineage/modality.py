# SPDX-License-Identifier: Apache-2.0
"""Whether a model takes more than text, where a license asks."""

from __future__ import annotations

import re

from steelyard.catalog.license_terms import Term
from steelyard.licensing.lineage.graph import LineageNode

_SEES = re.compile(r"multimodal|vision|image|video|\bvl\b")
_READS = re.compile(r"\btext\b|text-only|language-model")


def is_multimodal(node: LineageNode, term: Term) -> bool | None:
    """Tell it from the node's role, its name, or the names ``term`` lists; None if none says."""
    role = (node.role or "").lower()
    if _READS.search(role):
        return False
    name = node.name.lower()
    if _SEES.search(role) or _SEES.search(name):
        return True
    for words, answer in ((term.multimodal_names, True), (term.text_names, False)):
        if any(re.search(rf"(?<![a-z0-9.]){re.escape(word)}(?![a-z0-9])", name) for word in words):
            return answer
    return None

# SPDX-License-Identifier: Apache-2.0
"""The plain grammar of an SPDX 3.0.1 JSON-LD document: elements, relationships, licenses.

Every element has an id made of the document's namespace and of what it is, so that the same input
gives the same ids and another document never uses them for something else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from steelyard.reporting.bom.licenses import as_expression
from steelyard.reporting.bom.model_card import stated

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
NO_ASSERTION = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"
"""The license of something whose license the document does not know."""
_CREATION = "_:creationinfo"

Completeness = Literal["complete", "incomplete", "noAssertion"]


class Graph:
    """Collects the elements of one document, each once, in the order they were added."""

    def __init__(self, namespace: str, created: str) -> None:
        self._namespace = namespace
        self._created = created
        self._elements: dict[str, dict[str, Any]] = {}

    def id_of(self, kind: str, ref: str) -> str:
        """Return the id of what ``ref`` names among the elements of one kind."""
        digest = hashlib.sha256(ref.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        return f"{self._namespace}#{kind}-{digest}"

    def add(self, name: str, kind: str, ref: str, /, **fields: Any) -> str:
        """Add an element of the SPDX class ``name`` and return its id; empty fields stay out."""
        spdx_id = self.id_of(kind, ref)
        self._elements.setdefault(
            spdx_id,
            {"type": name, "spdxId": spdx_id, "creationInfo": _CREATION, **stated(fields)},
        )
        return spdx_id

    def relate(
        self,
        source: str,
        relation: str,
        targets: Iterable[str],
        completeness: Completeness = "noAssertion",
        comment: str = "",
    ) -> None:
        """Add ``source`` *relation* ``targets``, if there are any targets."""
        to = list(dict.fromkeys(targets))
        if to:
            self.add(
                "Relationship",
                "relationship",
                f"{source} {relation} {' '.join(to)}",
                **{"from": source},
                relationshipType=relation,
                to=to,
                completeness=completeness,
                comment=comment,
            )

    def license(self, name: str) -> str:
        """Return the id of a license; the same expression is the same element."""
        expression = as_expression(name)
        own = "LicenseRef-" in expression and expression != name
        return self.add(
            "simplelicensing_LicenseExpression",
            "license",
            expression,
            simplelicensing_licenseExpression=expression,
            comment=f"Stated as {name!r}, which is not on the SPDX License List." if own else "",
        )

    def licensed(self, element: str, *, declared: str, concluded: str) -> None:
        """Say which license an element declares and has; exactly one of each, as the profiles ask.

        An empty name becomes no assertion.
        """
        for relation, name in (
            ("hasDeclaredLicense", declared),
            ("hasConcludedLicense", concluded),
        ):
            self.relate(element, relation, [self.license(name) if name else NO_ASSERTION])

    def ids(self) -> list[str]:
        """Return the ids of all elements so far."""
        return list(self._elements)

    def document(self, agents: Sequence[str], tools: Sequence[str]) -> dict[str, Any]:
        """Return the document; ``agents`` and ``tools`` made it."""
        creation = {
            "type": "CreationInfo",
            "@id": _CREATION,
            "specVersion": "3.0.1",
            "created": self._created,
            "createdBy": list(agents),
            "createdUsing": list(tools),
        }
        return {"@context": CONTEXT, "@graph": [creation, *self._elements.values()]}


def sha256(digest: str) -> list[dict[str, str]]:
    """Return how the bytes of an artifact are verified; nothing for an empty digest."""
    if not digest:
        return []
    return [{"type": "Hash", "algorithm": "sha256", "hashValue": digest}]


def entries(values: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return key and value pairs as dictionary entries."""
    return [{"type": "DictionaryEntry", "key": key, "value": value} for key, value in values]

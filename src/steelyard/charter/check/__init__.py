# SPDX-License-Identifier: Apache-2.0
"""What must hold of a charter beyond its fields: expressions, references, people, tiers, tracks.

:func:`check_document` looks at one text, :func:`check_resolved` at what it came to together with
everything it extends and includes. Every finding lands in the document's list of errors, or of
warnings, at the word it is about: nothing of this may come up only when a decision is due.
"""

from __future__ import annotations

from steelyard.charter.check.expressions import check_controls, check_rules, check_words
from steelyard.charter.check.flow import check_flow, check_tracks
from steelyard.charter.check.people import check_people
from steelyard.charter.check.risk import check_risk
from steelyard.charter.check.selection import check_selection
from steelyard.charter.document import Document
from steelyard.charter.schema import Charter, Sections

__all__ = ["check_document", "check_resolved"]


def check_document(document: Document, written: Sections, *, complete: bool) -> None:
    """Record what is wrong with one text; ``complete`` when it extends nothing."""
    check_rules(document, written)
    check_risk(document, written, complete=complete)
    check_controls(document, written)
    check_selection(document, written)
    check_tracks(document, written, complete=complete)
    check_words(document, written)


def check_resolved(document: Document, written: Sections, charter: Charter) -> None:
    """Record what is wrong with a charter as a whole, at the places ``written`` has in it."""
    check_people(document, written, charter)
    check_flow(document, written, charter)
